/** The streams appended to last. Older ones are asked of the file again. */
const CAPACITY = 20_000;

/** Versions of streams, remembered for those in use. */
export class StreamVersions {
  readonly #read: (stream: string) => number;
  readonly #known = new Map<string, number>();

  constructor(read: (stream: string) => number) {
    this.#read = read;
  }

  /** Undefined if only the file knows. */
  known(stream: string): number | undefined {
    return this.#known.get(stream);
  }

  get(stream: string): number {
    return this.#known.get(stream) ?? this.#read(stream);
  }

  /** To be called with what was committed, and only then. */
  set(stream: string, version: number): void {
    this.#known.delete(stream);
    this.#known.set(stream, version);
    if (this.#known.size <= CAPACITY) return;
    const [oldest] = this.#known.keys();
    if (oldest !== undefined) this.#known.delete(oldest);
  }
}

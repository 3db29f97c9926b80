/** How many number and code columns a series has besides the time, and how many rows it keeps. */
export interface SeriesLayout {
  readonly numbers: number;
  readonly codes: number;
  readonly limit: number;
}

/** Where a reader of a series stands: behind the row of this time and sequence number. */
export interface SeriesPosition {
  readonly tsNs: bigint;
  readonly sequence: number;
}

const FIRST_CAPACITY = 64;
/** Rows beyond the limit are dropped in one go when they are an eighth of it: so a row costs a move of eight, not of all. */
const SLACK_SHIFT = 3;

/**
 * Rows in order of time in typed arrays, at equal times in order of arrival. It keeps at least the newest `limit` rows and
 * at most an eighth more. A row's index holds until the next `insert`; its time and sequence number name it for ever.
 */
export class Series {
  readonly #limit: number;
  readonly #most: number;
  readonly #numbers: Float64Array[];
  readonly #codes: Uint32Array[];
  #times: BigInt64Array;
  #sequences: Float64Array;
  #columns: (BigInt64Array | Float64Array | Uint32Array)[];
  #length = 0;
  #inserted = 0;
  #dropped = 0;

  constructor({ numbers, codes, limit }: SeriesLayout) {
    const capacity = Math.min(FIRST_CAPACITY, limit + 1);
    this.#limit = limit;
    this.#most = limit + Math.max(1, limit >> SLACK_SHIFT);
    this.#times = new BigInt64Array(capacity);
    this.#sequences = new Float64Array(capacity);
    this.#numbers = Array.from({ length: numbers }, () => new Float64Array(capacity));
    this.#codes = Array.from({ length: codes }, () => new Uint32Array(capacity));
    this.#columns = [this.#times, this.#sequences, ...this.#numbers, ...this.#codes];
  }

  get length(): number {
    return this.#length;
  }

  timeAt(row: number): bigint {
    return this.#times[row] ?? 0n;
  }

  positionAt(row: number): SeriesPosition {
    return { tsNs: this.timeAt(row), sequence: this.#sequences[row] ?? 0 };
  }

  numberAt(column: number, row: number): number {
    return this.#numbers[column]?.[row] ?? 0;
  }

  setNumber(column: number, row: number, value: number): void {
    const values = this.#numbers[column];
    if (values !== undefined) values[row] = value;
  }

  codeAt(column: number, row: number): number {
    return this.#codes[column]?.[row] ?? 0;
  }

  setCode(column: number, row: number, code: number): void {
    const codes = this.#codes[column];
    if (codes !== undefined) codes[row] = code;
  }

  /**
   * Makes room for a row at its place in time; the caller fills its columns. −1 when it is older than all that is kept and
   * older ones have been dropped already.
   */
  insert(tsNs: bigint): number {
    if (this.#length === this.#times.length) this.#makeRoom();
    let row = this.#length;
    if (row > 0 && tsNs < this.timeAt(row - 1)) row = this.rowAfter({ tsNs, sequence: this.#inserted });
    if (row === 0 && this.#dropped > 0 && this.#length > 0) return -1;
    if (row < this.#length) for (const column of this.#columns) column.copyWithin(row + 1, row, this.#length);
    this.#times[row] = tsNs;
    this.#sequences[row] = this.#inserted;
    this.#inserted += 1;
    this.#length += 1;
    return row;
  }

  /** The first row at or after a time. */
  rowAt(tsNs: bigint): number {
    return this.rowAfter({ tsNs, sequence: -1 });
  }

  /** The first row behind a position, which need not be one of a row. */
  rowAfter({ tsNs, sequence }: SeriesPosition): number {
    let low = 0;
    let high = this.#length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const at = this.timeAt(middle);
      if (at < tsNs || (at === tsNs && (this.#sequences[middle] ?? 0) <= sequence)) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #makeRoom(): void {
    const capacity = this.#times.length;
    if (capacity < this.#most) return this.#grow(Math.min(capacity * 2, this.#most));
    const drop = this.#length - this.#limit;
    for (const column of this.#columns) column.copyWithin(0, drop, this.#length);
    this.#length -= drop;
    this.#dropped += drop;
  }

  #grow(capacity: number): void {
    const times = new BigInt64Array(capacity);
    times.set(this.#times);
    this.#times = times;
    this.#sequences = grownNumbers(this.#sequences, capacity);
    for (const [index, column] of this.#numbers.entries()) this.#numbers[index] = grownNumbers(column, capacity);
    for (const [index, column] of this.#codes.entries()) {
      const codes = new Uint32Array(capacity);
      codes.set(column);
      this.#codes[index] = codes;
    }
    this.#columns = [this.#times, this.#sequences, ...this.#numbers, ...this.#codes];
  }
}

function grownNumbers(from: Float64Array, capacity: number): Float64Array<ArrayBuffer> {
  const to = new Float64Array(capacity);
  to.set(from);
  return to;
}

/** Gives each text a number, the same for ever. */
export class TextCodes {
  readonly #codes = new Map<string, number>();
  readonly #texts: string[] = [];

  codeOf(text: string): number {
    let code = this.#codes.get(text);
    if (code === undefined) {
      code = this.#texts.length;
      this.#codes.set(text, code);
      this.#texts.push(text);
    }
    return code;
  }

  textOf(code: number): string {
    return this.#texts[code] ?? '';
  }
}

/** Gives each list of texts a number, the same for ever. */
export class ListCodes {
  readonly #codes = new Map<string, number>();
  readonly #lists: (readonly string[])[] = [];
  #lastList: readonly string[] = [];
  #lastCode = -1;

  codeOf(list: readonly string[]): number {
    // A source mostly hands over the same few arrays: what was asked last needs no lookup.
    if (list === this.#lastList && this.#lastCode >= 0) return this.#lastCode;
    const key = list.length === 1 ? `1${list[0]}` : JSON.stringify(list);
    let code = this.#codes.get(key);
    if (code === undefined) {
      code = this.#lists.length;
      this.#codes.set(key, code);
      this.#lists.push([...list]);
    }
    this.#lastList = list;
    this.#lastCode = code;
    return code;
  }

  listOf(code: number): readonly string[] {
    return this.#lists[code] ?? [];
  }
}

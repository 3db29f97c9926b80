/** The last `capacity` items, oldest first. Adding to a full ring forgets the oldest. */
export class Ring<T> {
  readonly #items: T[] = [];
  readonly #capacity: number;
  #next = 0;

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  get size(): number {
    return this.#items.length;
  }

  push(item: T): void {
    if (this.#items.length < this.#capacity) this.#items.push(item);
    else this.#items[this.#next] = item;
    this.#next = (this.#next + 1) % this.#capacity;
  }

  /** The newest `count` items (all, if there are fewer), oldest of them first. */
  last(count: number): T[] {
    const size = this.#items.length;
    const taken = Math.min(count, size);
    const first = size < this.#capacity ? size - taken : this.#next - taken + size;
    return Array.from({ length: taken }, (_, i) => this.#items[(first + i) % size] as T);
  }
}

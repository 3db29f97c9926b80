import type { Bar } from '@tickpath/trading';

/** A bar with what is doubtful about it. */
export type KeptBar = Bar & Required<Pick<Bar, 'incomplete' | 'history'>>;

/** The newest `capacity` bars of one symbol and interval by their start, each as it was last published. */
export class KeptBars {
  readonly #capacity: number;
  /** By start; up to twice the capacity, so that forgetting the oldest seldom moves the rest. */
  #bars: KeptBar[] = [];

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  /**
   * A bar of a start that is known takes the place of the one before: it was revised. One of history does so only where
   * that was incomplete or of history too: a bar made of trades that were seen is not given up for what a venue tells later.
   */
  put(bar: KeptBar): void {
    const index = this.#placeOf(bar.startNs);
    const known = this.#bars[index];
    const isKnown = known?.startNs === bar.startNs;
    if (isKnown && bar.history === true && known.history !== true && known.incomplete !== true) return;
    this.#bars.splice(index, isKnown ? 1 : 0, bar);
    if (this.#bars.length >= 2 * this.#capacity) this.#bars = this.#bars.slice(-this.#capacity);
  }

  /** There is no such bar any more. */
  withdraw(startNs: bigint): void {
    const index = this.#placeOf(startNs);
    if (this.#bars[index]?.startNs === startNs) this.#bars.splice(index, 1);
  }

  /** The newest `count` bars (all, if there are fewer), oldest of them first. */
  last(count: number): readonly KeptBar[] {
    const taken = Math.min(count, this.#capacity);
    return taken <= 0 ? [] : this.#bars.slice(-taken);
  }

  /** Where a bar of that start is or would be; nearly always at the end. */
  #placeOf(startNs: bigint): number {
    let index = this.#bars.length;
    while (index > 0 && (this.#bars[index - 1]?.startNs ?? startNs) >= startNs) index -= 1;
    return index;
  }
}

import type { BenchVenue } from './venue.ts';

/** Matches orders that arrive at a venue to the ticks that caused them. */
export class OrderWatch {
  readonly #sentNs = new Map<string, bigint>();
  readonly #onLatency: (latencyNs: number, clOrdId: string) => void;
  #arrived = 0;
  #unexpected = 0;

  constructor(venue: BenchVenue, onLatency: (latencyNs: number, clOrdId: string) => void) {
    this.#onLatency = onLatency;
    venue.listen((clOrdId, arrivedNs) => this.#take(clOrdId, arrivedNs));
  }

  /** Orders whose ticks have been sent and that have not arrived. */
  get missing(): number {
    return this.#sentNs.size;
  }

  get arrived(): number {
    return this.#arrived;
  }

  /** Orders that no tick of this watch has caused, or that came twice. */
  get unexpected(): number {
    return this.#unexpected;
  }

  /** Notes that the tick that causes this order leaves now. */
  expect(clOrdId: string, sentNs: bigint): void {
    this.#sentNs.set(clOrdId, sentNs);
  }

  #take(clOrdId: string, arrivedNs: bigint): void {
    const sentNs = this.#sentNs.get(clOrdId);
    if (sentNs === undefined) {
      this.#unexpected += 1;
      return;
    }
    this.#sentNs.delete(clOrdId);
    this.#arrived += 1;
    this.#onLatency(Number(arrivedNs - sentNs), clOrdId);
  }
}

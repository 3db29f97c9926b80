/** One event as both variants write it: what risk says when it approves an order. */
export interface BenchPayload {
  readonly clOrdId: string;
  readonly symbol: string;
  readonly side: 'BUY' | 'SELL';
  readonly orderQty: string;
  readonly referencePx: string;
  readonly reservedUsd: string;
  readonly strategy: string;
}

/** What is measured of the journal and of bare node:sqlite alike. Every call but `flush` is synchronous. */
export interface BenchLog {
  /** Appends the events in one transaction and commits it. */
  commit(payloads: readonly BenchPayload[]): void;
  /** Resolves when everything committed so far is on the disk. */
  flush(): Promise<void>;
  /** Reads every event in order with its payload parsed; answers with how many there were. */
  read(afterSeq: number, visit: (payload: BenchPayload) => void): number;
  /** Keeps a state beside the events, so that recovery reads only what came after it. */
  saveSnapshot(state: BenchState): void | Promise<void>;
  /** The state kept last and the seq it belongs to. */
  loadSnapshot(): { readonly state: BenchState; readonly seq: number } | undefined;
  /** Brings the WAL into the main file, so that each round begins alike. Not timed. */
  settle(): void | Promise<void>;
  readonly lastSeq: number;
  close(): void | Promise<void>;
}

/** What a book of record keeps: notional by symbol, and how many events made it. */
export interface BenchState {
  readonly events: number;
  readonly notionalUsd: Readonly<Record<string, number>>;
}

export type VariantName = 'journal' | 'bare';
export const VARIANTS: readonly VariantName[] = ['journal', 'bare'];

const SYMBOLS = 1000;
const STREAMS = 100;

export function payloadOf(index: number): BenchPayload {
  return {
    clOrdId: `tp-${index.toString(36).padStart(10, '0')}`,
    symbol: `SYM${index % SYMBOLS}`,
    side: index % 2 === 0 ? 'BUY' : 'SELL',
    orderQty: String(1 + (index % 200)),
    referencePx: (100 + (index % 5000) / 100).toFixed(2),
    reservedUsd: (1000 + (index % 90_000) / 100).toFixed(2),
    strategy: 'momentum',
  };
}

/** The stream a transaction appends to: they take turns. */
export function streamOf(transaction: number): string {
  return `account/${transaction % STREAMS}`;
}

/** A state that events are applied to, as recovery does. */
export class BenchBook {
  #events: number;
  readonly #notionalUsd: Record<string, number>;

  constructor(state: BenchState = { events: 0, notionalUsd: {} }) {
    this.#events = state.events;
    this.#notionalUsd = { ...state.notionalUsd };
  }

  readonly apply = ({ symbol, side, orderQty, referencePx }: BenchPayload): void => {
    const notional = Number(orderQty) * Number(referencePx) * (side === 'BUY' ? 1 : -1);
    this.#notionalUsd[symbol] = (this.#notionalUsd[symbol] ?? 0) + notional;
    this.#events += 1;
  };

  get state(): BenchState {
    return { events: this.#events, notionalUsd: this.#notionalUsd };
  }
}

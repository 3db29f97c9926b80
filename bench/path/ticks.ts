/** The size of a trade that causes an order; all others have `PLAIN_SIZE`. */
export const MARKED_SIZE = '200';
const PLAIN_SIZE = '100';

/** A trade as Alpaca writes it. Every one has the same length, so that a relay finds its way by offsets. */
function tickText(symbol: string, tradeId: string, price: string, size: string, time: string): string {
  return `{"T":"t","S":"${symbol}","i":${tradeId},"x":"V","p":${price},"s":${size},"c":["@"],"z":"C","t":"${time}"}`;
}

const SAMPLE = tickText('B000', '100000000000', '150.01', MARKED_SIZE, '2026-01-02T03:04:05.123456789Z');

/** Bytes of a tick, and where in it each field is that a relay routes by. */
export const TICK_LAYOUT = {
  bytes: SAMPLE.length,
  symbol: { at: SAMPLE.indexOf('B000'), bytes: 4 },
  tradeId: { at: SAMPLE.indexOf('100000000000'), bytes: 12 },
  size: { at: SAMPLE.indexOf(`"s":${MARKED_SIZE}`) + 4, bytes: 3 },
} as const;

/** Symbols of four characters: B000, B001, … */
export function symbolsOf(count: number): string[] {
  return Array.from({ length: count }, (_, i) => `B${String(i).padStart(3, '0')}`);
}

/** What an order is caused by. */
export interface Cause {
  readonly symbol: string;
  readonly tradeId: string;
  readonly venueTsNs: bigint;
}

export interface Tick {
  readonly text: string;
  /** Set if the tick is marked: it causes one order. */
  readonly cause: Cause | undefined;
}

export interface TapeOptions {
  readonly symbols: readonly string[];
  /** One tick of this many is marked, the symbols taking turns. */
  readonly markEvery: number;
  /** Where in its window: at a spot that looks random and is the same each time, or at the end. */
  readonly markAt: 'scattered' | 'end';
}

let lastTradeId = 100_000_000_000;

/** An endless tape. Trade ids are unique within the process. */
export class TickTape {
  readonly #options: TapeOptions;
  #count = 0;

  constructor(options: TapeOptions) {
    this.#options = options;
  }

  next(venueTsNs: bigint): Tick {
    const { symbols, markEvery, markAt } = this.#options;
    const index = this.#count;
    this.#count += 1;
    lastTradeId += 1;
    const window = Math.floor(index / markEvery);
    const spot = markAt === 'end' ? markEvery - 1 : scatter(window) % markEvery;
    const isMarked = index % markEvery === spot;
    const symbol = symbols[(isMarked ? window : index) % symbols.length] as string;
    const tradeId = String(lastTradeId);
    // The last digit is never 0: every price has the same length as a number, too.
    const price = `150.${scatter(index) % 10}${1 + (index % 9)}`;
    const text = tickText(symbol, tradeId, price, isMarked ? MARKED_SIZE : PLAIN_SIZE, timeText(venueTsNs));
    return { text, cause: isMarked ? { symbol, tradeId, venueTsNs } : undefined };
  }
}

/** A hash of 32 bits (the finaliser of MurmurHash3). */
function scatter(value: number): number {
  let hash = Math.imul(value ^ (value >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}

let second = -1;
let secondText = '';

/** RFC 3339 with all nine digits. */
export function timeText(ns: bigint): string {
  const nowSecond = Number(ns / 1_000_000_000n);
  if (nowSecond !== second) {
    second = nowSecond;
    secondText = new Date(nowSecond * 1000).toISOString().slice(0, 19);
  }
  return `${secondText}.${String(ns % 1_000_000_000n).padStart(9, '0')}Z`;
}

import { randomFrom } from './random.ts';

const PRICE = 60_000;
/** Levels a side of a book at the start; changes stay among them. */
const LEVELS = 50;

/** Messages of Alpaca's crypto stream, as text: trades, quotes and changes of books 2 : 2 : 1 over all pairs in turn. */
export interface CryptoMix {
  readonly pairs: readonly string[];
  /** Trades and quotes so far: each of them is published, while a change may leave the best of a book as it was. */
  readonly ticks: number;
  /** All of a pair's book. */
  snapshot(pair: string, tsNs: bigint): string;
  next(tsNs: bigint): string;
  /** A trade whose id ends a round. */
  end(id: string, tsNs: bigint): string;
}

export function pairsOf(count: number): string[] {
  return Array.from({ length: count }, (_, index) => `C${String(index).padStart(4, '0')}/USD`);
}

/** Bids stay below the price and asks above it, so that no book is ever crossed, and prices within the rules for jumps. */
export function cryptoMix(symbols: number, seed = 1): CryptoMix {
  const pairs = pairsOf(symbols);
  const random = randomFrom(seed);
  const timeOf = timeTexts();
  let index = -1;
  let ticks = 0;
  const side = (sign: 1 | -1, count: number) =>
    Array.from({ length: count }, (_, level) => {
      const away = count === LEVELS ? level + 1 : random(1, LEVELS);
      return { p: (100 * PRICE + sign * away) / 100, s: random(1, 999) / 1000 };
    });
  return {
    pairs,
    get ticks() {
      return ticks;
    },
    snapshot: (S, tsNs) =>
      JSON.stringify({ T: 'o', S, t: timeOf(tsNs), b: side(-1, LEVELS), a: side(1, LEVELS), r: true }),
    next: (tsNs) => {
      index += 1;
      const S = pairs[index % symbols];
      const t = timeOf(tsNs);
      const kind = Math.floor(index / symbols) % 5;
      if (kind === 4) return JSON.stringify({ T: 'o', S, t, b: side(-1, 2), a: side(1, 2) });
      ticks += 1;
      const px = PRICE + random(-50, 50) / 100;
      if (kind > 1) {
        const sizes = { bs: random(1, 99) / 10, as: random(1, 99) / 10 };
        return JSON.stringify({ T: 'q', S, t, bp: px - 0.5, ap: px + 0.5, ...sizes });
      }
      return JSON.stringify({ T: 't', S, t, p: px, s: random(1, 999) / 1000, i: index, tks: index % 2 ? 'B' : 'S' });
    },
    end: (i, tsNs) => {
      ticks += 1;
      return JSON.stringify({ T: 't', S: pairs[0], t: timeOf(tsNs), p: PRICE, s: 1, i, tks: 'B' });
    },
  };
}

/** Frames of so many messages each, from a time on, so many ns apart. */
export function framesOf(
  mix: CryptoMix,
  { messages, frameSize, fromNs, stepNs }: { messages: number; frameSize: number; fromNs: bigint; stepNs: bigint },
): string[] {
  const frames: string[] = [];
  for (let at = 0; at < messages; at += frameSize) {
    const count = Math.min(frameSize, messages - at);
    const texts = Array.from({ length: count }, (_, index) => mix.next(fromNs + BigInt(at + index) * stepNs));
    frames.push(`[${texts.join(',')}]`);
  }
  return frames;
}

/** RFC 3339 with nine decimals. The second is written once: a mix of many messages is made while others are measured. */
function timeTexts(): (tsNs: bigint) => string {
  let second = -1n;
  let text = '';
  return (tsNs) => {
    const at = tsNs / 1_000_000_000n;
    if (at !== second) {
      second = at;
      text = new Date(Number(at) * 1000).toISOString().slice(0, 19);
    }
    return `${text}.${String(tsNs % 1_000_000_000n).padStart(9, '0')}Z`;
  };
}

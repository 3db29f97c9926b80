import { MAX_FRAME_BYTES } from '@tickpath/wire';
import { type MarketCore, openCore } from './core.ts';
import { pairsOf } from './crypto-mix.ts';
import type { MemoryRound } from './memory.ts';

/** Told by its arguments: symbols, levels a side. Answers with `MemoryRound` by a message. Needs `--expose-gc`. */
const [symbols = 0, levels = 0] = process.argv.slice(2).map(Number);

const MINUTE_NS = 60_000_000_000n;
const BEGUN_NS = BigInt(Date.UTC(2026, 0, 5)) * 1_000_000n;
const MINUTES = 24 * 60;
/** At the end trades each half second: bars of seconds as long as they are revised, and more trades than are remembered. */
const LAST_MINUTES = 6;
const LAST_STEP_NS = 500_000_000n;
/** Small, and taken off: it is the symbols that are measured. */
const RING_BYTES = 4 * MAX_FRAME_BYTES;
const PRICE = 60_000;
/** Symbols of one frame. */
const A_FRAME = 50;

function bytesInUse(): number {
  globalThis.gc?.();
  globalThis.gc?.();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

type Parts = { -readonly [part in 'protocol' | 'archive' | 'market']?: MarketCore[part] };

/** Without the function that holds on to all of them. */
function parts(): Parts {
  const { protocol, archive, market } = fill(pairs);
  return { protocol, archive, market };
}

/** Fills a market as full as it gets: whole books, a day with a trade in every minute, and minutes with one in every second. */
function fill(pairs: readonly string[]) {
  const core = openCore(pairs, RING_BYTES);
  const side = (sign: 1 | -1) =>
    Array.from({ length: levels }, (_, i) => ({ p: PRICE + (sign * (i + 1)) / 100, s: 1 }));
  const [b, a] = [side(-1), side(1)];
  let id = 0;
  const trades = (tsNs: bigint) => {
    const t = timeText(tsNs);
    for (let from = 0; from < pairs.length; from += A_FRAME) {
      const frame = pairs.slice(from, from + A_FRAME).map((S) => {
        id += 1;
        return { T: 't', S, t, p: PRICE + (id % 100) / 100, s: (1 + (id % 9)) / 1000, i: id, tks: 'B' };
      });
      core.take(JSON.stringify(frame), tsNs);
    }
  };
  for (const S of pairs) core.take(JSON.stringify([{ T: 'o', S, t: timeText(BEGUN_NS), b, a, r: true }]), BEGUN_NS);
  const lastNs = BEGUN_NS + BigInt(MINUTES) * MINUTE_NS - 1n;
  const denseNs = lastNs - BigInt(LAST_MINUTES) * MINUTE_NS;
  let tsNs = BEGUN_NS;
  for (; tsNs < denseNs; tsNs += MINUTE_NS) trades(tsNs);
  for (; tsNs < lastNs; tsNs += LAST_STEP_NS) trades(tsNs);
  // Two of one time: whether the second is the first again, is looked for among all.
  trades(lastNs);
  trades(lastNs);
  const t = timeText(lastNs);
  for (const S of pairs) {
    const quote = { T: 'q', S, t, bp: PRICE - 0.01, bs: 1, ap: PRICE + 0.01, as: 1 };
    core.take(JSON.stringify([quote, { T: 'o', S, t, b: [{ p: PRICE - 0.01, s: 2 }], a: [] }]), lastNs);
  }
  if (core.faults.length > 0) throw new Error(`${core.faults.length} faults, the first: ${core.faults[0]}`);
  return core;
}

function timeText(ns: bigint): string {
  const second = new Date(Number(ns / 1_000_000_000n) * 1000).toISOString().slice(0, 19);
  return `${second}.${String(ns % 1_000_000_000n).padStart(9, '0')}Z`;
}

// Once over with few symbols: what the code itself takes is there before anything is measured.
fill(pairsOf(2));
const emptyBytes = bytesInUse();
const pairs = pairsOf(symbols);
const core = parts();
const ringBytes = ringBytesOf(core);
const bytes = [
  bytesInUse() - ringBytes,
  ...[dropTopics, dropProtocol, dropBooks].map((drop) => {
    drop(core);
    return bytesInUse();
  }),
];
const between = bytes.map((total, index) => (total - (bytes[index + 1] ?? emptyBytes)) / symbols);
const [topics, protocol, books, rest] = between;
const round = { total: ((bytes[0] ?? 0) - emptyBytes) / symbols, topics, protocol, books, rest };
process.send?.(round satisfies { [part in keyof MemoryRound]: number | undefined });

// Each by itself, so that no frame of the stack holds on to what is to go.
function ringBytesOf({ archive }: Parts): number {
  return archive?.ringBytes ?? 0;
}
function dropTopics(parts: Parts): void {
  delete parts.archive;
}
function dropProtocol(parts: Parts): void {
  delete parts.protocol;
}
function dropBooks({ market }: Parts): void {
  for (const symbol of market?.symbols.values() ?? []) symbol.book = undefined;
}

import type { Children } from '../measure/children.ts';
import { barsRound } from './bars.ts';
import { BOOK_MIXES, bookRound } from './book.ts';
import { coreRound } from './core.ts';
import { DECODE_CASES, type DecodeCase, openDecode } from './decode.ts';
import { memoryRound } from './memory.ts';
import { interleaved, medianOf, type Ratio, ratioOf, ratioText, rounded, type Section } from './section.ts';

const DECODE_US = 2;
const DELTA_NS = 1000;
const SYMBOL_BYTES = 1_000_000;
const BOOK_DEPTHS = [1000, 5000];
const SYMBOL_COUNTS = ['10', '100', '1000'] as const;
/** What counts as flat, of a thousand symbols to ten: ten have all that is kept of them in the processor's own memory. */
const FLAT = 2;

export interface Size {
  readonly pairs: number;
  /** Of each round. */
  readonly messages: number;
}

/** What comes later has been compiled. */
const WARM_UP_ROUNDS = 2;

export async function decodeSection({ pairs, messages }: Size): Promise<Section> {
  const cases = new Map(DECODE_CASES.map((name) => [name, openDecode(name)] as const));
  const round = (name: DecodeCase) => (cases.get(name) as ReturnType<typeof openDecode>)(messages);
  for (let i = 0; i < WARM_UP_ROUNDS; i += 1) for (const name of DECODE_CASES) round(name);
  const rounds = await interleaved(DECODE_CASES, pairs, round);
  const rows = [['decode, µs a trade', 'JSON.parse', 'decoded', 'decoded ÷ JSON.parse']];
  const results: Record<string, number> = {};
  const baseline: Record<string, number> = {};
  const ratios: Record<string, Ratio> = {};
  for (const name of DECODE_CASES) {
    const key = `decodeUs.${name}`;
    results[key] = medianOf(rounds[name].map(({ decodeUs }) => decodeUs));
    baseline[key] = medianOf(rounds[name].map(({ parseUs }) => parseUs));
    const ratio = ratioOf(rounds[name].map(({ decodeUs, parseUs }) => decodeUs / parseUs));
    ratios[key] = ratio;
    rows.push([name, `${baseline[key]}`, `${results[key]}`, ratioText(ratio)]);
  }
  const found = Math.max(...Object.values(results));
  const verdict = { what: 'a trade decoded, at the slowest venue', found, allowed: DECODE_US } as const;
  return { rows, results, baseline, ratios, verdicts: [{ ...verdict, sense: 'at most', unit: 'µs' }] };
}

export function bookSection({ pairs, messages }: Size): Section {
  const rows = [['a change of the book, ns', 'Map', 'book', 'book, top 50', 'text to text', 'book ÷ Map']];
  const results: Record<string, number> = {};
  const baseline: Record<string, number> = {};
  const ratios: Record<string, Ratio> = {};
  for (const mix of BOOK_MIXES) {
    for (const depth of BOOK_DEPTHS) {
      const rounds = Array.from({ length: pairs }, (_, pair) => bookRound({ mix, depth, deltas: messages }, pair + 1));
      const name = `${mix}${depth}`;
      results[`deltaNs.${name}`] = medianOf(rounds.map(({ deltaNs }) => deltaNs));
      results[`topNs.${name}`] = medianOf(rounds.map(({ topNs }) => topNs));
      results[`keptNs.${name}`] = medianOf(rounds.map(({ keptNs }) => keptNs));
      baseline[`mapNs.${name}`] = medianOf(rounds.map(({ mapNs }) => mapNs));
      const ratio = ratioOf(rounds.map(({ deltaNs, mapNs }) => deltaNs / mapNs));
      ratios[`delta.${name}`] = ratio;
      const costs = [
        baseline[`mapNs.${name}`],
        ...['delta', 'top', 'kept'].map((part) => results[`${part}Ns.${name}`]),
      ];
      rows.push([`${mix}, ${depth} levels a side`, ...costs.map(String), ratioText(ratio)]);
    }
  }
  const worst = (part: string) =>
    Math.max(...Object.entries(results).flatMap(([name, ns]) => (name.startsWith(part) ? [ns] : [])));
  const bound = { allowed: DELTA_NS, sense: 'at most', unit: 'ns' } as const;
  const verdicts = [
    { what: 'a change of the book', found: worst('deltaNs'), ...bound },
    { what: 'a change as on a venue, and the best 50 compared', found: worst('topNs.market'), ...bound },
  ];
  return { rows, results, baseline, ratios, verdicts };
}

export function barsSection({ pairs, messages }: Size): Section {
  const rounds = Array.from({ length: pairs }, (_, pair) => barsRound(messages, pair + 1));
  const kinds = ['counted', 'revised', 'activity'] as const;
  const results = Object.fromEntries(kinds.map((kind) => [`trades.${kind}`, medianOf(rounds.map((one) => one[kind]))]));
  const bare = medianOf(rounds.map((round) => round.bare));
  const ratio = ratioOf(rounds.map((round) => round.bare / round.counted));
  const rows = [
    ['trades/s into bars', 'bare', ...kinds, 'bare ÷ counted'],
    ['six intervals', `${bare}`, ...Object.values(results).map(String), ratioText(ratio)],
  ];
  return { rows, results, baseline: { trades: bare }, ratios: { trades: ratio }, verdicts: [] };
}

export async function scaleSection({ pairs, messages }: Size): Promise<Section> {
  const rounds = await interleaved(SYMBOL_COUNTS, pairs, (symbols, pair) =>
    coreRound({ symbols: Number(symbols), messages, seed: pair + 1 }),
  );
  const rows = [
    ['text to ring, µs a message', 'bare', 'market-data', 'to bare', 'to 10 symbols', 'published a message'],
  ];
  const results: Record<string, number> = {};
  const baseline: Record<string, number> = {};
  const ratios: Record<string, Ratio> = {};
  for (const symbols of SYMBOL_COUNTS) {
    const those = rounds[symbols];
    const key = `messageUs.${symbols}`;
    results[key] = medianOf(those.map(({ coreUs }) => coreUs));
    baseline[key] = medianOf(those.map(({ bareUs }) => bareUs));
    const toBare = ratioOf(those.map(({ coreUs, bareUs }) => coreUs / bareUs));
    const toTen = ratioOf(those.map(({ coreUs }, pair) => coreUs / (rounds['10'][pair]?.coreUs ?? Number.NaN)));
    ratios[`message.${symbols}`] = toBare;
    ratios[`flat.${symbols}`] = toTen;
    const published = medianOf(those.map((round) => round.published));
    rows.push([
      `${symbols} symbols`,
      `${baseline[key]}`,
      `${results[key]}`,
      ratioText(toBare),
      ratioText(toTen),
      `${published}`,
    ]);
  }
  const found = ratios['flat.1000']?.median ?? Number.NaN;
  const verdict = { what: 'a message of 1,000 symbols to one of 10', found, allowed: FLAT } as const;
  return { rows, results, baseline, ratios, verdicts: [{ ...verdict, sense: 'at most', unit: '×' }] };
}

export async function memorySection(
  children: Children,
  sizes: { readonly symbols: number; readonly levels: number },
): Promise<Section> {
  const round = await memoryRound(children, sizes);
  const parts = Object.entries(round).map(([part, bytes]) => [part, Math.round(bytes)] as const);
  const rows = [
    [`bytes a symbol, ${sizes.symbols} of them`, ...parts.map(([part]) => part)],
    [`a whole day, ${sizes.levels} levels a side`, ...parts.map(([, bytes]) => bytes.toLocaleString('en'))],
  ];
  const results = Object.fromEntries(parts.map(([part, bytes]) => [`symbolBytes.${part}`, bytes]));
  const verdict = { what: 'memory a symbol', found: rounded(round.total), allowed: SYMBOL_BYTES } as const;
  return { rows, results, baseline: {}, ratios: {}, verdicts: [{ ...verdict, sense: 'at most', unit: 'bytes' }] };
}

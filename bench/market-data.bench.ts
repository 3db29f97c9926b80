import { parseArgs } from 'node:util';
import { type BarsRound, barsRound } from './market-data/bars.ts';
import { BOOK_MIXES, type BookCase, type BookRound, bookRound } from './market-data/book.ts';
import { medianInterval } from './measure/median-interval.ts';
import { table } from './measure/table.ts';

/** What a change of the book and a trade in its bars cost in the cores of market data, beside the least they could. */
const { values } = parseArgs({
  options: {
    pairs: { type: 'string', default: '7' },
    deltas: { type: 'string', default: '300000' },
    trades: { type: 'string', default: '300000' },
    quick: { type: 'boolean', default: false },
  },
});
const pairs = values.quick ? 1 : wholeNumber('pairs');
const deltas = values.quick ? 50_000 : wholeNumber('deltas');
const trades = values.quick ? 50_000 : wholeNumber('trades');
/** DESIGN §13. */
const BUDGET_NS = 1000;
const DEPTHS = [1000, 5000];

const results: Record<string, number> = {};
const baseline: Record<string, number> = {};
const ratios: Record<string, { median: number; low: number; high: number }> = {};

const bookRows = [['a change of the book, ns', 'book', 'book, top 50', 'Map', 'book ÷ Map']];
for (const mix of BOOK_MIXES) {
  for (const depth of DEPTHS) bookRows.push(bookRow({ mix, depth, deltas }));
}
const barRows = [['trades/s', 'counted', 'revised', 'activity', 'bare', 'bare ÷ counted']];
barRows.push(barsRow());
process.stdout.write(`${table(bookRows)}\n\n${table(barRows)}\n`);
const worst = Math.max(...Object.entries(results).flatMap(([name, ns]) => (name.startsWith('delta') ? [ns] : [])));
process.stdout.write(
  `\nbudget of a change ${BUDGET_NS} ns: ${worst <= BUDGET_NS ? 'kept' : 'MISSED'}, worst ${worst} ns\n`,
);
process.stdout.write(`${JSON.stringify({ bench: 'market-data', results, baseline, ratios })}\n`);

function bookRow(which: BookCase): string[] {
  const rounds = Array.from({ length: pairs }, (_, pair) => bookRound(which, pair + 1));
  const medianOf = (pick: (round: BookRound) => number) => Math.round(medianInterval(rounds.map(pick)).median);
  const name = `${which.mix}${which.depth}`;
  const [deltaNs, topNs, mapNs] = [
    medianOf((round) => round.deltaNs),
    medianOf((round) => round.topNs),
    medianOf((round) => round.mapNs),
  ];
  results[`deltaNs.${name}`] = deltaNs;
  results[`topNs.${name}`] = topNs;
  baseline[`mapNs.${name}`] = mapNs;
  const ratio = ratioOf(rounds.map((round) => round.deltaNs / round.mapNs));
  ratios[`delta.${name}`] = ratio;
  const label = `${which.mix}, ${which.depth.toLocaleString('en')} levels a side`;
  return [label, String(deltaNs), String(topNs), String(mapNs), text(ratio)];
}

function barsRow(): string[] {
  const rounds = Array.from({ length: pairs }, (_, pair) => barsRound(trades, pair + 1));
  const medianOf = (pick: (round: BarsRound) => number) => Math.round(medianInterval(rounds.map(pick)).median);
  results.tradesPerSecond = medianOf((round) => round.counted);
  results.tradesPerSecondRevised = medianOf((round) => round.revised);
  results.tradesPerSecondActivity = medianOf((round) => round.activity);
  baseline.tradesPerSecond = medianOf((round) => round.bare);
  const ratio = ratioOf(rounds.map((round) => round.bare / round.counted));
  ratios.trades = ratio;
  const rate = (perSecond: number | undefined) => (perSecond ?? Number.NaN).toLocaleString('en');
  const { tradesPerSecond, tradesPerSecondRevised, tradesPerSecondActivity } = results;
  const rates = [tradesPerSecond, tradesPerSecondRevised, tradesPerSecondActivity, baseline.tradesPerSecond];
  return ['bars of six intervals', ...rates.map(rate), text(ratio)];
}

function ratioOf(samples: readonly number[]) {
  const round = (value: number) => Math.round(value * 100) / 100;
  const { median, low, high } = medianInterval(samples);
  return { median: round(median), low: round(low), high: round(high) };
}

function text({ median, low, high }: ReturnType<typeof ratioOf>): string {
  return `${median} (${low}–${high})`;
}

function wholeNumber(name: 'pairs' | 'deltas' | 'trades'): number {
  const value = Number(values[name]);
  if (Number.isSafeInteger(value) && value > 0) return value;
  throw new RangeError(`--${name}=${values[name]}: allowed is a whole number above 0`);
}

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  type ActivityBar,
  type ActivityBarKind,
  type ActivityBarOptions,
  activityBarBuilder,
  addToActivityBar,
  type BarTrade,
} from '../src/index.ts';
import { aTrade, COIN, SHARE } from './bar-trading.ts';
import { plain } from './fixed-point.ts';
import './seed.ts';

function barsFrom(options: ActivityBarOptions, trades: readonly BarTrade[]): ActivityBar[] {
  const builder = activityBarBuilder(options);
  return trades.flatMap((trade) => addToActivityBar(builder, trade) ?? []);
}

const { priceDecimals, qtyDecimals } = COIN;
const NOTIONAL_DECIMALS = priceDecimals + qtyDecimals;

const UNITS: Readonly<Record<ActivityBarKind, (trade: BarTrade) => bigint>> = {
  tick: () => 1n,
  volume: ({ sz }) => BigInt(sz),
  dollar: ({ px, sz }) => BigInt(px) * BigInt(sz),
};
const DECIMALS: Readonly<Record<ActivityBarKind, number>> = {
  tick: 0,
  volume: qtyDecimals,
  dollar: NOTIONAL_DECIMALS,
};

/** Groups by taking trades until their units, in bigints, reach the threshold. */
function groups(trades: readonly BarTrade[], units: (trade: BarTrade) => bigint, threshold: bigint): BarTrade[][] {
  const closed: BarTrade[][] = [];
  let open: BarTrade[] = [];
  let total = 0n;
  for (const trade of trades) {
    open.push(trade);
    total += units(trade);
    if (total < threshold) continue;
    closed.push(open);
    open = [];
    total = 0n;
  }
  return closed;
}

const lists = fc.array(
  fc.record({
    tsNs: fc.bigInt({ min: 1n, max: 1000n }),
    px: fc.oneof(fc.integer({ min: 1, max: 500 }), fc.constant(Number.MAX_SAFE_INTEGER)),
    sz: fc.oneof(fc.integer({ min: 1, max: 500 }), fc.constant(Number.MAX_SAFE_INTEGER)),
  }),
  { maxLength: 60 },
);
const thresholds = fc.oneof(
  fc.bigInt({ min: 1n, max: 20n }),
  fc.bigInt({ min: 1n, max: 10n ** 5n }),
  fc.bigInt({ min: 2n ** 53n, max: 2n ** 110n }),
);

test('trades fill a bar until its threshold, to the last unit, and the one that overshoots is in it whole', () => {
  fc.assert(
    fc.property(
      fc.constantFrom<ActivityBarKind>('tick', 'volume', 'dollar'),
      thresholds,
      lists,
      (kind, units, list) => {
        const trades = list.map((trade) => aTrade(trade));
        const threshold = plain(units, DECIMALS[kind]);
        const bars = barsFrom({ instrument: COIN, kind, threshold, conditions: 'none' }, trades);
        const expected = groups(trades, UNITS[kind], units).map((group, index): ActivityBar => {
          const prices = group.map(({ px }) => px);
          const times = group.map(({ tsNs }) => tsNs).sort((a, b) => Number(a - b));
          const sum = (of: (trade: BarTrade) => bigint) => group.reduce((total, trade) => total + of(trade), 0n);
          const text = (px: number | undefined) => plain(BigInt(px ?? 0), priceDecimals);
          return {
            kind,
            threshold,
            number: index + 1,
            startNs: times[0] ?? 0n,
            endNs: times.at(-1) ?? 0n,
            open: text(prices[0]),
            high: text(Math.max(...prices)),
            low: text(Math.min(...prices)),
            close: text(prices.at(-1)),
            volume: plain(sum(UNITS.volume), qtyDecimals),
            notional: plain(sum(UNITS.dollar), NOTIONAL_DECIMALS),
            tradeCount: group.length,
          };
        });
        assert.deepEqual(bars, expected);
      },
    ),
  );
});

test('trades follow each other as they came, whatever their times say', () => {
  const trades = [aTrade({ tsNs: 30n, px: 1 }), aTrade({ tsNs: 10n, px: 2 }), aTrade({ tsNs: 20n, px: 3 })];
  const [bar] = barsFrom({ instrument: COIN, kind: 'tick', threshold: '3', conditions: 'none' }, trades);
  assert.deepEqual([bar?.open, bar?.close, bar?.startNs, bar?.endNs], ['0.01', '0.03', 10n, 30n]);
});

test('by Alpaca’s conditions an odd lot fills the bar without a price, and an official close does not fill it', () => {
  const options = { instrument: SHARE, kind: 'volume', threshold: '10', conditions: 'alpaca' } as const;
  const trade = (px: number, condition: string) =>
    aTrade({ tsNs: BigInt(px), px, sz: 10, conditions: [condition], tape: 'A' });
  const builder = activityBarBuilder(options);
  assert.equal(addToActivityBar(builder, trade(10_000, 'M')), undefined);
  assert.equal(addToActivityBar(builder, trade(20_000, 'I')), undefined);
  const bar = addToActivityBar(builder, trade(30_000, ' '));
  assert.deepEqual(
    [bar?.open, bar?.low, bar?.volume, bar?.notional, bar?.tradeCount, bar?.startNs],
    ['3', '3', '20', '50', 2, 20_000n],
  );
});

test('a threshold that is not above zero, or finer than what fills the bar, is refused by name', () => {
  const builder = (kind: ActivityBarKind, threshold: string) => () =>
    activityBarBuilder({ instrument: COIN, kind, threshold, conditions: 'none' });
  assert.throws(builder('tick', '0'), /threshold 0 of a tick bar: allowed is above 0, with at most 0 decimals/);
  assert.throws(builder('tick', '1.5'), /threshold 1.5 of a tick bar/);
  assert.throws(builder('volume', '-1'), /threshold -1 of a volume bar: allowed is above 0, with at most 8 decimals/);
  assert.throws(builder('volume', '0.000000001'), RangeError);
  assert.throws(builder('dollar', '0.00000000001'), /with at most 10 decimals/);
  assert.throws(builder('dollar', 'much'), RangeError);
  builder('dollar', '0.0000000001')();
});

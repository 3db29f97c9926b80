import {
  activityBarBuilder,
  addBarTrade,
  addToActivityBar,
  advanceBarSeries,
  BAR_INTERVALS_NS,
  type BarInterval,
  type BarTrade,
  type ClosedBar,
  type Instrument,
  openBarSeries,
} from '@tickpath/trading';
import { cpuUsOf } from './cpu-time.ts';
import { randomFrom } from './random.ts';

const INTERVALS = Object.keys(BAR_INTERVALS_NS) as BarInterval[];
const COIN: Instrument = { symbol: 'BTC/USD', assetClass: 'crypto', priceDecimals: 2, qtyDecimals: 8 };
const MINUTE_NS = BAR_INTERVALS_NS['1m'];

/** Trades a second of CPU, of each. */
export interface BarsRound {
  /** Six intervals, late trades counted. */
  readonly counted: number;
  /** Six intervals; late trades, one in a hundred, revise. */
  readonly revised: number;
  /** Tick, volume and dollar bars. */
  readonly activity: number;
  /** Six times first, highest, lowest, last price and sum in doubles, in objects by start: no exactness, grace or order. */
  readonly bare: number;
}

export function barsRound(count: number, seed = 1): BarsRound {
  const trades = preparedTrades(count, seed);
  return {
    counted: perSecond(count, () => playSeries(trades, null)),
    revised: perSecond(count, () => playSeries(trades, { withinNs: 10n * MINUTE_NS, heldTrades: 4096 })),
    activity: perSecond(count, () => playActivity(trades)),
    bare: perSecond(count, () => playBare(trades)),
  };
}

/** Of the second of two runs; each says how many bars it made, which are to be some. */
function perSecond(count: number, run: () => number): number {
  run();
  let bars = 0;
  const us = cpuUsOf(() => {
    bars = run();
  });
  if (bars === 0) throw new Error('no bar was made: the mix measures nothing');
  return (1e6 * count) / us;
}

function playSeries(trades: readonly BarTrade[], revisions: { withinNs: bigint; heldTrades: number } | null): number {
  const series = openBarSeries({
    ...{ instrument: COIN, intervals: INTERVALS, graceNs: 0n, session: 'all', conditions: 'none' },
    revisions,
  });
  const out: ClosedBar[] = [];
  let bars = 0;
  for (const trade of trades) {
    advanceBarSeries(series, trade.tsNs, out);
    addBarTrade(series, trade, out);
    bars += out.length;
    out.length = 0;
  }
  return bars;
}

function playActivity(trades: readonly BarTrade[]): number {
  const options = { instrument: COIN, conditions: 'none' } as const;
  const builders = [
    activityBarBuilder({ ...options, kind: 'tick', threshold: '100' }),
    activityBarBuilder({ ...options, kind: 'volume', threshold: '50' }),
    activityBarBuilder({ ...options, kind: 'dollar', threshold: '3000000' }),
  ];
  let bars = 0;
  for (const trade of trades) {
    for (const builder of builders) if (addToActivityBar(builder, trade) !== undefined) bars += 1;
  }
  return bars;
}

function playBare(trades: readonly BarTrade[]): number {
  const lengths = INTERVALS.map((interval) => Number(BAR_INTERVALS_NS[interval] / 1_000_000n));
  const current = lengths.map(() => ({ start: -1, open: 0, high: 0, low: 0, close: 0, volume: 0 }));
  let bars = 0;
  for (const { tsNs, px, sz } of trades) {
    const ms = Number(tsNs / 1_000_000n);
    for (let i = 0; i < lengths.length; i += 1) {
      const start = Math.floor(ms / (lengths[i] ?? 1));
      const bar = current[i];
      if (bar === undefined || bar.start !== start) {
        current[i] = { start, open: px, high: px, low: px, close: px, volume: sz };
        bars += 1;
        continue;
      }
      if (px > bar.high) bar.high = px;
      if (px < bar.low) bar.low = px;
      bar.close = px;
      bar.volume += sz;
    }
  }
  return bars;
}

/** 20 trades a second of the market's time; one in a hundred is 2 to 200 s late. */
function preparedTrades(count: number, seed: number): BarTrade[] {
  const random = randomFrom(seed);
  let nowMs = Date.UTC(2024, 7, 8);
  let px = 6_000_000;
  return Array.from({ length: count }, (_, index): BarTrade => {
    nowMs += random(0, 100);
    px += random(-50, 50);
    const lateMs = random(1, 100) === 1 ? random(2000, 200_000) : 0;
    const tsNs = BigInt(nowMs - lateMs) * 1_000_000n;
    return { tradeId: String(index), tsNs, px, sz: random(1, 100_000_000), conditions: [], tape: '' };
  });
}

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { BAR_INTERVALS_NS, type BarInterval } from '@tickpath/trading';
import fc from 'fast-check';
import type { FeedEvent, FeedOutput, MarketOutput } from '../src/core/index.ts';
import { aQuote, aTrade, type MarketOptions, marketOf, nsAt, ofKind } from './market-builders.ts';
import './seed.ts';

const MINUTE_MS = 60_000;

/** `1s 2000 r1 2: incomplete`: start in ms, revision, trades, doubts. */
function barsIn(outputs: readonly MarketOutput[]): string[] {
  return ofKind(outputs, 'bar').map(({ payload }) => {
    const { interval, startNs, revision, tradeCount, incomplete, history } = payload;
    const doubts = [...(incomplete ? ['incomplete'] : []), ...(history ? ['history'] : [])];
    return `${interval} ${(startNs - nsAt(0)) / 1_000_000n} r${revision} ${tradeCount}: ${doubts.join(' ') || 'whole'}`;
  });
}

const REVISED: MarketOptions = { bars: { reviseWithinMs: 300_000 }, isLive: true };

function aVenueBar(interval: BarInterval, ms: number, fields: Partial<FeedEvent & { kind: 'venue-bar' }> = {}) {
  const prices = { open: '1', high: '2', low: '1', close: '2', volume: '3', tradeCount: 4, vwap: null };
  const event: FeedEvent = {
    ...{ kind: 'venue-bar', symbol: 'IBM', interval, updated: false, ...prices, venueTsNs: nsAt(ms), ...fields },
  };
  return { kind: 'event', event, recovered: true } satisfies FeedOutput;
}

function begins(ms: number, hasBars = true, symbol = 'IBM'): FeedOutput {
  return { kind: 'begins', symbols: [symbol], atNs: nsAt(ms), hasBars };
}

function covered(ms: number, symbol = 'IBM'): FeedOutput {
  return { kind: 'covered', symbols: [symbol], fromNs: nsAt(ms) };
}

const LOST: FeedOutput = { kind: 'lost', symbol: 'IBM', topic: 'trade', from: 5, to: 6 };

describe('a bar says that it is incomplete', () => {
  test('when it had begun before the first event of the feed, whichever symbol that was of', () => {
    const market = marketOf({ intervals: ['1s', '1m'] });
    market.events(aQuote('SPY', 400), aTrade('IBM', 1_200));
    assert.deepEqual(barsIn(market.events(aTrade('IBM', 61_000), aTrade('IBM', 121_000))), [
      '1s 1000 r0 1: whole',
      '1m 0 r0 1: incomplete',
      '1s 61000 r0 1: whole',
      '1m 60000 r0 1: whole',
    ]);
  });

  test('when trades of its time were lost, from the last one before to the first one after', () => {
    const market = marketOf({ intervals: ['1s'] });
    market.events(aTrade('IBM', 0), aTrade('IBM', 1_100), aTrade('IBM', 2_500));
    assert.deepEqual(barsIn(market.feed([LOST])), []);
    assert.deepEqual(barsIn(market.events(aTrade('IBM', 4_200), aTrade('IBM', 5_100), aTrade('IBM', 6_000))), [
      '1s 2000 r0 1: incomplete',
      '1s 4000 r0 1: incomplete',
      '1s 5000 r0 1: whole',
    ]);
  });

  test('when it had been published as whole before the loss was known', () => {
    const market = marketOf({ intervals: ['1s'] });
    market.events(aTrade('IBM', 0), aTrade('IBM', 1_500));
    assert.deepEqual(barsIn(market.clock(2_500)), ['1s 1000 r0 1: whole']);
    assert.deepEqual(barsIn(market.feed([LOST])), ['1s 1000 r1 1: incomplete']);
  });

  test('while the connection is lost, and not any more once the trades have been fetched', () => {
    const market = marketOf({ intervals: ['1s', '1m'], ...REVISED });
    market.eventsAt(1_500, aTrade('IBM', 0), aTrade('IBM', 1_500));
    market.connection(true, 1_500);
    market.connection(false, 1_600);
    assert.deepEqual(barsIn(market.clock(5_000)), ['1s 1000 r0 1: incomplete']);
    market.connection(true, 5_000);
    const fetched: FeedOutput[] = [1_800, 3_300].map((ms) => {
      return { kind: 'event', event: aTrade('IBM', ms), recovered: true };
    });
    assert.deepEqual(barsIn(market.feed([covered(500), ...fetched])), ['1s 1000 r1 2: whole', '1s 3000 r0 1: whole']);
    assert.deepEqual(barsIn(market.clock(61_000)), ['1m 0 r0 4: whole']);
  });

  test('while the connection is lost, and not any more when the next trade shows that none was missed', () => {
    const market = marketOf({ intervals: ['1s'], ...REVISED });
    market.eventsAt(1_500, aTrade('IBM', 0), aTrade('IBM', 1_500));
    market.connection(false, 1_600);
    assert.deepEqual(barsIn(market.clock(5_000)), ['1s 1000 r0 1: incomplete']);
    market.connection(true, 5_000);
    assert.deepEqual(barsIn(market.eventsAt(6_500, aTrade('IBM', 6_500))), ['1s 1000 r1 1: whole']);
    // A late trade comes in after that: no revision has two contents.
    assert.deepEqual(barsIn(market.eventsAt(6_500, aTrade('IBM', 1_600))), ['1s 1000 r2 2: whole']);
  });

  test('when the connection is lost anew before what the loss before missed has come', () => {
    const market = marketOf({ intervals: ['1s'], ...REVISED });
    market.eventsAt(1_500, aTrade('IBM', 0), aTrade('IBM', 1_500));
    market.connection(false, 1_600);
    market.connection(true, 5_000);
    market.connection(false, 5_100);
    const fetched: FeedOutput = { kind: 'event', event: aTrade('IBM', 5_050), recovered: true };
    assert.deepEqual(barsIn(market.feed([covered(500), fetched])), []);
    assert.deepEqual(barsIn(market.clock(6_500)), ['1s 1000 r0 1: incomplete', '1s 5000 r0 1: incomplete']);
    market.connection(true, 8_000);
    assert.deepEqual(barsIn(market.feed([covered(500)])), ['1s 1000 r1 1: whole', '1s 5000 r1 1: whole']);
  });

  test('when the connection was lost and what it missed cannot be had', () => {
    const market = marketOf({ intervals: ['1s', '1m'], ...REVISED });
    market.eventsAt(1_500, aTrade('IBM', 0), aTrade('IBM', 1_500));
    market.connection(false, 1_600);
    market.clock(5_000);
    market.connection(true, 5_000);
    assert.deepEqual(barsIn(market.feed([LOST])), []);
    const next = market.eventsAt(7_500, aTrade('IBM', 6_500), aTrade('IBM', 7_500));
    assert.deepEqual(barsIn(next), ['1s 6000 r0 1: incomplete']);
    assert.deepEqual(barsIn(market.clock(61_000)), ['1s 7000 r0 1: whole', '1m 0 r0 4: incomplete']);
  });

  test('when the symbol was added amid its time', () => {
    const market = marketOf({ intervals: ['1s', '1m'] });
    market.events(aTrade('SPY', 0), aTrade('SPY', 2_000));
    market.step({ type: 'added', symbols: ['IBM'], stamps: { receivedNs: 0n, decodedNs: 0n } });
    const later = [2_500, 3_100, 61_000, 121_000].map((ms) => aTrade('IBM', ms));
    const ofIbm = market.events(...later).filter((output) => output.kind === 'bar' && output.topic.startsWith('IBM/'));
    assert.deepEqual(barsIn(ofIbm), [
      '1s 2000 r0 1: incomplete',
      '1s 3000 r0 1: whole',
      '1m 0 r0 2: incomplete',
      '1s 61000 r0 1: whole',
      '1m 60000 r0 1: whole',
    ]);
  });
});

describe('a gap', () => {
  test('is only counted, unless it is configured to halt: then the data is invalid for the clean time', () => {
    for (const severity of ['count', 'halt'] as const) {
      const market = marketOf({ quality: { gap: { severity } } });
      market.events(aTrade('IBM', 0));
      const said: string[] = ofKind(market.feed([LOST]), 'dataState').map(({ payload }) => payload.reasons.join());
      assert.deepEqual(said, severity === 'halt' ? ['gap: trades 5 to 6 are lost, allowed are none'] : []);
      assert.deepEqual(market.told, ['IBM gap: trades 5 to 6 are lost, allowed are none', 'lost']);
      const later = ofKind(market.events(aTrade('IBM', 1_000)), 'dataState').map(({ payload }) => payload.valid);
      assert.deepEqual(later, severity === 'halt' ? [true] : []);
    }
  });
});

describe('the warm-up', () => {
  test("gives the venue's bars of before as history, each once, and none that was not over", () => {
    const market = marketOf({ intervals: ['1m'], isLive: true });
    const atMs = 10 * MINUTE_MS + 500;
    const bars = [8, 9, 9, 10].map((minute) => aVenueBar('1m', minute * MINUTE_MS));
    const crooked = aVenueBar('1m', 9 * MINUTE_MS + 1);
    assert.deepEqual(barsIn(market.feed([begins(atMs), ...bars, crooked])), [
      `1m ${8 * MINUTE_MS} r0 4: history`,
      `1m ${9 * MINUTE_MS} r0 4: history`,
    ]);
    assert.deepEqual(market.told, ['unpublished venue-bar', 'unpublished venue-bar', 'unpublished venue-bar']);
    const [bar] = ofKind(market.feed([begins(atMs, true, 'SPY'), aVenueBar('1m', 0, { symbol: 'SPY' })]), 'bar');
    assert.equal(bar?.topic, 'SPY/bar.1m');
    assert.deepEqual([bar?.payload.endNs, bar?.payload.volume], [nsAt(MINUTE_MS), '3']);
    assert.equal(market.state.symbols.size, 0, 'of bars alone nothing is said of the data');
  });

  test('makes the bars in progress whole, and says of shorter ones before that they are history', () => {
    const market = marketOf({ intervals: ['1s', '1m', '5m'], ...REVISED });
    const fetched: FeedOutput[] = [60_500, 70_500].map((ms) => {
      return { kind: 'event', event: aTrade('IBM', ms), recovered: true };
    });
    market.feed([begins(75_000), covered(60_000), ...fetched], 80_000);
    const live = [80_100, 81_000, 120_000, 300_000].map((ms) => aTrade('IBM', ms));
    assert.deepEqual(barsIn(market.eventsAt(300_000, ...live)), [
      '1s 60000 r0 1: history',
      '1s 70000 r0 1: history',
      '1s 80000 r0 1: whole',
      '1s 81000 r0 1: whole',
      '1m 60000 r0 4: whole',
      '1s 120000 r0 1: whole',
      '1m 120000 r0 1: whole',
      '5m 0 r0 5: incomplete',
    ]);
  });

  test('has no part in bars by activity, which count from when we began to listen', () => {
    const market = marketOf({ bars: { activity: [{ kind: 'tick', threshold: '2' }] }, isLive: true });
    const recovered = (ms: number): FeedOutput => ({ kind: 'event', event: aTrade('IBM', ms), recovered: true });
    const outputs = [
      ...market.feed([begins(75_000), covered(60_000), recovered(60_500), recovered(70_500)], 80_000),
      ...market.eventsAt(80_100, aTrade('IBM', 80_100)),
      ...market.feed([recovered(79_000)], 80_200),
      ...market.eventsAt(80_300, aTrade('IBM', 80_300)),
    ];
    assert.deepEqual(
      ofKind(outputs, 'activityBar').map(({ payload }) => [payload.startNs, payload.endNs]),
      [[nsAt(80_100), nsAt(80_300)]],
    );
  });

  test('that could not reach back leaves the bars in progress incomplete', () => {
    const market = marketOf({ intervals: ['1m'], ...REVISED });
    market.feed([begins(75_000)], 80_000);
    assert.deepEqual(barsIn(market.eventsAt(121_000, aTrade('IBM', 80_100), aTrade('IBM', 121_000))), [
      '1m 60000 r0 1: incomplete',
    ]);
  });

  test('of a market whose time is another one than ours hides none of its bars', () => {
    const market = marketOf({ intervals: ['1m'] });
    market.feed([begins(365 * 86_400_000)]);
    assert.deepEqual(barsIn(market.events(aTrade('IBM', 0), aTrade('IBM', 61_000), aTrade('IBM', 121_000))), [
      '1m 0 r0 1: whole',
      '1m 60000 r0 1: whole',
    ]);
  });

  test('of a venue whose clock is behind ours gives no bar anew that its own bars have told', () => {
    const market = marketOf({ intervals: ['1m'], isLive: true });
    assert.equal(barsIn(market.feed([begins(70_000), aVenueBar('1m', 0)])).length, 1);
    assert.deepEqual(barsIn(market.eventsAt(75_000, aTrade('IBM', 55_000), aTrade('IBM', 61_000))), []);
    assert.deepEqual(barsIn(market.clock(121_000)), ['1m 60000 r0 1: whole']);
  });

  test('takes bars of the regular session alone when those of our own are', () => {
    // 9:00 and 16:00 of New York, and 12:00.
    const hours = [-3, 0, 4].map((hour) => aVenueBar('1h', hour * 3_600_000));
    for (const [session, expected] of [['all', 3] as const, ['regular', 1] as const]) {
      const market = marketOf({ intervals: ['1h'], bars: { session } });
      assert.equal(ofKind(market.feed([begins(6 * 3_600_000), ...hours]), 'bar').length, expected);
    }
  });

  const INTERVALS = ['1s', '1m', '5m'] as const;
  const scenario = fc.record({
    /** When it began, by our clock, and when the first live trade comes. */
    beginMs: fc.integer({ min: 0, max: 900_000 }),
    skewMs: fc.integer({ min: -30_000, max: 60_000 }),
    wholeMs: fc.constantFrom(60_000, 300_000),
    history: fc.array(fc.tuple(fc.constantFrom(...INTERVALS.slice(1)), fc.integer({ min: 0, max: 30 })), {
      maxLength: 40,
    }),
    hasBars: fc.boolean(),
    /** Steps between trades in ms, and whether the connection fails before the trade. */
    trades: fc.array(fc.tuple(fc.integer({ min: 0, max: 90_000 }), fc.integer({ min: 0, max: 9 })), {
      minLength: 1,
      maxLength: 40,
    }),
    /** Where between live trades the answer with the bars comes. */
    answerAt: fc.integer({ min: 0, max: 40 }),
  });

  test('never gives a bar twice, from history and from trades, and no revision of one twice', () => {
    fc.assert(
      fc.property(scenario, ({ beginMs, skewMs, wholeMs, history, hasBars, trades, answerAt }) => {
        const market = marketOf({ intervals: INTERVALS, ...REVISED });
        const wholeFromMs = beginMs - (beginMs % wholeMs);
        const answer = hasBars ? history.map(([each, n]) => aVenueBar(each, n * lengthMs(each))) : [];
        const published: MarketOutput[] = [];
        const fetched: FeedOutput[] = [wholeFromMs, (wholeFromMs + beginMs) >> 1].map((ms) => {
          return { kind: 'event', event: aTrade('IBM', ms, { tradeId: `past-${ms}` }), recovered: true };
        });
        published.push(...market.feed([begins(beginMs, hasBars), covered(wholeFromMs), ...fetched], beginMs + 5_000));
        let ms = beginMs + 5_000 + skewMs;
        for (const [at, [stepMs, fault]] of trades.entries()) {
          if (at === answerAt) published.push(...market.feed(answer));
          if (fault === 0) published.push(...market.connection(false, ms), ...market.clock(ms + stepMs));
          if (fault === 0) published.push(...market.connection(true, ms));
          if (fault === 1) published.push(...market.feed([LOST]));
          ms += stepMs;
          published.push(...market.eventsAt(ms, aTrade('IBM', ms)));
        }
        if (answerAt >= trades.length) published.push(...market.feed(answer));
        published.push(...market.clock(ms + 86_400_000));
        const bars = ofKind(published, 'bar').map(({ payload }) => payload);
        const names = bars.map(({ interval, startNs, revision }) => `${interval} ${startNs} r${revision}`);
        assert.deepEqual(
          names.filter((name, at) => names.indexOf(name) !== at),
          [],
        );
        const makers = new Map<string, boolean>();
        for (const { interval, startNs, history: isHistory } of bars) {
          const name = `${interval} ${startNs}`;
          assert.equal(makers.get(name) ?? isHistory, isHistory, name);
          makers.set(name, isHistory === true);
        }
      }),
    );
  });
});

function lengthMs(interval: BarInterval): number {
  return Number(BAR_INTERVALS_NS[interval] / 1_000_000n);
}

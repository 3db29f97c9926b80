import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { judgeOutlier } from '../src/core/quality/outlier.ts';
import { judgeJump, openJump } from '../src/core/quality/price-jump.ts';
import { medianDeviation, medianOf, pushValue, valueWindow } from '../src/core/quality/value-window.ts';
import { aBook, aQuote, aTrade, inWords, marketOf, nsAt, ofKind } from './market-builders.ts';
import './seed.ts';

function naiveMedian(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const upper = sorted[middle] as number;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] as number) + upper) / 2;
}

describe('the window', () => {
  test('has the median and the median deviation of exactly the last values, as sorting them says', () => {
    // Few different numbers make ties, many make none.
    const numbers = fc.oneof(fc.integer({ min: 1, max: 6 }), fc.integer({ min: 1, max: 1_000_000 }));
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 40 }), fc.array(numbers, { maxLength: 150 }), (capacity, values) => {
        const window = valueWindow(capacity);
        for (const [i, value] of values.entries()) {
          pushValue(window, value);
          const last = values.slice(Math.max(0, i + 1 - capacity), i + 1);
          const median = medianOf(window);
          assert.equal(median, naiveMedian(last));
          for (const center of [median, last[0] as number, 0, 2_000_000]) {
            assert.equal(medianDeviation(window, center), naiveMedian(last.map((x) => Math.abs(x - center))));
          }
        }
      }),
      { numRuns: 300 },
    );
  });

  test('is empty at first, and has room for at least one', () => {
    assert.ok(Number.isNaN(medianOf(valueWindow(3))));
    assert.ok(Number.isNaN(medianDeviation(valueWindow(3), 1)));
    assert.throws(() => valueWindow(0), /window of 0 values/);
  });
});

describe('an outlier', () => {
  const limits = { maxScore: 3.5, minRatio: 0.01 };

  test('is scored by the modified z-score of the values before it', () => {
    // Median 100, deviations 0 1 1 2 2: median deviation 1, so 0.6745 · 5 = 3.3725 passes and 0.6745 · 6 = 4.047 does not.
    const filled = () => {
      const window = valueWindow(5);
      for (const value of [98, 99, 100, 101, 102]) pushValue(window, value);
      return window;
    };
    assert.equal(judgeOutlier(filled(), 105, limits), undefined);
    assert.equal(judgeOutlier(filled(), 106, limits), 'price 106 has score 4.047 against median 100, allowed 3.5');
  });

  test('is none before the window is full, nor near to the median of a market that stood still', () => {
    const window = valueWindow(4);
    assert.equal(judgeOutlier(window, 100, limits), undefined);
    for (const price of [900, 100, 100, 100, 100]) judgeOutlier(window, price, limits);
    assert.equal(judgeOutlier(window, 100.9, limits), undefined);
    assert.match(judgeOutlier(window, 102, limits) ?? '', /score infinite/);
  });

  test('stops being one when the market stays there', () => {
    const window = valueWindow(9);
    for (let i = 0; i < 9; i += 1) judgeOutlier(window, 100, limits);
    const findings = Array.from({ length: 20 }, () => judgeOutlier(window, 120, limits) !== undefined);
    assert.deepEqual(findings.slice(-12), Array(12).fill(false));
    assert.equal(findings[0], true);
  });
});

describe('a price jump', () => {
  const limits = { maxRatio: 0.1, confirmations: 3 };
  const judged = (...prices: number[]) => {
    const state = openJump();
    return prices.map((price) => judgeJump(state, price, limits));
  };

  test('is found against the last good price, up and down', () => {
    assert.deepEqual(judged(100, 110, 121, 134), ['good', 'good', 'good', 'jumped']);
    assert.deepEqual(judged(100, 90, 80.9), ['good', 'good', 'jumped']);
  });

  test('becomes the market when so many trades in a row agree on it', () => {
    assert.deepEqual(judged(100, 150, 151, 152, 150), ['good', 'jumped', 'jumped', 'rebased', 'good']);
  });

  test('is forgotten when a trade at the good price comes between, or when the trades do not agree', () => {
    assert.deepEqual(judged(100, 150, 150, 100, 150, 150), ['good', 'jumped', 'jumped', 'good', 'jumped', 'jumped']);
    assert.deepEqual(judged(100, 150, 300, 150, 300), ['good', 'jumped', 'jumped', 'jumped', 'jumped']);
  });

  test('never rejects the market for ever: whatever came before, so many trades at one price are good', () => {
    const prices = fc.array(fc.double({ min: 0.01, max: 1e6, noNaN: true }), { maxLength: 30 });
    fc.assert(
      fc.property(prices, fc.double({ min: 0.01, max: 1e6, noNaN: true }), (before, price) => {
        const findings = judged(...before, price, price, price, price);
        assert.equal(findings.at(-1), 'good');
        assert.notEqual(findings.at(-2), 'jumped');
      }),
    );
  });
});

describe('the data of a symbol', () => {
  test('is invalid from a jump on, for as long as it is not clean for the clean time', () => {
    const market = marketOf();
    market.events(aTrade('IBM', 0, { price: '100' }));
    assert.deepEqual(inWords(market.events(aTrade('IBM', 100, { price: '150' }))), [
      'IBM/trade price-jump',
      'IBM/data invalid: price-jump: price 150 is 50 % from 100, allowed 10 %',
    ]);
    assert.deepEqual(
      inWords(market.events(aTrade('IBM', 500, { price: '160' }))),
      ['IBM/trade price-jump'],
      'said once',
    );
    assert.deepEqual(inWords(market.events(aTrade('IBM', 600, { price: '101' }))), ['IBM/trade']);
    assert.deepEqual(inWords(market.events(aTrade('IBM', 1499, { price: '101' }))).at(-1), 'IBM/trade');
    assert.deepEqual(inWords(market.events(aTrade('IBM', 1500, { price: '101' }))).at(-1), 'IBM/data valid');
  });

  test('says since when, on our own clock', () => {
    const market = marketOf();
    market.eventsAt(7, aTrade('IBM', 0, { price: '100' }));
    const [invalid] = ofKind(market.eventsAt(8, aTrade('IBM', 100, { price: '150' })), 'dataState');
    assert.deepEqual([invalid?.topic, invalid?.payload.valid, invalid?.payload.sinceNs], ['IBM/data', false, nsAt(8)]);
  });

  test('a rule with severity tag marks the event and leaves the data valid; with count it only counts', () => {
    const jump = { maxRatio: 0.1, confirmations: 3 };
    for (const [severity, words] of [
      ['tag', ['IBM/trade price-jump']],
      ['count', ['IBM/trade']],
    ] as const) {
      const market = marketOf({ quality: { priceJump: { ...jump, severity } } });
      market.events(aTrade('IBM', 0));
      assert.deepEqual(inWords(market.events(aTrade('IBM', 1, { price: '20' }))), words);
      assert.deepEqual(market.told, ['IBM price-jump: price 20 is 100 % from 10, allowed 10 %']);
    }
  });

  test('a crossed quote is tagged, a locked or one-sided one is not', () => {
    const market = marketOf();
    const quotes = [{ bidPx: '12' }, { bidPx: '11' }, { bidPx: null, bidSize: '0' }];
    assert.deepEqual(inWords(market.events(...quotes.map((fields, i) => aQuote('IBM', i, fields)))), [
      'IBM/quote crossed-quote',
      'IBM/data valid',
      'IBM/quote',
      'IBM/quote',
    ]);
    assert.deepEqual(market.told, ['IBM crossed-quote: bid 12 > ask 11']);
  });

  test('zero and negative amounts are tagged and in no bar', () => {
    const market = marketOf();
    market.events(
      aTrade('IBM', 1, { size: '0' }),
      aTrade('IBM', 2, { price: '-1' }),
      aQuote('IBM', 3, { askSize: '-1' }),
    );
    assert.deepEqual(
      market.told.map((word) => word.split(':')[0]),
      ['IBM not-positive', 'IBM unbarred suspect', 'IBM not-positive', 'IBM unbarred suspect', 'IBM not-positive'],
    );
    assert.deepEqual(ofKind(market.clock(5_000), 'bar'), []);
  });

  test('a time of the future neither moves the clock nor opens a bar, at live pace; a replay has none', () => {
    const market = marketOf({ isLive: true });
    market.eventsAt(0, aTrade('IBM', 0));
    assert.deepEqual(inWords(market.eventsAt(10, aTrade('IBM', 3_600_000))), ['IBM/trade future-time']);
    assert.deepEqual(market.told, [
      'IBM future-time: 3599990 ms ahead of our clock, allowed 1000 ms',
      'IBM unbarred suspect',
    ]);
    assert.equal(market.state.marketNowNs, nsAt(0));
    const replay = marketOf();
    replay.events(aTrade('IBM', 3_600_000));
    assert.deepEqual(replay.told, []);
  });

  test('a symbol is stale when nothing of it comes, once, and is valid again after the clean time', () => {
    const market = marketOf({ isLive: true });
    market.eventsAt(0, aTrade('IBM', 0));
    assert.deepEqual(ofKind(market.clock(10_000), 'dataState'), []);
    const [invalid] = ofKind(market.clock(10_001), 'dataState');
    assert.deepEqual(invalid?.payload.reasons, ['stale: nothing came for 10001 ms, allowed 10000 ms']);
    assert.deepEqual(ofKind(market.clock(20_000), 'dataState'), []);
    assert.deepEqual(inWords(market.eventsAt(20_100, aTrade('IBM', 20_100))), ['IBM/trade']);
    assert.deepEqual(ofKind(market.clock(21_000), 'dataState'), []);
    assert.equal(ofKind(market.clock(21_100), 'dataState')[0]?.payload.valid, true);
    assert.equal(market.told.length, 1);
  });

  test('without the feed no data is valid, and its return counts the silence anew', () => {
    const market = marketOf({ isLive: true });
    market.connection(true);
    market.eventsAt(0, aTrade('IBM', 0), aTrade('SPY', 0));
    assert.deepEqual(inWords(market.connection(false, 50)), [
      'IBM/data invalid: feed: found disconnected, needed subscribed',
      'SPY/data invalid: feed: found disconnected, needed subscribed',
    ]);
    assert.deepEqual(
      inWords(market.clock(60_000)).filter((word) => word.includes('/data')),
      [],
      'nobody is stale',
    );
    market.connection(true, 60_000);
    assert.deepEqual(inWords(market.clock(60_999)), []);
    assert.deepEqual(inWords(market.clock(61_000)), ['IBM/data valid', 'SPY/data valid']);
  });

  test('that was stale when the feed was lost is valid again with the feed', () => {
    const market = marketOf({ isLive: true });
    market.eventsAt(0, aTrade('IBM', 0));
    market.clock(20_000);
    market.connection(false, 20_000);
    market.clock(30_000);
    market.connection(true, 30_000);
    market.eventsAt(30_100, aTrade('IBM', 30_100));
    assert.deepEqual(inWords(market.clock(31_100)).at(-1), 'IBM/data valid');
  });

  test('is what its book is: invalid without a snapshot, valid a clean time after one', () => {
    const market = marketOf();
    assert.deepEqual(inWords(market.bookInvalid('no-snapshot')), [
      'BTC-USD/data invalid: book: found no-snapshot, needed valid',
    ]);
    market.events(aBook(0, { snapshot: true, bids: [['9', '1']], asks: [['11', '1']] }));
    assert.deepEqual(inWords(market.clock(1_000)), ['BTC-USD/data valid']);
    assert.deepEqual(inWords(market.bookInvalid('sequence')), [
      'BTC-USD/book',
      'BTC-USD/data invalid: book: found sequence, needed valid',
    ]);
    assert.deepEqual(inWords(market.bookInvalid('sequence')), [], 'said once');
  });

  test('is invalid for what stands now: another reason of the same book is said at once', () => {
    const market = marketOf();
    market.bookInvalid('no-snapshot');
    assert.deepEqual(inWords(market.bookInvalid('refused')), [
      'BTC-USD/book',
      'BTC-USD/data invalid: book: found refused, needed valid',
    ]);
    assert.deepEqual(inWords(market.bookInvalid('refused')), [], 'said once');
  });

  test('says the newest numbers of a broken rule, once a second at most, since when it was broken first', () => {
    const market = marketOf();
    market.eventsAt(0, aTrade('IBM', 0, { price: '100' }));
    const said = [0, 400, 999, 1_000, 1_100, 2_100].map((ms, i) => {
      const trade = aTrade('IBM', ms, { price: String(i % 2 === 0 ? 200 + i : 400 + i) });
      return ofKind(market.eventsAt(ms, trade), 'dataState').map(({ payload: { valid, reasons, sinceNs } }) => {
        assert.deepEqual([valid, sinceNs], [false, nsAt(0)]);
        return reasons.join();
      });
    });
    const jump = (found: string) => [`price-jump: price ${found} from 100, allowed 10 %`];
    assert.deepEqual(said, [jump('200 is 100 %'), [], [], jump('403 is 303 %'), [], jump('405 is 305 %')]);
    assert.deepEqual(inWords(market.clock(3_099)), []);
    assert.deepEqual(inWords(market.clock(3_100)), ['IBM/data valid']);
  });

  test('is not clean at the first time of the venue, when its book came before there was any', () => {
    const market = marketOf();
    market.bookInvalid('no-snapshot');
    const book = { snapshot: true, bids: [['9', '1']], asks: [['11', '1']] } as const;
    assert.deepEqual(inWords(market.events(aBook(0, { ...book, venueTsSource: 'receipt' }))), ['BTC-USD/book']);
    assert.deepEqual(inWords(market.events(aQuote('BTC-USD', 5_000))), ['BTC-USD/quote']);
    assert.deepEqual(inWords(market.events(aQuote('BTC-USD', 5_999))), ['BTC-USD/quote']);
    assert.deepEqual(inWords(market.events(aQuote('BTC-USD', 6_000))), ['BTC-USD/quote', 'BTC-USD/data valid']);
  });

  test('has been clean for as long as our clock says, up to the first time of the venue', () => {
    const market = marketOf({ isLive: true });
    market.bookInvalid('no-snapshot');
    const book = { snapshot: true, bids: [['9', '1']], asks: [['11', '1']] } as const;
    market.eventsAt(0, aBook(0, { ...book, venueTsSource: 'receipt' }));
    const stamps = { receivedNs: nsAt(700), decodedNs: nsAt(700) };
    assert.deepEqual(inWords(market.step({ type: 'clock', marketNowNs: 700_000_000n, stamps })), []);
    assert.deepEqual(inWords(market.eventsAt(700, aQuote('BTC-USD', 690))), ['BTC-USD/quote']);
    assert.deepEqual(inWords(market.clock(989)), []);
    assert.deepEqual(inWords(market.clock(990)), ['BTC-USD/data valid']);
  });
});

describe('a trade that jumps', () => {
  const bars = (market: ReturnType<typeof marketOf>, ms: number) =>
    ofKind(market.clock(ms), 'bar').map(({ payload }) => `${payload.high} ${payload.tradeCount}`);

  test('is in its bar once it is confirmed', () => {
    const market = marketOf();
    const prices = ['100', '150', '151', '152'];
    market.events(...prices.map((price, i) => aTrade('IBM', i, { price })));
    assert.deepEqual(bars(market, 1000), ['152 4']);
  });

  test('is in none when the market stays where it was, and that is counted', () => {
    const market = marketOf();
    const prices = ['100', '150', '101'];
    market.events(...prices.map((price, i) => aTrade('IBM', i, { price })));
    assert.deepEqual(bars(market, 1000), ['101 2']);
    assert.ok(market.told.includes('IBM unbarred unconfirmed'));
  });

  test('is held in no greater number than could still be confirmed', () => {
    const market = marketOf();
    market.events(aTrade('IBM', 0, { price: '100' }));
    for (let i = 1; i <= 50; i += 1) market.events(aTrade('IBM', i, { price: i % 2 === 0 ? '200' : '400' }));
    assert.equal(market.state.symbols.get('IBM')?.unconfirmed.length, 3);
    assert.equal(market.told.filter((word) => word.endsWith('unconfirmed')).length, 47);
  });

  test('that makes no price by its sale conditions is no jump, and settles none', () => {
    const market = marketOf();
    market.events(aTrade('IBM', 0, { price: '100' }), aTrade('IBM', 1, { price: '150', conditions: ['W'] }));
    assert.equal(market.told.length, 0);
    market.events(aTrade('IBM', 2, { price: '150' }), aTrade('IBM', 3, { price: '100', conditions: ['W'] }));
    market.events(aTrade('IBM', 4, { price: '150' }), aTrade('IBM', 5, { price: '150' }));
    assert.ok(!market.told.some((word) => word.endsWith('unconfirmed')));
  });
});

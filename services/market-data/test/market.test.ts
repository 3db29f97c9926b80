import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { FeedEvent, MarketOutput } from '../src/core/index.ts';
import { aQuote, aTrade, inWords, marketOf, nsAt, ofKind, STAMPS } from './market-builders.ts';
import './seed.ts';

/** All that was published but for the first word on a symbol's data. */
const ticksAndBars = (outputs: readonly MarketOutput[]) => inWords(outputs).filter((word) => !word.endsWith('valid'));

test('bars that a message closes come before the message', () => {
  const market = marketOf();
  market.events(aTrade('IBM', 100, { size: '2' }), aTrade('IBM', 900, { size: '3' }));
  assert.deepEqual(inWords(market.events(aTrade('IBM', 1000))), ['IBM/bar.1s from 0 ms: 2 of 5', 'IBM/trade']);
});

test('a quote closes bars as well, and has no part in them', () => {
  const market = marketOf();
  market.events(aTrade('IBM', 100), aQuote('IBM', 999));
  assert.deepEqual(inWords(market.events(aQuote('IBM', 1000))), ['IBM/bar.1s from 0 ms: 1 of 1', 'IBM/quote']);
});

test("the market's time closes the bars of every symbol, whichever symbol moved it", () => {
  const market = marketOf();
  market.events(aTrade('IBM', 100), aTrade('SPY', 200), aTrade('AAPL', 300));
  assert.deepEqual(inWords(market.events(aQuote('MSFT', 5000))), [
    'IBM/bar.1s from 0 ms: 1 of 1',
    'SPY/bar.1s from 0 ms: 1 of 1',
    'AAPL/bar.1s from 0 ms: 1 of 1',
    'MSFT/quote',
    'MSFT/data valid',
  ]);
  assert.deepEqual(inWords(market.clock(9_000)), [], 'each closes once');
});

test('a bar closes by the clock when no trade comes, and says when that was seen', () => {
  const market = marketOf({ intervals: ['1s', '1m'] });
  market.events(aTrade('IBM', 100));
  assert.deepEqual(market.clock(999), []);
  const [bar] = ofKind(market.clock(1000), 'bar');
  assert.equal(bar?.topic, 'IBM/bar.1s');
  assert.equal(bar?.payload.receivedNs, nsAt(1000));
  assert.equal(bar?.payload.endNs, nsAt(1000));
  assert.deepEqual(ticksAndBars(market.clock(59_999)).slice(1), []);
  assert.deepEqual(
    ofKind(market.clock(60_000), 'bar').map(({ topic }) => topic),
    ['IBM/bar.1m'],
  );
});

test('a clock that goes back closes nothing and reopens nothing', () => {
  const market = marketOf();
  market.events(aTrade('IBM', 5000));
  assert.deepEqual(market.clock(1000), []);
  assert.equal(market.state.marketNowNs, nsAt(5000));
});

test('without revisions a trade whose bar has closed is published and counted once, in no bar', () => {
  const market = marketOf({ intervals: ['1s', '1m'] });
  market.events(aTrade('IBM', 100), aTrade('IBM', 1100));
  assert.deepEqual(inWords(market.events(aTrade('IBM', 500, { size: '7' }))), ['IBM/trade']);
  assert.deepEqual(market.told, ['IBM unbarred late']);
  assert.deepEqual(inWords(market.clock(2000)), ['IBM/bar.1s from 1000 ms: 1 of 1']);
  // The minute was still open and has it.
  assert.equal(ofKind(market.clock(60_000), 'bar')[0]?.payload.volume, '9');
});

test('with revisions a late trade publishes its bar again, and a cancel takes a trade out of it', () => {
  const market = marketOf({ bars: { reviseWithinMs: 60_000 } });
  market.events(aTrade('IBM', 100), aTrade('IBM', 1100));
  assert.deepEqual(inWords(market.events(aTrade('IBM', 500, { size: '7' }))), [
    'IBM/trade',
    'IBM/bar.1s from 0 ms: 2 of 8, revision 1',
  ]);
  const cancel = { exchange: 'V', tradeId: '500', price: '10', size: '7', action: 'C', tape: 'C' };
  assert.deepEqual(inWords(market.events({ kind: 'cancel', symbol: 'IBM', ...cancel, venueTsNs: nsAt(1200) })), [
    'IBM/cancel',
    'IBM/bar.1s from 0 ms: 1 of 1, revision 2',
  ]);
  assert.deepEqual(market.told, []);
});

test('a cancel takes back the trade of its own exchange, whatever others have numbered alike', () => {
  const market = marketOf({ bars: { reviseWithinMs: 60_000 } });
  const tradeId = '7';
  market.events(
    aTrade('IBM', 100, { tradeId, exchange: 'V', size: '3' }),
    aTrade('IBM', 200, { tradeId, exchange: 'D', size: '5' }),
    aTrade('IBM', 1100),
  );
  const cancel = { exchange: 'V', tradeId, price: '10', size: '3', action: 'C', tape: 'C' };
  assert.deepEqual(inWords(market.events({ kind: 'cancel', symbol: 'IBM', ...cancel, venueTsNs: nsAt(1200) })), [
    'IBM/cancel',
    'IBM/bar.1s from 0 ms: 1 of 5, revision 1',
  ]);
});

test('a recovered trade is published as such, finds its bar and says nothing of the present', () => {
  const market = marketOf({ bars: { reviseWithinMs: 60_000 } });
  market.events(aTrade('IBM', 100), aTrade('IBM', 5_000));
  assert.deepEqual(inWords(market.recovered(aTrade('IBM', 700, { price: '90' }))), [
    'IBM/trade recovered',
    'IBM/bar.1s from 0 ms: 2 of 2, revision 1',
  ]);
  assert.deepEqual(market.told, []);
});

test('bars by activity are published beside those by time', () => {
  const market = marketOf({ bars: { activity: [{ kind: 'tick', threshold: '2' }] } });
  market.events(aTrade('IBM', 100));
  assert.deepEqual(inWords(market.events(aTrade('IBM', 200))), ['IBM/trade', 'IBM/bar.tick.2']);
});

test('what the protocol could not read is told and changes nothing', () => {
  const market = marketOf();
  const published = market.feed([
    { kind: 'event', event: aTrade('IBM', 1), recovered: false },
    { kind: 'rejected', reason: 'price', text: 'price: -1' },
    { kind: 'unknown', type: 'z' },
    { kind: 'duplicate', symbol: 'IBM', what: 'trade' },
    { kind: 'lost', symbol: 'IBM', topic: 'trade', from: 1, to: 2 },
  ]);
  assert.deepEqual(inWords(published), ['IBM/trade', 'IBM/data valid']);
  const gap = 'IBM gap: trades 1 to 2 are lost, allowed are none';
  assert.deepEqual(market.told, ['rejected price', 'unknown', 'duplicate', gap, 'lost']);
});

test('a trade too fine or too large for its units is published and in no bar', () => {
  const market = marketOf();
  const published = market.events(aTrade('IBM', 1, { size: '0.00000001' }), aTrade('IBM', 2, { size: '1e' }));
  assert.deepEqual(inWords(published).slice(0, 2), ['IBM/trade', 'IBM/data valid']);
  assert.equal(market.told[0], 'IBM unbarred precision');
});

test('bands, imbalances, corrections and cancels are messages of their own, as the venue sent them', () => {
  const market = marketOf();
  const told = { symbol: 'IBM', tape: 'C', venueTsNs: nsAt(1) };
  const terms = { tradeId: '7', price: '10.5', size: '3', conditions: ['@'] };
  const [correction, ...others] = market.events(
    {
      ...{ kind: 'correction', exchange: 'V', ...told },
      ...{ original: { ...terms, tradeId: '6', conditions: [] }, corrected: terms },
    },
    { kind: 'cancel', exchange: 'V', tradeId: '7', price: '10.5', size: '3', action: 'C', ...told },
    { kind: 'luld', limitUpPx: '11', limitDownPx: '9', indicator: 'B', ...told },
    { kind: 'imbalance', price: '10', ...told },
  );
  assert.deepEqual(correction, {
    ...{ kind: 'correction', topic: 'IBM/correction' },
    payload: {
      ...{ exchange: 'V', tape: 'C', venueTsNs: nsAt(1), ...STAMPS },
      ...{ original: { ...terms, tradeId: '6', conditions: [] }, corrected: terms },
    },
  });
  const topics = others.map((output) => output.kind !== 'resync' && output.topic);
  assert.deepEqual(topics, ['IBM/data', 'IBM/cancel', 'IBM/luld', 'IBM/imbalance']);
  assert.deepEqual(ofKind(others, 'luld')[0]?.payload, {
    ...{ limitUpPx: '11', limitDownPx: '9', indicator: 'B', tape: 'C', venueTsNs: nsAt(1), ...STAMPS },
  });
  assert.equal(market.state.marketNowNs, 0n, 'they do not move the time of the market');
  assert.deepEqual(market.told, ['IBM unbarred not-held', 'IBM unbarred not-held']);
});

test('an instrument is published, and its increments are the units of its bars', () => {
  const market = marketOf();
  const instrument: FeedEvent = {
    ...{ kind: 'instrument', symbol: 'BTC-USD', venueSymbol: 'BTC/USD', assetClass: 'crypto', minQty: null },
    ...{ priceIncrement: '0.01', qtyIncrement: '0.0001', tradable: true, shortable: false, session: 'continuous' },
  };
  assert.deepEqual(inWords(market.events(instrument)), ['BTC-USD/instrument']);
  market.events(aTrade('BTC-USD', 1, { price: '60000.01', size: '0.0001' }));
  assert.equal(market.state.symbols.get('BTC-USD')?.bars.instrument.qtyDecimals, 4);
});

test('another run begins with nothing of the one before', () => {
  const market = marketOf();
  market.events(aTrade('IBM', 90_000));
  market.step({ type: 'run', isLive: true, stamps: { receivedNs: 1n, decodedNs: 1n } });
  assert.deepEqual(inWords(market.eventsAt(100, aTrade('IBM', 100, { price: '99' }))), ['IBM/trade', 'IBM/data valid']);
  assert.deepEqual(market.told, []);
  assert.equal(market.state.config.isLive, true);
});

const streams = fc.array(
  fc.record({
    symbol: fc.constantFrom('IBM', 'SPY', 'AAPL'),
    ms: fc.integer({ min: 0, max: 200_000 }),
    isTrade: fc.boolean(),
    size: fc.integer({ min: 1, max: 1000 }).map(String),
  }),
  { maxLength: 80 },
);

test('every event is published once and in order, cut into frames in whatever way', () => {
  fc.assert(
    fc.property(streams, fc.integer({ min: 1, max: 9 }), (stream, frameSize) => {
      const market = marketOf({ intervals: ['1s', '1m'] });
      const events = stream.map(({ symbol, ms, isTrade, size }) =>
        isTrade ? aTrade(symbol, ms, { size }) : aQuote(symbol, ms),
      );
      const published: MarketOutput[] = [];
      for (let i = 0; i < events.length; i += frameSize) {
        published.push(...market.events(...events.slice(i, i + frameSize)));
      }
      assert.deepEqual(published, marketOf({ intervals: ['1s', '1m'] }).events(...events));
      const ticks = published.filter((output) => output.kind === 'trade' || output.kind === 'quote');
      assert.deepEqual(
        ticks.map(({ topic, payload }) => [topic, payload.venueTsNs]),
        stream.map(({ symbol, ms, isTrade }) => [`${symbol}/${isTrade ? 'trade' : 'quote'}`, nsAt(ms)]),
      );
    }),
  );
});

test('of each symbol the bars rise in time, and together they hold every trade that was not late', () => {
  fc.assert(
    fc.property(streams, (stream) => {
      const market = marketOf();
      const events = stream.map(({ symbol, ms, isTrade, size }) =>
        isTrade ? aTrade(symbol, ms, { size }) : aQuote(symbol, ms),
      );
      const bars = ofKind([...market.events(...events), ...market.clock(10_000_000)], 'bar');
      for (const ofTopic of Map.groupBy(bars, ({ topic }) => topic).values()) {
        const starts = ofTopic.map(({ payload }) => payload.startNs);
        const rising = [...new Set(starts)].toSorted((a, b) => Number(a - b));
        assert.deepEqual(starts, rising);
      }
      const inBars = bars.reduce((sum, { payload }) => sum + payload.tradeCount, 0);
      const late = market.told.filter((word) => word.endsWith('late')).length;
      assert.equal(inBars + late, stream.filter(({ isTrade }) => isTrade).length);
    }),
  );
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { encodeEnvelope } from '@tickpath/wire';
import fc from 'fast-check';
import { BOOK_FAULTS, type FeedEvent, type FeedOutput, type MarketInput } from '../src/core/index.ts';
import { marketOf, nsAt } from './market-builders.ts';
import './seed.ts';

const INT64_MAX = 2n ** 63n - 1n;
const symbols = fc.constantFrom('IBM', 'BTC-USD');
const times = fc.oneof(
  { weight: 8, arbitrary: fc.integer({ min: -5_000, max: 100_000_000 }).map(nsAt) },
  { weight: 1, arbitrary: fc.bigInt({ min: -INT64_MAX, max: INT64_MAX }) },
);
/** What protocols let through: decimal text of at most 20 characters; and what they do not, in case one does. */
const amounts = fc.oneof(
  { weight: 8, arbitrary: fc.integer({ min: 1, max: 100_000 }).map((n) => String(n / 100)) },
  { weight: 1, arbitrary: fc.stringMatching(/^(?:0|[1-9]\d{0,18})$/) },
  { weight: 1, arbitrary: fc.stringMatching(/^(?:0|[1-9]\d{0,3})\.\d{0,13}[1-9]$/) },
  { weight: 1, arbitrary: fc.constantFrom('0', '-1', '-0.5') },
);
const texts = fc.constantFrom('', '@', 'W', 'C');
const conditions = fc.array(texts, { maxLength: 2 });
const levels = fc.array(fc.tuple(amounts, amounts), { maxLength: 6 });
const ids = fc.integer({ min: 0, max: 20 }).map(String);
const trades = { tradeId: ids, price: amounts, size: amounts, conditions };
const common = { symbol: symbols, venueTsNs: times };
const words = { exchange: texts, tape: texts };
const venueTsSource = fc.constantFrom('venue' as const, 'inferred' as const, 'receipt' as const);

const events: fc.Arbitrary<FeedEvent> = fc.oneof(
  fc.record({
    ...{ kind: fc.constant('trade' as const), ...common, ...words, ...trades },
    takerSide: fc.constantFrom('BUY' as const, 'SELL' as const, null),
  }),
  fc.record({
    ...{ kind: fc.constant('quote' as const), ...common, bidExchange: texts, askExchange: texts, conditions },
    ...{ bidPx: fc.option(amounts), bidSize: amounts, askPx: fc.option(amounts), askSize: amounts },
    ...{ venueSeq: fc.constant(null), venueTsSource },
  }),
  fc.record({
    ...{ kind: fc.constant('book' as const), ...common, snapshot: fc.boolean(), bids: levels, asks: levels },
    ...{ venueSeq: fc.option(fc.nat()), checksum: fc.constant(null), venueTsSource },
  }),
  fc.record({
    ...{ kind: fc.constant('status' as const), ...common, statusCode: texts, statusMessage: texts, tape: texts },
    ...{ reasonCode: texts, reasonMessage: texts, effect: fc.constantFrom('halt' as const, 'none' as const) },
    venueTsSource,
  }),
  fc.record({ kind: fc.constant('cancel' as const), ...common, ...words, ...trades, action: texts }),
  fc.record({
    ...{ kind: fc.constant('correction' as const), ...common, ...words },
    ...{ original: fc.record(trades), corrected: fc.record(trades) },
  }),
  fc.record({
    ...{ kind: fc.constant('instrument' as const), symbol: symbols, venueSymbol: symbols, minQty: fc.constant(null) },
    assetClass: fc.constantFrom('us_equity' as const, 'crypto' as const),
    ...{ priceIncrement: fc.constantFrom('1', '0.01'), qtyIncrement: fc.constantFrom('1', '0.00000001') },
    ...{ tradable: fc.boolean(), shortable: fc.boolean(), session: fc.constant('continuous' as const) },
  }),
  fc.record({ kind: fc.constant('imbalance' as const), ...common, price: amounts, tape: texts }),
);

const outputs: fc.Arbitrary<FeedOutput> = fc.oneof(
  { weight: 20, arbitrary: fc.record({ kind: fc.constant('event' as const), event: events, recovered: fc.boolean() }) },
  fc.record({ kind: fc.constant('book-invalid' as const), symbol: symbols, reason: fc.constantFrom(...BOOK_FAULTS) }),
  fc.record({ kind: fc.constant('unknown' as const), type: texts }),
);

const stamps = fc.integer({ min: 0, max: 200_000 }).map((ms) => ({ receivedNs: nsAt(ms), decodedNs: nsAt(ms) }));
const inputs: fc.Arbitrary<MarketInput> = fc.oneof(
  {
    weight: 12,
    arbitrary: fc.record({ type: fc.constant('feed' as const), outputs: fc.array(outputs, { maxLength: 8 }), stamps }),
  },
  fc.record({ type: fc.constant('connection' as const), isSubscribed: fc.boolean(), stamps }),
  fc.record({
    type: fc.constant('clock' as const),
    marketNowNs: fc.integer({ min: 0, max: 200_000 }).map(nsAt),
    stamps,
  }),
  fc.record({ type: fc.constant('run' as const), isLive: fc.boolean(), stamps }),
);

test('whatever protocols say, nothing is thrown and what is published is fit for the wire', () => {
  const header = { source: 'market-data', epoch: 1, seq: 1, tsNs: 1n, traceparent: null };
  fc.assert(
    fc.property(fc.array(inputs, { maxLength: 30 }), fc.boolean(), (stream, isLive) => {
      const market = marketOf({
        ...{ intervals: ['1s', '1m', '5m', '15m', '1h', '1d'], isLive },
        bars: {
          ...{ reviseWithinMs: 60_000, heldTrades: 5 },
          activity: [
            { kind: 'tick', threshold: '3' },
            { kind: 'dollar', threshold: '1000' },
          ],
        },
      });
      const validity = new Map<string, boolean>();
      for (const input of stream) {
        for (const output of market.step(input)) {
          if (output.kind === 'resync') continue;
          encodeEnvelope(output.kind, header, output.payload as never);
          if (output.kind === 'dataState') validity.set(output.topic, output.payload.valid);
        }
      }
      for (const { topics, data } of market.state.symbols.values()) {
        const said = validity.get(topics.data);
        if (data.said !== undefined) assert.equal(said, data.causes.size === 0, topics.data);
      }
    }),
    { numRuns: 500 },
  );
});

import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import { test } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Envelope, Kind, Payload } from '@tickpath/wire';
import fc from 'fast-check';
import { createBars } from '../src/core/market/bars.ts';
import type { MarketEvent } from '../src/core/market/event.ts';
import { createHistory } from '../src/core/market/history.ts';
import { shownQuote } from '../src/core/matching/matcher.ts';
import { createStreamFeed, type StreamListener } from '../src/feed/stream-feed.ts';
import { ASSETS, anAsset } from './builders.ts';
import { dataFolder } from './test-book.ts';
import { type ExchangeDesk, openDesk } from './test-exchange.ts';
import './seed.ts';

const SYMBOL = 'BTC/USD';
const STREAMED = 'BTC-USD';
const START_NS = 1_000_000_000n;
const UNIT = 10 ** anAsset(SYMBOL).priceDecimals;
const STAMPS = { venueTsNs: START_NS, receivedNs: START_NS, decodedNs: START_NS, venueTsSource: null };

/** A feed on a stream that the test makes, and the exchange that it shows it to. */
interface Stand {
  readonly desk: ExchangeDesk;
  readonly feed: ReturnType<typeof createStreamFeed>;
  readonly warnings: readonly string[];
  readonly dropped: ReadonlyMap<string, number>;
  /** What clients have been shown. */
  readonly told: readonly MarketEvent[];
  say<K extends Kind>(topic: string, kind: K, payload: Payload<K>): void;
  quote(bid: number, ask: number): void;
  trade(price: number): void;
  status(effect: 'halt' | 'resume' | 'none'): void;
  data(valid: boolean): void;
  book(fields: Partial<Payload<'book'>>): void;
  lose(topic: string): void;
  silence(silent: boolean): void;
  /** All that has come is played. */
  played(): Promise<void>;
  /** The best prices that orders can be filled at; 0: none. */
  shown(): readonly [bid: number, ask: number];
  [Symbol.asyncDispose](): Promise<void>;
}

async function openStand(maxWaiting = 1000): Promise<Stand> {
  const dataDir = dataFolder();
  const desk = await openDesk({ dataDir, startNs: START_NS });
  const warnings: string[] = [];
  const dropped = new Map<string, number>();
  const told: MarketEvent[] = [];
  let listener: StreamListener | undefined;
  const log = { info() {}, warn: (_: object, message: string) => void warnings.push(message) };
  const follow = (given: StreamListener) => {
    listener = given;
    return { close() {} };
  };
  const feed = createStreamFeed(
    { instrumentOf: ASSETS.instrumentOf, follow, maxWaiting, log },
    {
      ...{ exchange: desk.exchange, clock: { nowNs: () => desk.nowNs }, log, frameLimit: 16, slowClientBytes: 1 },
      market: {
        publish: (events) => void told.push(...events),
        ...{ subscriberCount: () => 0, mostBufferedBytes: () => 0 },
        ...{ closeSlow() {}, changed: () => Promise.resolve(), disconnectAll() {} },
      },
      ...{ bars: createBars(), history: createHistory({ eventsPerSymbol: 100 }), beginRun() {} },
      metrics: { ticks() {}, dropped: (kind, count) => void dropped.set(kind, (dropped.get(kind) ?? 0) + count) },
    },
  );
  const stopping = new AbortController();
  const running = feed.run(stopping.signal);
  const stream = () => {
    assert.ok(listener !== undefined, 'the feed follows');
    return listener;
  };
  stream().onRun('run-1');
  const say = <K extends Kind>(topic: string, kind: K, payload: Payload<K>) => {
    const header = { source: 'market-data', epoch: 1, seq: 1, tsNs: START_NS, traceparent: null };
    stream().deliver(`${STREAMED}/${topic}`, { ...header, kind, payload } as unknown as Envelope);
  };
  let tradeId = 0;
  const stand: Stand = {
    ...{ desk, feed, warnings, dropped, told, say },
    quote: (bid, ask) =>
      say('quote', 'quote', {
        ...{ bidPx: String(bid), bidSize: '5', askPx: String(ask), askSize: '5', bidExchange: 'B', askExchange: 'B' },
        ...{ conditions: [], flags: null, ...STAMPS },
      }),
    trade(price) {
      tradeId += 1;
      say('trade', 'trade', {
        ...{ price: String(price), size: '5', tradeId: String(tradeId), exchange: 'B', conditions: [], tape: '' },
        ...{ takerSide: null, flags: null, ...STAMPS },
      });
    },
    status: (effect) =>
      say('status', 'status', {
        ...{ statusCode: '', statusMessage: '', reasonCode: '', reasonMessage: '', tape: '', effect, ...STAMPS },
      }),
    data: (valid) => say('data', 'dataState', { valid, reasons: valid ? [] : ['stale: told so'], sinceNs: START_NS }),
    book: (fields) =>
      say('book', 'book', {
        snapshot: false,
        valid: true,
        reason: null,
        bids: [],
        asks: [],
        venueSeq: null,
        ...STAMPS,
        ...fields,
      }),
    lose: (topic) => stream().onLost(`${STREAMED}/${topic}`, 2, 3, 'ring'),
    silence: (silent) => stream().onSilence(silent),
    async played() {
      do await nextTurn();
      while (feed.stats.waiting > 0);
      await nextTurn();
    },
    shown() {
      const quote = shownQuote(desk.exchange.state().matcher, SYMBOL);
      return [(quote?.bidPx ?? 0) / UNIT, (quote?.askPx ?? 0) / UNIT];
    },
    async [Symbol.asyncDispose]() {
      stopping.abort();
      await running;
      await desk[Symbol.asyncDispose]();
      rmSync(dataDir, { recursive: true });
    },
  };
  return stand;
}

const statusOf = ({ desk }: Stand, orderId: string) => desk.exchange.order(orderId)?.status;
const aBuy = { symbol: SYMBOL, qty: '1', timeInForce: 'gtc' } as const;

test('while the data of a symbol is not valid nothing fills in it, and what rests stays', async () => {
  await using stand = await openStand();
  stand.quote(99, 101);
  stand.book({ snapshot: true, bids: [{ px: '99', sz: '5' }], asks: [{ px: '101', sz: '5' }] });
  await stand.played();
  assert.deepEqual(stand.shown(), [99, 101]);
  const resting = stand.desk.submit({ ...aBuy, type: 'limit', limitPx: '100' });
  stand.data(false);
  await stand.played();
  assert.deepEqual(stand.shown(), [0, 0]);
  const waiting = stand.desk.submit(aBuy);
  // All of these would fill one of the two.
  stand.quote(90, 91);
  stand.trade(90);
  stand.book({ snapshot: true, bids: [{ px: '90', sz: '5' }], asks: [{ px: '91', sz: '5' }] });
  await stand.played();
  assert.deepEqual(stand.shown(), [0, 0]);
  assert.deepEqual(
    [resting, waiting].map(({ orderId }) => statusOf(stand, orderId)),
    ['new', 'new'],
  );
  assert.equal(stand.told.filter(({ kind }) => kind === 'trade').length, 1, 'clients are shown the trade');
  stand.data(true);
  await stand.played();
  assert.deepEqual(stand.shown(), [0, 0], 'a price is known when it is shown anew');
  // A change of a book of which the whole was passed over says nothing.
  stand.book({ asks: [{ px: '95', sz: '5' }] });
  await stand.played();
  assert.deepEqual(stand.shown(), [0, 0]);
  stand.quote(98, 99);
  await stand.played();
  assert.deepEqual(
    [resting, waiting].map(({ orderId }) => statusOf(stand, orderId)),
    ['filled', 'filled'],
  );
});

test('the last word on the data counts as bad when it is lost, until the next', async () => {
  await using stand = await openStand();
  stand.lose('data');
  stand.quote(99, 101);
  await stand.played();
  assert.deepEqual(stand.shown(), [0, 0]);
  stand.data(true);
  stand.quote(99, 101);
  await stand.played();
  assert.deepEqual(stand.shown(), [99, 101]);
});

test('more than may wait is dropped and counted, said with both numbers, and nothing fills until the market is shown anew', async () => {
  const maxWaiting = 1000;
  await using stand = await openStand(maxWaiting);
  stand.quote(99, 101);
  stand.book({ snapshot: true, bids: [{ px: '99', sz: '5' }], asks: [{ px: '101', sz: '5' }] });
  await stand.played();
  const resting = stand.desk.submit({ ...aBuy, type: 'limit', limitPx: '100' });
  for (let at = 0; at < maxWaiting; at += 1) stand.quote(10, 11);
  assert.equal(stand.feed.stats.dropped, 0);
  assert.equal(stand.feed.stats.waiting, maxWaiting);
  stand.book({ asks: [{ px: '50', sz: '5' }] });
  assert.deepEqual([...stand.dropped], [['quote', maxWaiting]]);
  assert.equal(stand.feed.stats.dropped, maxWaiting);
  await stand.played();
  assert.deepEqual(stand.warnings, [
    '1000 events wait to be played, allowed are 1000: they are dropped, and what was shown is forgotten',
  ]);
  assert.deepEqual(stand.shown(), [0, 0]);
  assert.equal(statusOf(stand, resting.orderId), 'new');
  stand.book({ snapshot: true, bids: [{ px: '97', sz: '5' }], asks: [{ px: '98', sz: '5' }] });
  await stand.played();
  assert.deepEqual(stand.shown(), [97, 98]);
  assert.equal(statusOf(stand, resting.orderId), 'filled');
});

type Said =
  | { readonly say: 'quote'; readonly px: number }
  | { readonly say: 'trade'; readonly px: number }
  | { readonly say: 'burst'; readonly count: number; readonly px: number }
  | { readonly say: 'status'; readonly effect: 'halt' | 'resume' | 'none' }
  | { readonly say: 'data'; readonly is: boolean }
  | { readonly say: 'silence'; readonly is: boolean }
  | { readonly say: 'lose'; readonly topic: 'trade' | 'quote' | 'book' | 'data' | 'bar.1s' }
  | { readonly say: 'play' };

const px = fc.integer({ min: 1, max: 1000 });
const anything = fc.oneof(
  { weight: 6, arbitrary: fc.record({ say: fc.constantFrom('quote', 'trade'), px }) },
  { weight: 2, arbitrary: fc.record({ say: fc.constant('burst'), count: fc.integer({ min: 1, max: 120 }), px }) },
  {
    weight: 1,
    arbitrary: fc.record({ say: fc.constant('status'), effect: fc.constantFrom('halt', 'resume', 'none') }),
  },
  { weight: 2, arbitrary: fc.record({ say: fc.constantFrom('data', 'silence'), is: fc.boolean() }) },
  {
    weight: 1,
    arbitrary: fc.record({
      say: fc.constant('lose'),
      topic: fc.constantFrom('trade', 'quote', 'book', 'data', 'bar.1s'),
    }),
  },
  { weight: 2, arbitrary: fc.constant({ say: 'play' }) },
) as fc.Arbitrary<Said>;

test('whatever is said, lost, repeated or too much, what is shown is the last quote since anything was in doubt', async () => {
  const maxWaiting = 50;
  let overflows = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(anything, { maxLength: 60 }), async (all) => {
      await using stand = await openStand(maxWaiting);
      const model = { shown: [0, 0], isValid: true, isHalted: false, dropped: 0, count: 0 };
      const forget = () => {
        model.shown = [0, 0];
      };
      const quote = (bid: number) => {
        stand.quote(bid, bid + 1);
        model.count += 1;
        if (stand.feed.stats.dropped > model.dropped) overflows += 1;
        model.dropped = stand.feed.stats.dropped;
        if (model.isValid) model.shown = [bid, bid + 1];
      };
      const run: { readonly [K in Said['say']]: (said: Extract<Said, { say: K }>) => void | Promise<void> } = {
        quote: (said) => quote(said.px),
        trade: (said) => stand.trade(said.px),
        burst({ count, px: bid }) {
          for (let at = 0; at < count; at += 1) quote(bid + at);
        },
        status({ effect }) {
          stand.status(effect);
          if (effect === 'resume') forget();
          if (effect !== 'none') model.isHalted = effect === 'halt';
        },
        data({ is }) {
          stand.data(is);
          if (!is) forget();
          model.isValid = is;
        },
        silence({ is }) {
          stand.silence(is);
          if (is) forget();
        },
        lose({ topic }) {
          stand.lose(topic);
          if (topic !== 'bar.1s') forget();
          if (topic === 'data') model.isValid = false;
        },
        play: () => stand.played(),
      };
      for (const said of all) {
        const dropped = stand.feed.stats.dropped;
        await run[said.say](said as never);
        // What is dropped is never dropped in silence: whatever came before it is in doubt.
        if (stand.feed.stats.dropped > dropped && said.say !== 'quote' && said.say !== 'burst') forget();
        assert.ok(stand.feed.stats.waiting <= maxWaiting + 3, `${stand.feed.stats.waiting} wait`);
      }
      await stand.played();
      const market = stand.desk.exchange.state().matcher.markets.get(SYMBOL);
      assert.equal(market?.isHalted ?? false, model.isHalted);
      // Halted, it is forgotten with the resumption: nothing fills until then.
      if (!model.isHalted) assert.deepEqual(stand.shown(), model.shown);
    }),
    { numRuns: 60 },
  );
  console.log(`${overflows} times too much`);
  assert.ok(overflows > 0, 'never too much came');
});

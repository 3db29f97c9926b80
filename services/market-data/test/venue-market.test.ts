import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createLogger, createMetrics, loadConfig } from '@tickpath/runtime';
import type { FeedIdentity } from '@tickpath/wire';
import { marketDataSchema } from '../src/config.ts';
import type { FeedEvent, FeedOutput } from '../src/core/index.ts';
import { createMarketDataMetrics } from '../src/metrics.ts';
import type { FeedHooks, OpenedFeed } from '../src/open-feed.ts';
import { VenueMarket } from '../src/venue-market.ts';
import { aBook, aTrade, inWords, nsAt } from './market-builders.ts';

const REMOVED = 'feed: found removed from what is subscribed, needed subscribed';

/** A market whose feed is led by hand, and what it publishes, in words. */
function market(name: OpenedFeed['name'] = 'alpaca-crypto') {
  const published: string[] = [];
  const shown: FeedIdentity[] = [];
  const metrics = createMetrics();
  const config = loadConfig({ section: 'market-data', schema: marketDataSchema, argv: [], env: {} }).config;
  const log = createLogger({ service: 'market-data', level: 'silent' });
  let ms = 0;
  const clock = { nowNs: () => nsAt(ms) };
  let hooks: FeedHooks | undefined;
  const led = new VenueMarket({
    ...{ config, clock, log, measured: createMarketDataMetrics(metrics) },
    opened: {
      ...{ name, symbols: ['*'], isRecorded: false, run: 'venue:5580', isPublic: false, close: async () => {} },
      bookQuotesOf: null,
      feed(given) {
        hooks = given;
        return {
          ...{ nowNs: clock.nowNs, start() {}, resync() {}, setPaused() {}, close() {} },
          subscribe: (symbols, excluded = []) => given.onWanted?.({ symbols, excluded }),
        };
      },
    },
    recorder: { traffic() {}, published() {}, close: async () => {} },
    publish: (publication) => void published.push(...inWords([publication])),
    onState() {},
    onShown: (identity) => void shown.push(identity),
  });
  const take = (...outputs: readonly FeedOutput[]) => {
    ms += 1;
    hooks?.onOutputs(outputs, { receivedNs: nsAt(ms), decodedNs: nsAt(ms) });
    return published.splice(0);
  };
  return {
    ...{ market: led, shown, take },
    hooks: () => hooks as FeedHooks,
    events: (...events: readonly FeedEvent[]) =>
      take(...events.map((event) => ({ kind: 'event', event, recovered: false }) as const)),
    want: (excluded: readonly string[], symbols: readonly string[] = ['*']) => {
      led.want({ symbols, excluded });
      return published.splice(0);
    },
    async value(series: string) {
      const lines = (await metrics.registry.metrics()).split('\n');
      return Number(lines.find((line) => line.startsWith(`tickpath_market_data_${series} `))?.split(' ')[1]);
    },
  };
}

test('what the feed of all says of a symbol that is at home elsewhere is counted and not published', async () => {
  const { want, events, take, value } = market();
  assert.deepEqual(want(['BTC-USD']), [], 'nothing is said of what was never published here');
  assert.deepEqual(events(aTrade('BTC-USD', 0), aTrade('ETH-USD', 1)), ['ETH-USD/trade', 'ETH-USD/data valid']);
  assert.deepEqual(take({ kind: 'book-invalid', symbol: 'BTC-USD', reason: 'no-snapshot' }), []);
  take({ kind: 'lost', symbol: 'BTC-USD', topic: 'trade', from: 1, to: 2 });
  assert.equal(await value('foreign_total{feed="alpaca-crypto"}'), 3);
  assert.equal(await value('lost_total{feed="alpaca-crypto",kind="trade"}'), 0);
  assert.equal(await value('symbols{feed="alpaca-crypto"}'), 1);
});

test('a symbol that gets another home is invalid here as its last word, and nothing follows', () => {
  const { market: led, want, events } = market();
  want([]);
  events(aTrade('BTC-USD', 0), aBook(1, { snapshot: true, bids: [['9', '1']], asks: [['11', '1']] }));
  assert.deepEqual(want(['BTC-USD']), ['BTC-USD/book', `BTC-USD/data invalid: ${REMOVED}`]);
  assert.deepEqual(want(['BTC-USD', 'SOL-USD']), [], 'said once');
  assert.deepEqual(events(aTrade('BTC-USD', 2)), []);
  assert.equal(led.has('BTC-USD'), false);
  assert.deepEqual(want([]), []);
  assert.deepEqual(events(aTrade('BTC-USD', 3)), ['BTC-USD/trade', 'BTC-USD/data valid']);
});

test('a symbol removed from a feed of named ones is invalid, also when nothing has come of it', () => {
  const { market: led, want } = market('kraken');
  want([], ['BTC-USD', 'ETH-USD']);
  assert.deepEqual(led.status().symbols, [
    { symbol: 'BTC-USD', data: 'waiting', reasons: [] },
    { symbol: 'ETH-USD', data: 'waiting', reasons: [] },
  ]);
  assert.deepEqual(want([], ['ETH-USD']), [`BTC-USD/data invalid: ${REMOVED}`]);
  assert.deepEqual(
    led.status().symbols.map(({ symbol }) => symbol),
    ['ETH-USD'],
  );
});

test('what the venue refuses is kept for people, the newest of it, and counted in full', async () => {
  const { market: led, take, value } = market('kraken');
  for (let at = 0; at < 20; at += 1) take({ kind: 'rejected', reason: 'refused', text: `no pair ${at}` });
  take({ kind: 'rejected', reason: 'json', text: 'nonsense' });
  const { refused, refusals } = led.status();
  assert.deepEqual([refused, refusals.length, refusals.at(-1)?.text], [20, 16, 'no pair 19']);
  assert.equal(await value('rejected_total{feed="kraken",reason="refused"}'), 20);
});

test('the venue is taken for its host and for live unless it says otherwise, and another run begins anew', () => {
  const { market: led, shown, hooks, events } = market();
  hooks().onUpgrade?.({});
  events(aTrade('BTC-USD', 0));
  hooks().onUpgrade?.({});
  assert.ok(led.has('BTC-USD'), 'the same run goes on');
  hooks().onUpgrade?.({ 'x-tickpath-run': 'tape-1', 'x-tickpath-pace': 'replay' });
  assert.equal(led.has('BTC-USD'), false);
  hooks().onUpgrade?.({ 'x-tickpath-run': 'x'.repeat(129) });
  assert.deepEqual(shown, [
    { run: 'venue:5580', pace: 'live' },
    { run: 'venue:5580', pace: 'live' },
    { run: 'tape-1', pace: 'replay' },
    { run: 'venue:5580', pace: 'live' },
  ]);
});

test('of the run before neither its time nor its invalid symbols hold in another', () => {
  const { market: led, hooks, events, take } = market();
  hooks().onUpgrade?.({ 'x-tickpath-run': 'one' });
  events(aTrade('BTC-USD', 4_000));
  take({ kind: 'book-invalid', symbol: 'BTC-USD', reason: 'no-snapshot' });
  assert.equal(led.invalidCount, 1);
  hooks().onUpgrade?.({ 'x-tickpath-run': 'two' });
  assert.equal(led.invalidCount, 0);
  hooks().onClock?.(nsAt(1_000));
  assert.deepEqual(
    events(aTrade('BTC-USD', 0), aTrade('BTC-USD', 500)),
    ['BTC-USD/trade', 'BTC-USD/data valid', 'BTC-USD/trade'],
    'no bar closes by the time of the run before',
  );
});

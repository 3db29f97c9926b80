import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { createBinanceProtocol } from '../../src/core/feeds/binance.ts';
import '../seed.ts';
import { DrivenFeed } from './feed-observer.ts';

const SNAPSHOT = { lastUpdateId: 100, bids: [['99.00', '1.0']], asks: [['101.00', '2.0']] };

function trade(t: number) {
  const T = 1_700_000_000_000;
  return { stream: 's', data: { e: 'trade', E: T, s: 'BTCUSDT', t, p: '100.10', q: '0.50000000', T, m: true } };
}

function live(): DrivenFeed {
  const feed = new DrivenFeed(createBinanceProtocol({ market: 'spot', snapshotDepth: 1_000 }));
  feed.subscribe('BTC-USDT');
  feed.connect();
  feed.receive({ result: null, id: 1 });
  feed.answer('/depth', SNAPSHOT);
  return feed;
}

test('a change of the wanted set while connected subscribes and unsubscribes the difference only', () => {
  const feed = live();
  feed.subscribe('BTC-USDT', 'ETH-USDT');
  feed.wait(250);
  feed.subscribe('ETH-USDT');
  feed.wait(250);
  const [, added, gone] = feed.sent();
  assert.deepEqual(added?.params, ['ethusdt@trade', 'ethusdt@bookTicker', 'ethusdt@depth@100ms']);
  assert.deepEqual(
    [gone?.method, gone?.params],
    ['UNSUBSCRIBE', ['btcusdt@trade', 'btcusdt@bookTicker', 'btcusdt@depth@100ms']],
  );
  assert.deepEqual(feed.of('book-invalid').at(-1), {
    kind: 'book-invalid',
    symbol: 'BTC-USDT',
    reason: 'unsubscribed',
  });
  feed.fresh();
  feed.receive(trade(1));
  assert.deepEqual(feed.fresh(), [{ kind: 'unknown', type: 'of a symbol not subscribed' }]);
});

test('more symbols than a connection takes are refused with both numbers, and the others are subscribed', () => {
  const feed = new DrivenFeed(createBinanceProtocol({ market: 'spot', snapshotDepth: 1_000 }));
  feed.subscribe(...Array.from({ length: 400 }, (_, index) => `A${index}-USDT`));
  assert.deepEqual(feed.of('rejected')[0]?.text, 'refused: "400 symbols > 341 that one connection takes"');
  feed.connect();
  const params = feed.sent().map((message) => (message.params as string[]).length);
  assert.deepEqual(params, [300, 300, 300, 123]);
});

interface Sent {
  readonly atMs: number;
  readonly method: string;
  readonly params: readonly string[];
  readonly id: number;
}

/** A venue that confirms each message, and what it is subscribed to by them. */
class ConfirmingVenue {
  readonly feed = new DrivenFeed(createBinanceProtocol({ market: 'spot', snapshotDepth: 1_000 }));
  readonly sent: Sent[] = [];
  readonly streams = new Set<string>();
  mostStreams = 0;
  atMs = 0;

  /** Passes on what has been sent since the last time, and confirms it. */
  deliver(): void {
    for (const output of this.feed.fresh()) {
      if (output.kind !== 'send') continue;
      const message = { ...(JSON.parse(output.text) as Sent), atMs: this.atMs };
      this.sent.push(message);
      for (const stream of message.params) {
        if (message.method === 'SUBSCRIBE') this.streams.add(stream);
        else this.streams.delete(stream);
      }
      this.mostStreams = Math.max(this.mostStreams, this.streams.size);
      this.feed.receive({ result: null, id: message.id });
    }
  }

  wait(ms: number): void {
    this.atMs += ms;
    this.feed.wait(ms);
    this.deliver();
  }

  /** Most messages within any second. */
  mostASecond(): number {
    const within = (fromMs: number) => this.sent.filter(({ atMs }) => atMs >= fromMs && atMs <= fromMs + 1_000).length;
    return Math.max(0, ...this.sent.map(({ atMs }) => within(atMs)));
  }

  subscribed(): string[] {
    return [...this.streams].filter((name) => name.endsWith('@trade')).map((name) => name.replace('@trade', ''));
  }
}

test('changes of the wanted set that come fast go out together, at most four messages a second', () => {
  const venue = new ConfirmingVenue();
  const { feed } = venue;
  feed.subscribe('BTC-USDT');
  feed.connect();
  venue.deliver();
  assert.equal(venue.sent.length, 1, 'the first at once');
  const names = Array.from({ length: 300 }, (_, index) => `A${index}-USDT`);
  for (let at = 0; at < 500; at += 1) {
    feed.subscribe('BTC-USDT', ...names.slice(Math.max(0, at - 250), at));
    if (at % 70 === 0) venue.wait(250);
  }
  for (let at = 0; at < 40; at += 1) venue.wait(250);
  assert.ok(venue.mostASecond() <= 4, `${venue.mostASecond()} messages in a second`);
  assert.ok(venue.sent.length < 25, `${venue.sent.length} messages for 500 changes`);
  const wanted = ['btcusdt', ...names.slice(249).map((name) => name.replace('-', '').toLowerCase())];
  assert.deepEqual(venue.subscribed().toSorted(), wanted.toSorted());
});

test('a symbol that is added and removed again before anything was sent is not named to the venue', () => {
  const feed = live();
  feed.subscribe('BTC-USDT', 'ETH-USDT');
  feed.subscribe('BTC-USDT');
  feed.wait(250);
  assert.equal(feed.sent().length, 1);
  assert.equal(feed.of('state').length, 2);
});

test('a symbol that is removed and added again before anything was sent begins anew, with its book', () => {
  const feed = live();
  feed.subscribe('ETH-USDT');
  feed.subscribe('BTC-USDT');
  feed.wait(250);
  assert.deepEqual(
    feed.sent().map(({ method, params }) => [method, (params as string[])[0]]),
    [
      ['SUBSCRIBE', 'btcusdt@trade'],
      ['SUBSCRIBE', 'btcusdt@trade'],
    ],
  );
  feed.receive({ result: null, id: 2 });
  feed.answer('/depth', { ...SNAPSHOT, lastUpdateId: 200 });
  assert.ok(feed.books.has('BTC-USDT'));
});

test('a symbol that the venue refused to subscribe is not unsubscribed: that would be refused as well', () => {
  const feed = live();
  feed.subscribe('BTC-USDT', 'BAD-USDT');
  feed.wait(250);
  feed.receive({ error: { code: 2, msg: 'Invalid request: invalid stream' }, id: 2 });
  feed.subscribe('BTC-USDT');
  for (let at = 0; at < 8; at += 1) feed.wait(250);
  assert.deepEqual([feed.sent().length, feed.of('reconnect')], [2, []]);
});

test('the state of a connection is told when what was wanted meanwhile is gone again', () => {
  const feed = new DrivenFeed(createBinanceProtocol({ market: 'spot', snapshotDepth: 1_000 }));
  feed.subscribe('BTC-USDT');
  feed.connect();
  feed.subscribe('BTC-USDT', 'ETH-USDT');
  feed.receive({ result: null, id: 1 });
  assert.equal(feed.of('state').at(-1)?.state, 'authenticated');
  feed.subscribe('BTC-USDT');
  feed.wait(250);
  assert.equal(feed.of('state').at(-1)?.state, 'subscribed');
});

test('of two symbols that are one at the venue the second is refused, until the first is gone', () => {
  const feed = live();
  feed.subscribe('BTC-USDT', 'BTCUSDT');
  assert.deepEqual(feed.of('rejected').at(-1)?.text, 'refused: "BTCUSDT is BTCUSDT at the venue, as is BTC-USDT"');
  feed.receive(trade(1));
  feed.subscribe('BTCUSDT');
  feed.wait(250);
  feed.receive(trade(2));
  assert.deepEqual(
    feed.events('trade').map(({ symbol }) => symbol),
    ['BTC-USDT', 'BTCUSDT'],
  );
});

test('whatever is wanted when, the venue ends up with it, and is never sent too much', () => {
  const symbols = Array.from({ length: 682 }, (_, index) => `S${index}-USDT`);
  const change = fc.record({
    from: fc.integer({ min: 0, max: 400 }),
    count: fc.integer({ min: 1, max: 341 }),
    waitMs: fc.constantFrom(0, 0, 10, 250, 250, 1_100),
  });
  fc.assert(
    fc.property(fc.array(change, { minLength: 1, maxLength: 25 }), (changes) => {
      const venue = new ConfirmingVenue();
      const { feed } = venue;
      feed.connect();
      for (const { from, count, waitMs } of changes) {
        feed.subscribe(...symbols.slice(from, from + count));
        venue.deliver();
        if (waitMs > 0) venue.wait(waitMs);
      }
      for (let at = 0; at < 40; at += 1) venue.wait(250);
      const { from, count } = changes.at(-1) as (typeof changes)[number];
      const wanted = symbols.slice(from, from + count).map((name) => name.replace('-', '').toLowerCase());
      assert.deepEqual(venue.subscribed().toSorted(), wanted.toSorted());
      assert.ok(venue.mostASecond() <= 4, `${venue.mostASecond()} messages in a second`);
      assert.ok(venue.mostStreams <= 1_024, `${venue.mostStreams} streams`);
      assert.equal(feed.of('state').at(-1)?.state, 'subscribed');
    }),
    { numRuns: 40 },
  );
});

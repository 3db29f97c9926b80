import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isDecimalText } from '@tickpath/trading';
import fc from 'fast-check';
import { createAlpacaProtocol } from '../../src/core/feeds/alpaca.ts';
import { createBinanceProtocol } from '../../src/core/feeds/binance.ts';
import { createCoinbaseProtocol } from '../../src/core/feeds/coinbase.ts';
import { createKrakenProtocol } from '../../src/core/feeds/kraken.ts';
import { BOOK_FAULTS, type FeedOutput, REJECT_REASONS, type VenueProtocol } from '../../src/core/feeds/protocol.ts';
import '../seed.ts';
import { DrivenFeed } from './feed-observer.ts';

const TIME = '2026-08-09T21:05:48.228568804Z';
const ALPACA = { feed: 'us', keyId: 'key', secretKey: 'secret', quoteSizeUnit: 1, recoversTrades: true } as const;

interface Venue {
  readonly name: string;
  readonly create: () => VenueProtocol;
  /** Messages as the venue writes them; the fuzz changes parts of them. */
  readonly frames: readonly unknown[];
  readonly bodies: readonly unknown[];
}

const VENUES: readonly Venue[] = [
  {
    name: 'Alpaca',
    create: () =>
      createAlpacaProtocol({ ...ALPACA, assetClass: 'crypto', channels: ['trades', 'quotes', 'orderbooks'] }),
    frames: [
      [{ T: 'success', msg: 'connected' }],
      [{ T: 'success', msg: 'authenticated' }],
      [{ T: 'subscription', trades: ['BTC/USD'] }],
      [{ T: 'error', code: 400, msg: 'invalid syntax' }],
      [{ T: 't', S: 'BTC/USD', i: 1, p: 1.5, s: 2, t: TIME, tks: 'B' }],
      [{ T: 'q', S: 'BTC/USD', bp: 1, bs: 2, ap: 3, as: 4, t: TIME }],
      [{ T: 'o', S: 'BTC/USD', b: [{ p: 1, s: 2 }], a: [{ p: 2, s: 0 }], r: true, t: TIME }],
      [{ T: 'o', S: 'BTC/USD', b: [{ p: 1, s: 2 }], a: [], t: TIME }],
      [{ T: 's', S: 'BTC/USD', sc: 'H', sm: 'halt', rc: 'T1', rm: 'news', z: 'C', t: TIME }],
      [{ T: 'c', S: 'BTC/USD', x: 'M', oi: 1, op: 1, os: 1, oc: [], ci: 2, cp: 2, cs: 2, cc: [], z: 'B', t: TIME }],
      [{ T: 'b', S: 'BTC/USD', o: 1, h: 2, l: 1, c: 2, v: 3, n: 4, vw: 1.5, t: TIME }],
    ],
    bodies: [
      { trades: { 'BTC/USD': [{ i: 3, p: 1, s: 1, t: TIME }] }, next_page_token: 'more' },
      [{ symbol: 'BTC/USD', tradable: true, price_increment: '0.1', min_trade_increment: '0.1' }],
    ],
  },
  {
    name: 'Binance',
    create: () => createBinanceProtocol({ market: 'spot', snapshotDepth: 100 }),
    frames: [
      { result: null, id: 1 },
      { error: { code: 1, msg: 'bad' }, id: 1 },
      { stream: 's', data: { e: 'trade', s: 'BTCUSD', t: 5, p: '1.0', q: '2.0', T: 1_700_000_000_000, m: true } },
      { stream: 's', data: { e: 'depthUpdate', E: 1, s: 'BTCUSD', U: 9, u: 12, b: [['1', '2']], a: [['3', '0']] } },
      { stream: 's', data: { e: 'depthUpdate', E: 1, s: 'BTCUSD', U: 13, u: 14, b: [['1', '2']], a: [] } },
      { stream: 's', data: { u: 3, s: 'BTCUSD', b: '1', B: '2', a: '3', A: '4' } },
      { e: 'serverShutdown', E: 1 },
    ],
    bodies: [
      { lastUpdateId: 10, bids: [['1', '2']], asks: [['3', '4']] },
      [{ id: 4, price: '1', qty: '2', time: 1, isBuyerMaker: true }],
      {
        symbols: [{ symbol: 'BTCUSD', status: 'TRADING', filters: [{ filterType: 'PRICE_FILTER', tickSize: '0.1' }] }],
      },
    ],
  },
  {
    name: 'Coinbase',
    create: createCoinbaseProtocol,
    frames: [
      {
        channel: 'subscriptions',
        timestamp: TIME,
        sequence_num: 0,
        events: [{ subscriptions: { level2: ['BTC-USD'] } }],
      },
      {
        channel: 'l2_data',
        timestamp: TIME,
        sequence_num: 1,
        events: [
          {
            type: 'snapshot',
            product_id: 'BTC-USD',
            updates: [{ side: 'bid', event_time: TIME, price_level: '1', new_quantity: '2' }],
          },
        ],
      },
      {
        channel: 'market_trades',
        timestamp: TIME,
        sequence_num: 2,
        events: [
          {
            type: 'update',
            trades: [{ product_id: 'BTC-USD', trade_id: '7', price: '1', size: '2', time: TIME, side: 'BUY' }],
          },
        ],
      },
      { type: 'error', message: 'no' },
    ],
    bodies: [
      { trades: [{ product_id: 'BTC-USD', trade_id: '5', price: '1', size: '2', time: TIME, side: 'BUY' }] },
      { product_id: 'BTC-USD', price_increment: '0.01', base_increment: '0.1' },
    ],
  },
  {
    name: 'Kraken',
    create: () => createKrakenProtocol({ depth: 10 }),
    frames: [
      { event: 'systemStatus', status: 'maintenance' },
      { event: 'subscriptionStatus', status: 'subscribed', pair: 'XBT/USD', channelName: 'trade' },
      [1, [['1.0', '2.0', '1618678142.557535', 's', 'l', '']], 'trade', 'XBT/USD'],
      [1, ['1.0', '2.0', '1618678142.557535', '1', '2'], 'spread', 'XBT/USD'],
      [1, { as: [['2.0', '1.0', '1618678142.5']], bs: [['1.0', '1.0', '1618678142.5']] }, 'book-10', 'XBT/USD'],
      [
        1,
        { a: [['2.0', '0.0', '1618678142.5']] },
        { b: [['1.0', '2.0', '1618678142.5']], c: '1' },
        'book-10',
        'XBT/USD',
      ],
    ],
    bodies: [
      { error: [], result: { XXBTZUSD: [['1.0', '2.0', 1618678142.5, 's', 'l', '', 3]], last: '1618678142500000000' } },
      { error: [], result: { XXBTZUSD: { wsname: 'XBT/USD', pair_decimals: 1, lot_decimals: 8 } } },
    ],
  },
];

/** The same value with any of its parts changed for something else. */
function changed(value: unknown): fc.Arbitrary<unknown> {
  const other = fc.oneof(fc.jsonValue(), fc.double(), fc.string({ unit: 'binary', maxLength: 70 }), fc.constant('-0'));
  if (Array.isArray(value)) {
    return fc.oneof({ weight: 8, arbitrary: fc.tuple(...value.map(changed)) }, { weight: 1, arbitrary: other });
  }
  if (typeof value === 'object' && value !== null) {
    const parts = Object.fromEntries(Object.entries(value).map(([key, part]) => [key, changed(part)]));
    const keys = Object.keys(parts);
    return fc.oneof(
      { weight: 8, arbitrary: fc.record(parts) },
      { weight: 1, arbitrary: fc.record(parts, { requiredKeys: keys.slice(1) }) },
      { weight: 1, arbitrary: other },
    );
  }
  return fc.oneof({ weight: 20, arbitrary: fc.constant(value) }, { weight: 1, arbitrary: other });
}

function check(output: FeedOutput): void {
  if (output.kind === 'rejected') assert.ok(REJECT_REASONS.includes(output.reason) && output.text.length < 200);
  if (output.kind === 'book-invalid') assert.ok(BOOK_FAULTS.includes(output.reason));
  if (output.kind === 'send') JSON.parse(output.text);
  if (output.kind === 'fetch') assert.ok(output.path.startsWith('/'));
  if (output.kind !== 'event') return;
  const { event } = output;
  assert.match(event.symbol, /^[A-Z0-9][A-Z0-9.-]*$/);
  if (event.kind === 'instrument') return;
  assert.equal(typeof event.venueTsNs, 'bigint');
  if (event.kind === 'trade') assert.ok(isDecimalText(event.price) && isDecimalText(event.size));
  if (event.kind !== 'book') return;
  for (const [price, size] of [...event.bids, ...event.asks]) {
    assert.ok(isDecimalText(price) && Number(price) > 0, price);
    assert.ok(isDecimalText(size) && Number(size) >= 0 && !size.startsWith('-'), size);
  }
}

for (const { name, create, frames, bodies } of VENUES) {
  const frame = fc.oneof(...frames.map(changed));
  const step = fc.oneof(
    { weight: 20, arbitrary: fc.record({ do: fc.constant('receive' as const), frame }) },
    {
      weight: 5,
      arbitrary: fc.record({ do: fc.constant('fetched' as const), body: fc.oneof(...bodies.map(changed)) }),
    },
    { weight: 2, arbitrary: fc.record({ do: fc.constant('text' as const), text: fc.string({ unit: 'binary' }) }) },
    { weight: 2, arbitrary: fc.record({ do: fc.constant('wait' as const), ms: fc.nat({ max: 20_000 }) }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constantFrom('reconnect', 'refuse', 'resync', 'subscribe', 'leave') }) },
  );

  test(`${name}: whatever comes, in whatever order, nothing throws, and what is handed on is fit to be`, () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        // The observer throws on a change of a book without a snapshot.
        const feed = new DrivenFeed(create());
        feed.subscribe('BTC-USD');
        feed.connect();
        for (const one of steps) {
          const asked = feed.of('fetch').at(-1)?.requestId ?? 'none';
          if (one.do === 'receive') feed.receive(one.frame);
          else if (one.do === 'text') feed.receive(one.text);
          else if (one.do === 'wait') feed.wait(one.ms);
          else if (one.do === 'fetched') {
            feed.take(feed.protocol.fetched(asked, { ok: true, body: JSON.stringify(one.body) }));
          } else if (one.do === 'refuse') feed.take(feed.protocol.fetched(asked, { ok: false, reason: 'status 500' }));
          else if (one.do === 'resync') feed.take(feed.protocol.resync('BTC-USD', 'crossed'));
          else if (one.do === 'subscribe') feed.subscribe('BTC-USD', 'ETH-USD');
          else if (one.do === 'leave') feed.subscribe('ETH-USD');
          else {
            feed.disconnect();
            feed.connect();
          }
        }
        for (const output of feed.outputs) check(output);
      }),
      { numRuns: 300 },
    );
  });

  test(`${name}: a value nested deeper than a stack can follow is no more than rejected`, () => {
    const feed = new DrivenFeed(create());
    feed.subscribe('BTC-USD');
    feed.connect();
    const nested = '['.repeat(50_000) + ']'.repeat(50_000);
    feed.receive(nested);
    for (const one of frames) {
      for (const part of ['"BTC/USD"', '"BTCUSD"', '"BTC-USD"', '"XBT/USD"', '"1"', '1']) {
        feed.receive(JSON.stringify(one).replace(part, nested));
      }
    }
    for (const output of feed.outputs) check(output);
  });
}

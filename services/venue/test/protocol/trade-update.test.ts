import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { OrderEvent } from '../../src/core/orders/order.ts';
import { type TradeUpdateData, tradeUpdate } from '../../src/core/protocol/trade-update.ts';
import { SECOND_NS, Stand } from './stand.ts';

const LATENT = { orderNs: 0n, cancelNs: 5n * SECOND_NS, jitterNs: 0n, seed: 1 };
const FIELDS = ['at', 'event', 'event_id', 'order', 'timestamp'];
const EXECUTED = [...FIELDS, 'execution_id'];
const FILLED = [...EXECUTED, 'position_qty', 'price', 'qty', 'settle_date', 'swap_rate'];

function told(events: readonly OrderEvent[]): TradeUpdateData[] {
  return events.flatMap((event) => tradeUpdate(event)?.data ?? []);
}

function kinds(stand: Stand): string[] {
  return told(stand.events).map(({ event, order }) => `${event} ${order.status}`);
}

test('an order is told of from its receipt to its fill, with what each event adds', () => {
  const stand = new Stand();
  stand.quote('AAPL', { ask: ['190.01', '100'] });
  stand.order({ symbol: 'AAPL', side: 'buy', qty: '150.5' });
  stand.quote('AAPL', { ask: ['190.07', '500'] });
  const updates = told(stand.events);
  assert.deepEqual(
    updates.map(({ event, qty, price, position_qty }) => [event, qty, price, position_qty]),
    [
      ['pending_new', undefined, undefined, undefined],
      ['new', undefined, undefined, undefined],
      ['partial_fill', '100', '190.01', '100'],
      ['fill', '50.5', '190.07', '150.5'],
    ],
  );
  const keys = updates.map((update) => Object.keys(update).sort());
  assert.deepEqual(
    keys,
    [FIELDS, EXECUTED, FILLED, FILLED].map((names) => names.toSorted()),
  );
  assert.equal(new Set(updates.map(({ event_id }) => event_id)).size, 4);
  for (const { event_id } of updates) assert.match(event_id, /^[0-9A-HJKMNP-TV-Z]{26}$/);
  assert.equal(updates[3]?.settle_date, '2026-09-21', 'the Monday after a Friday');
});

test('cancels and replaces on their way are told of, also those that come too late', () => {
  const stand = new Stand({ latency: LATENT });
  const limit = { symbol: 'AAPL', side: 'buy', qty: '10', type: 'limit', limit_price: '100' };
  const canceled = stand.order(limit);
  stand.cancel(canceled.orderId);
  const replaced = stand.order(limit);
  stand.replace(replaced.orderId, { limit_price: '99' });
  stand.nowNs += 10n * SECOND_NS;
  stand.run({ kind: 'clock', tsNs: stand.nowNs });
  assert.deepEqual(kinds(stand).slice(2), [
    'pending_cancel pending_cancel',
    'pending_new pending_new',
    'new new',
    'pending_replace pending_replace',
    'pending_new pending_new',
    'canceled canceled',
    'replaced replaced',
    'new new',
  ]);
  const late = new Stand({ latency: LATENT });
  const order = late.order(limit);
  late.replace(order.orderId, { limit_price: '99' });
  late.quote('AAPL', { ask: ['100', '10'] });
  late.nowNs += 10n * SECOND_NS;
  late.run({ kind: 'clock', tsNs: late.nowNs });
  assert.deepEqual(kinds(late).slice(-3), ['fill filled', 'order_replace_rejected filled', 'rejected rejected']);
});

test('sessions are told of: accepted, new at the open, expired at the close', () => {
  const stand = new Stand({ hours: 'us-equities' });
  const HOUR_NS = 3600n * SECOND_NS;
  stand.nowNs -= 11n * HOUR_NS;
  stand.order({ symbol: 'AAPL', side: 'buy', qty: '10', type: 'limit', limit_price: '100' });
  stand.run({ kind: 'clock', tsNs: stand.nowNs + 24n * HOUR_NS });
  assert.deepEqual(kinds(stand), ['pending_new pending_new', 'accepted accepted', 'new new', 'expired expired']);
  assert.ok(told(stand.events).at(-1)?.order.expired_at?.startsWith('2026-09-18T20:00:00'));
});

test('what only the venue knows of a stop is told to nobody', () => {
  const stand = new Stand();
  stand.trade('AAPL', '200');
  stand.order({ symbol: 'AAPL', side: 'sell', qty: '1', type: 'trailing_stop', trail_price: '1' });
  stand.trade('AAPL', '201');
  stand.trade('AAPL', '199');
  const silent = stand.events.filter((event) => tradeUpdate(event) === null).map(({ kind }) => kind);
  assert.deepEqual([...new Set(silent)].sort(), ['trailed', 'triggered']);
});

const capture = join(import.meta.dirname, '../../../../../shared/data/alpaca/trade-updates-capture-20260918.json');
const absent = existsSync(capture) ? false : `no capture at ${capture}`;

interface Frame {
  readonly stream: string;
  readonly data: Record<string, unknown>;
}

test('trade updates have exactly the fields of the live capture, in its order', { skip: absent }, () => {
  const live = (JSON.parse(readFileSync(capture, 'utf8')) as Frame[]).filter(
    ({ stream }) => stream === 'trade_updates',
  );
  const stand = new Stand();
  stand.quote('BTC/USD', { bid: ['0.0851119', '1000'], ask: ['0.09', '1000'] });
  stand.order({ symbol: 'BTC/USD', side: 'buy', qty: '129.7' });
  stand.events.length = 0;
  stand.order({ symbol: 'BTC/USD', side: 'sell', qty: '129.7' });
  const ours = stand.events.map((event) => tradeUpdate(event));
  assert.deepEqual(
    ours.map((frame) => frame?.data.event),
    live.map(({ data }) => data.event),
  );
  for (const [index, { data: wanted }] of live.entries()) {
    const found = JSON.parse(JSON.stringify(ours[index]?.data)) as Record<string, unknown>;
    assert.deepEqual(shapeOf(found), shapeOf(wanted));
    const [foundOrder, wantedOrder] = [found.order, wanted.order] as Record<string, unknown>[];
    const same = [
      'qty',
      'filled_qty',
      'filled_avg_price',
      'type',
      'order_type',
      'side',
      'position_intent',
      'time_in_force',
    ];
    for (const name of [...same, 'status', 'asset_class', 'order_class', 'extended_hours']) {
      assert.equal(foundOrder?.[name], wantedOrder?.[name], name);
    }
    for (const name of ['price', 'qty', 'position_qty', 'swap_rate', 'settle_date']) {
      assert.equal(found[name], wanted[name], name);
    }
  }
});

/** Names in their order, each with the kind of its value: of text also whether it is a time, a number or an id. */
function shapeOf(value: unknown): unknown {
  if (typeof value === 'object' && value !== null) {
    return Object.entries(value).map(([name, one]) => [name, shapeOf(one)]);
  }
  if (typeof value !== 'string') return value === null ? null : typeof value;
  if (/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?Z$/.test(value)) return 'time';
  if (/^[0-9A-HJKMNP-TV-Z]{26}$/.test(value)) return 'ULID';
  return /^-?\d+(\.\d+)?$/.test(value) ? 'number' : 'text';
}

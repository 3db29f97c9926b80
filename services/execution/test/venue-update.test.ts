import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { isDecimalText } from '@tickpath/trading';
import fc from 'fast-check';
import { readVenueOrder, readVenueUpdate } from '../src/core/index.ts';
import './seed.ts';

const ORDER = {
  id: 'v-1',
  client_order_id: 'tp-1',
  created_at: '2026-09-18T13:24:50Z',
  updated_at: '2026-09-18T13:24:50.0189533Z',
  filled_qty: '4',
  status: 'partially_filled',
};
const FILL = {
  event: 'partial_fill',
  order: ORDER,
  execution_id: 'x-1',
  qty: '4',
  price: '0.0851119',
  timestamp: '2026-09-18T13:24:50.019957863Z',
};
const CREATED_NS = BigInt(Date.UTC(2026, 8, 18, 13, 24, 50)) * 1_000_000n;

test('an execution is read field by field', () => {
  const order = {
    clOrdId: 'tp-1',
    orderId: 'v-1',
    filledQty: '4',
    status: 'partially_filled',
    venueTsNs: CREATED_NS + 18_953_300n,
  };
  const rest = { execId: 'x-1', lastQty: '4', lastPx: '0.0851119', venueTsNs: CREATED_NS + 19_957_863n };
  assert.deepEqual(readVenueUpdate(FILL), { type: 'fill', order, ...rest });
});

test('an order that was never changed has the time of its making', () => {
  assert.equal(readVenueOrder({ ...ORDER, updated_at: null })?.venueTsNs, CREATED_NS);
});

test('events that change nothing for us are read as such, also those named like parts of an object', () => {
  const types = { new: 'acknowledged', accepted: 'acknowledged', canceled: 'canceled', expired: 'expired' };
  const others = {
    rejected: 'rejected',
    pending_new: 'other',
    replaced: 'other',
    constructor: 'other',
    toString: 'other',
  };
  for (const [event, type] of Object.entries({ ...types, ...others })) {
    assert.equal(readVenueUpdate({ event, order: ORDER })?.type, type, event);
  }
});

test('an update that lacks what we need is not read', () => {
  for (const field of ['id', 'client_order_id', 'filled_qty', 'status']) {
    assert.equal(readVenueUpdate({ ...FILL, order: { ...ORDER, [field]: undefined } }), undefined, field);
  }
  for (const field of ['event', 'order', 'execution_id', 'qty', 'price', 'timestamp']) {
    assert.equal(readVenueUpdate({ ...FILL, [field]: undefined }), undefined, field);
  }
  assert.equal(readVenueUpdate({ ...FILL, qty: 4 }), undefined, 'a number is not decimal text');
  assert.equal(readVenueUpdate({ ...FILL, timestamp: 'yesterday' }), undefined);
  for (const raw of [undefined, null, 'fill', 7, []]) assert.equal(readVenueUpdate(raw), undefined);
});

test('whatever comes is read or not, and what is read has amounts in decimal text', () => {
  const field = (valid: unknown) => fc.oneof({ weight: 5, arbitrary: fc.constant(valid) }, fc.jsonValue());
  const like = (message: object) =>
    fc.record(Object.fromEntries(Object.entries(message).map(([key, value]) => [key, field(value)])), {
      requiredKeys: [],
    });
  const fills = fc.tuple(like(FILL), like(ORDER)).map(([fill, order]) => ({ ...fill, order }));
  fc.assert(
    fc.property(fc.oneof(fills, fc.jsonValue()), (raw) => {
      const update = readVenueUpdate(raw);
      if (update === undefined) return;
      assert.ok(isDecimalText(update.order.filledQty));
      if (update.type === 'fill') assert.ok(isDecimalText(update.lastQty) && isDecimalText(update.lastPx));
    }),
    { numRuns: 1000 },
  );
});

const CAPTURE = new URL('../../../../shared/data/alpaca/trade-updates-capture-20260918.json', import.meta.url);
const skip = existsSync(CAPTURE) ? false : 'no recording ../shared/data/alpaca';

test('a recorded order of Alpaca is read from its pending state to its fill', { skip }, () => {
  const frames: { stream: string; data: unknown }[] = JSON.parse(readFileSync(CAPTURE, 'utf8'));
  const updates = frames.filter(({ stream }) => stream === 'trade_updates').map(({ data }) => readVenueUpdate(data));
  assert.deepEqual(
    updates.map((update) => [update?.type, update?.order.status, update?.order.filledQty]),
    [
      ['other', 'pending_new', '0'],
      ['acknowledged', 'new', '0'],
      ['fill', 'filled', '129.7'],
    ],
  );
  const fill = updates.at(-1);
  assert.ok(fill?.type === 'fill');
  assert.deepEqual([fill.lastQty, fill.lastPx], ['129.7', '0.0851119']);
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { unitsOf } from '@tickpath/trading';
import { ORDER_LIFE } from '../../src/core/orders/life-cycle.ts';
import { Desk, MS_NS, SECOND_NS } from './desk.ts';

const px = (text: string) => unitsOf(text, 6);
const qty = (text: string) => unitsOf(text, 9);
/** 2026-09-18, a Friday in New York's summer time. */
const FRIDAY_1500 = 1_789_758_000_000_000_000n;
const HOUR_NS = 3600n * SECOND_NS;

test('an order that finds all it wants is filled in the step in which it came', () => {
  const desk = new Desk();
  desk.quote();
  desk.submit('a', { qty: '150' });
  assert.deepEqual(desk.said(), ['pending_new a', 'new a', 'fill a 150@190.01 taker']);
  const [pending, arrived, filled] = desk.events;
  assert.deepEqual(
    [pending?.order.status, pending?.execId, arrived?.order.status, filled?.order.status],
    ['pending_new', null, 'new', 'filled'],
  );
  assert.equal(filled?.order.filledNs, filled?.tsNs);
  assert.equal(new Set(desk.events.flatMap(({ execId, eventId }) => [execId, eventId])).size, 6, 'ids of their own');
});

test('a market order takes what is shown and goes on with what is shown later', () => {
  const desk = new Desk();
  desk.quote({ askSz: '40' });
  desk.submit('a');
  desk.quote({ askPx: '190.05', askSz: '500' });
  const texts = ['pending_new a', 'new a', 'partial_fill a 40@190.01 taker', 'fill a 60@190.05 taker'];
  assert.deepEqual(desk.said(), texts);
  assert.equal(desk.fills.at(-1)?.positionQty.toFixed(), '100');
});

test('what an IOC does not get at once is canceled', () => {
  const desk = new Desk();
  desk.quote({ askSz: '40' });
  desk.submit('a', { type: 'limit', limitPx: '190.01', timeInForce: 'ioc' });
  assert.deepEqual(desk.said(), ['pending_new a', 'new a', 'partial_fill a 40@190.01 taker', 'canceled a']);
  desk.submit('b', { type: 'limit', limitPx: '190.01', timeInForce: 'fok' });
  assert.deepEqual(desk.said(), ['pending_new b', 'new b', 'canceled b']);
});

test('a stop that is elected and a trailing stop that moves are kept as such', () => {
  const desk = new Desk();
  desk.quote({ bidSz: '500' });
  desk.trade({ px: '190' });
  desk.submit('long', { qty: '200' });
  desk.submit('stop', { side: 'sell', type: 'stop', stopPx: '189.5', qty: '50' });
  const trail = { by: 'price', px: px('0.2') } as const;
  desk.submit('trailing', { side: 'sell', type: 'trailing_stop', trail, qty: '50' });
  desk.said();
  desk.trade({ px: '190.3' });
  assert.deepEqual(desk.said(), ['trailed trailing']);
  assert.deepEqual([desk.order('trailing').hwmPx, desk.order('trailing').stopPx], [px('190.3'), px('190.1')]);
  desk.trade({ px: '189.5' });
  const said = ['triggered stop', 'fill stop 50@189.99 taker', 'triggered trailing', 'fill trailing 50@189.99 taker'];
  assert.deepEqual(desk.said(), said);
  assert.ok(desk.order('stop').isTriggered);
});

test('an order with latency arrives when it has run out, and meets the market of that moment', () => {
  const desk = new Desk({ latency: { orderNs: 20n * MS_NS, cancelNs: 0n, jitterNs: 0n, seed: 1 } });
  desk.quote();
  desk.submit('a');
  assert.deepEqual([desk.said(), desk.nextDueNs()], [['pending_new a'], desk.nowNs + 20n * MS_NS]);
  desk.wait(19n * MS_NS);
  assert.deepEqual(desk.said(), []);
  desk.quote({ askPx: '191' });
  desk.wait(5n * MS_NS);
  assert.deepEqual(desk.said(), ['new a', 'fill a 100@191 taker']);
  assert.equal(desk.events.at(-1)?.tsNs, desk.nowNs - 4n * MS_NS, 'stamped with when it was due');
});

test('what is due comes before the event of the market that is later', () => {
  const desk = new Desk({ latency: { orderNs: 20n * MS_NS, cancelNs: 0n, jitterNs: 0n, seed: 1 } });
  desk.quote();
  desk.submit('a');
  desk.nowNs += SECOND_NS;
  desk.quote({ askPx: '191' });
  assert.deepEqual(desk.said(), ['pending_new a', 'new a', 'fill a 100@190.01 taker']);
});

test('jitter is drawn from the seed and the order alone', () => {
  const due = (seed: number, id: string) => {
    const desk = new Desk({ latency: { orderNs: 0n, cancelNs: 0n, jitterNs: SECOND_NS, seed } });
    desk.submit(id);
    return (desk.nextDueNs() ?? 0n) - desk.nowNs;
  };
  assert.equal(due(7, 'a'), due(7, 'a'));
  assert.ok(new Set([due(7, 'a'), due(7, 'b'), due(8, 'a')]).size === 3);
  for (let i = 0; i < 100; i += 1) assert.ok(due(7, `order ${i}`) <= SECOND_NS);
});

const CANCEL_LATENCY = { orderNs: 0n, cancelNs: 30n * MS_NS, jitterNs: 0n, seed: 1 };

test('a cancel with latency is pending, then the order is canceled; asking twice asks once', () => {
  const desk = new Desk({ latency: CANCEL_LATENCY });
  desk.submit('a');
  assert.deepEqual([desk.cancel('a'), desk.cancel('a')], [null, null]);
  desk.wait(30n * MS_NS);
  assert.deepEqual(desk.said(), ['pending_new a', 'new a', 'pending_cancel a', 'canceled a']);
  const { cancelRequestedNs, canceledNs } = desk.order('a');
  assert.equal((canceledNs ?? 0n) - (cancelRequestedNs ?? 0n), 30n * MS_NS);
});

test('an order that fills while its cancel is on its way stays filled, and the cancel is rejected', () => {
  const desk = new Desk({ latency: CANCEL_LATENCY });
  desk.submit('a');
  desk.cancel('a');
  desk.quote({ askSz: '40' });
  assert.equal(desk.order('a').status, 'pending_cancel', 'a partial fill leaves the cancel pending');
  desk.quote({ askPx: '190.02' });
  desk.wait(SECOND_NS);
  assert.deepEqual(desk.said().slice(2), [
    'pending_cancel a',
    'partial_fill a 40@190.01 taker',
    'fill a 60@190.02 taker',
    'order_cancel_rejected a',
  ]);
  assert.equal(desk.order('a').status, 'filled');
});

test('an order that arrives after its cancel was asked for may still fill before that', () => {
  const desk = new Desk({ latency: { orderNs: 20n * MS_NS, cancelNs: 30n * MS_NS, jitterNs: 0n, seed: 1 } });
  desk.quote({ askSz: '40' });
  desk.submit('a');
  desk.cancel('a');
  desk.wait(SECOND_NS);
  const said = ['pending_new a', 'pending_cancel a', 'new a', 'partial_fill a 40@190.01 taker', 'canceled a'];
  assert.deepEqual(desk.said(), said);
});

test('a cancel of what is closed, unknown or about to be replaced is refused', () => {
  const desk = new Desk({ latency: CANCEL_LATENCY });
  desk.submit('a', { type: 'limit', limitPx: '180' });
  desk.replace('a', 'b', { limitPx: px('181') });
  assert.equal(desk.cancel('a')?.status, 422);
  assert.equal(desk.cancel('b')?.status, 422);
  assert.equal(desk.cancel('nobody')?.status, 404);
  desk.wait(SECOND_NS);
  assert.equal(desk.cancel('a')?.message, 'order is already in "replaced" state');
});

test('a replacement takes the place of its order at once when there is no latency', () => {
  const desk = new Desk();
  desk.quote();
  desk.submit('a', { type: 'limit', limitPx: '180' });
  desk.said();
  assert.equal(desk.replace('a', 'b', { limitPx: px('190.01'), orderQty: qty('120') }), null);
  assert.deepEqual(desk.said(), ['replaced a', 'new b', 'fill b 120@190.01 taker']);
  const [a, b] = [desk.order('a'), desk.order('b')];
  assert.deepEqual([a.replacedBy, b.replaces, b.clOrdId, a.status], ['b', 'a', 'b', 'replaced']);
  assert.ok(b.createdNs > a.createdNs);
});

test('the quantity of a replacement is what is left of the whole', () => {
  const desk = new Desk();
  desk.quote({ askSz: '30' });
  desk.submit('a', { type: 'limit', limitPx: '190.01', qty: '100' });
  assert.equal(desk.replace('a', 'b', { orderQty: qty('30') })?.message, 'qty must be > filled_qty: 30 <= 30');
  desk.replace('a', 'b', { orderQty: qty('50') });
  assert.equal(desk.order('b').orderQty, qty('20'));
  desk.replace('b', 'c', { limitPx: px('189') });
  assert.equal(desk.order('c').orderQty, qty('20'), 'none given: what is left');
});

test('a replacement that only wants less keeps its place; any other goes to the back', () => {
  for (const [changes, first] of [
    [{ orderQty: qty('60') }, 'c'],
    [{ orderQty: qty('140') }, 'b'],
    [{ timeInForce: 'gtc' }, 'b'],
  ] as const) {
    const desk = new Desk();
    desk.submit('a', { type: 'limit', limitPx: '189' });
    desk.submit('b', { type: 'limit', limitPx: '189' });
    desk.replace('a', 'c', changes);
    desk.replace('c', 'd', {});
    desk.said();
    desk.trade({ px: '188.9', sz: '10' });
    assert.deepEqual(desk.said(), [`partial_fill ${first === 'c' ? 'd' : 'b'} 10@189 maker`]);
  }
});

test('a replacement with latency waits; what the old order fills meanwhile is taken off', () => {
  const desk = new Desk({ latency: CANCEL_LATENCY });
  desk.submit('a', { type: 'limit', limitPx: '190.01', qty: '100' });
  desk.replace('a', 'b', { orderQty: qty('80'), limitPx: px('180') });
  desk.quote({ askSz: '30' });
  desk.wait(SECOND_NS);
  assert.deepEqual(desk.said().slice(2), [
    'pending_replace a',
    'pending_new b',
    'partial_fill a 30@190.01 maker',
    'replaced a',
    'new b',
  ]);
  assert.deepEqual([desk.order('b').orderQty, desk.order('a').cumQty], [qty('50'), qty('30')]);
});

test('a replacement whose order has filled, or filled too far, is rejected', () => {
  for (const [askSz, end] of [
    ['100', ['fill a 100@190.01 maker', 'order_replace_rejected a', 'rejected b']],
    ['60', ['partial_fill a 60@190.01 maker', 'order_replace_rejected a', 'rejected b']],
  ] as const) {
    const desk = new Desk({ latency: CANCEL_LATENCY });
    desk.submit('a', { type: 'limit', limitPx: '190.01', qty: '100' });
    desk.replace('a', 'b', { orderQty: qty('60') });
    desk.quote({ askSz });
    desk.wait(SECOND_NS);
    assert.deepEqual(desk.said().slice(4), end);
    assert.equal(desk.order('a').status, askSz === '100' ? 'filled' : 'partially_filled');
    assert.deepEqual([desk.order('b').status, desk.order('b').failedNs], ['rejected', desk.events.at(-1)?.tsNs]);
  }
});

test('a replacement is as far with its stop as its order has come meanwhile; one that was to change it comes too late', () => {
  for (const [changes, end] of [
    [{ orderQty: qty('50') }, ['triggered a', 'replaced a', 'new b', 'fill b 50@190.01 taker']],
    [{ stopPx: px('200') }, ['triggered a', 'order_replace_rejected a', 'rejected b']],
  ] as const) {
    const desk = new Desk({ latency: CANCEL_LATENCY });
    desk.submit('a', { type: 'stop', stopPx: '195' });
    desk.replace('a', 'b', changes);
    desk.said();
    desk.trade({ px: '195' });
    desk.wait(SECOND_NS);
    desk.quote({ askSz: '50' });
    assert.deepEqual(desk.said().slice(0, end.length), end);
    assert.equal(desk.order('b').isTriggered, 'orderQty' in changes);
  }
});

test('the stop of an order that was elected is not replaced any more', () => {
  const desk = new Desk();
  desk.submit('a', { type: 'stop', stopPx: '195' });
  desk.trade({ px: '195' });
  assert.match(desk.replace('a', 'b', { stopPx: px('200') })?.message ?? '', /was elected cannot be replaced/);
});

test('an order that is not in the market yet, or asked to go, is not replaced', () => {
  const desk = new Desk({ latency: { orderNs: SECOND_NS, cancelNs: SECOND_NS, jitterNs: 0n, seed: 1 } });
  desk.submit('a');
  assert.equal(desk.replace('a', 'b', {})?.message, 'cannot replace order in pending_new status');
  desk.cancel('a');
  assert.equal(desk.replace('a', 'b', {})?.message, 'cannot replace order in pending_cancel status');
  assert.equal(desk.replace('nobody', 'b', {})?.status, 404);
  desk.submit('c');
  desk.wait(2n * SECOND_NS);
  assert.equal(desk.replace('c', 'a', {})?.message, 'client_order_id must be unique');
});

test('a DAY order of a market that always trades expires at midnight of New York', () => {
  const desk = new Desk({}, { startNs: FRIDAY_1500 });
  desk.submit('a', { type: 'limit', limitPx: '180' });
  desk.submit('b', { type: 'limit', limitPx: '180', timeInForce: 'gtc' });
  desk.until(FRIDAY_1500 + 9n * HOUR_NS);
  assert.deepEqual(desk.said().slice(4), ['expired a']);
  assert.equal(desk.order('a').expiredNs, FRIDAY_1500 + 9n * HOUR_NS);
  desk.wait(100n * 24n * HOUR_NS);
  assert.deepEqual(desk.said(), ['expired b']);
});

test('an order for a closed session is accepted and waits for the open', () => {
  const desk = new Desk({ hours: 'us-equities' }, { startNs: FRIDAY_1500 + 6n * HOUR_NS });
  desk.quote();
  desk.submit('a');
  desk.submit('crypto', { symbol: 'BTC/USD', qty: '1' });
  assert.deepEqual(desk.said(), ['pending_new a', 'accepted a', 'pending_new crypto', 'new crypto']);
  desk.wait(12n * HOUR_NS);
  assert.deepEqual(desk.said(), ['expired crypto'], 'crypto always trades, so its day ends at midnight');
  const mondayOpen = FRIDAY_1500 + 66n * HOUR_NS + HOUR_NS / 2n;
  desk.until(mondayOpen - 1n);
  assert.deepEqual(desk.said(), []);
  desk.until(mondayOpen);
  assert.deepEqual(desk.said(), ['new a', 'fill a 100@190.01 taker']);
});

test('at the close a DAY order expires and a GTC order is done for the day, until the next open', () => {
  const desk = new Desk({ hours: 'us-equities' }, { startNs: FRIDAY_1500 });
  desk.submit('day', { type: 'limit', limitPx: '180' });
  desk.submit('good', { type: 'limit', limitPx: '190.01', timeInForce: 'gtc' });
  desk.submit('late', { type: 'limit', limitPx: '180', extendedHours: true });
  desk.quote({ askSz: '10' });
  desk.said();
  desk.wait(HOUR_NS);
  assert.deepEqual(desk.said(), ['done_for_day good', 'expired day']);
  desk.quote({ askPx: '170' });
  assert.deepEqual(desk.said(), ['fill late 100@180 maker'], 'only what may trade in extended hours does');
  assert.equal(desk.order('good').status, 'done_for_day');
  desk.wait(72n * HOUR_NS);
  assert.deepEqual(desk.said(), ['new good', 'fill good 90@170 taker']);
});

test('an order that is done for the day may be canceled and replaced', () => {
  const desk = new Desk({ hours: 'us-equities' }, { startNs: FRIDAY_1500 });
  for (const id of ['a', 'b']) desk.submit(id, { type: 'limit', limitPx: '180', timeInForce: 'gtc' });
  desk.wait(2n * HOUR_NS);
  desk.said();
  desk.cancel('a');
  desk.replace('b', 'c', { limitPx: px('181') });
  assert.deepEqual(desk.said(), ['canceled a', 'replaced b', 'accepted c']);
  desk.wait(68n * HOUR_NS);
  assert.deepEqual(desk.said(), ['new c']);
});

test('a halt lets nothing fill and takes orders and cancels', () => {
  const desk = new Desk();
  desk.quote();
  desk.status('halt');
  desk.submit('a');
  desk.submit('b');
  desk.cancel('b');
  desk.quote();
  assert.deepEqual(desk.said(), ['pending_new a', 'new a', 'pending_new b', 'new b', 'canceled b']);
  desk.status('resume');
  desk.quote();
  assert.deepEqual(desk.said(), ['fill a 100@190.01 taker']);
});

test('a reset cancels what is open, whatever is on its way, and begins another account', () => {
  const desk = new Desk({ latency: CANCEL_LATENCY });
  desk.quote();
  desk.submit('a');
  for (const id of ['b', 'c', 'd']) desk.submit(id, { type: 'limit', limitPx: '100' });
  desk.cancel('b');
  desk.replace('c', 'e', { limitPx: px('101') });
  desk.said();
  const account = { id: 'other', accountNumber: 'PA2', createdNs: desk.nowNs };
  desk.step({ kind: 'reset', account, cashUsd: '500', tsNs: desk.nowNs });
  assert.deepEqual(desk.said(), ['canceled b', 'canceled c', 'canceled d', 'canceled e', 'account-opened 500']);
  const { state } = desk;
  assert.deepEqual(
    [state.orders.size, state.fills.length, state.reservedUsd.toFixed(), state.account.id],
    [0, 0, '0', 'other'],
  );
  assert.equal(state.ledger.cash.toFixed(), '500');
  desk.wait(SECOND_NS);
  desk.submit('a', { qty: '1' });
  assert.deepEqual(desk.said(), ['pending_new a', 'new a', 'fill a 1@190.01 taker'], 'names are free again');
});

test('each order has a time of its own, also while the market stands still', () => {
  const desk = new Desk();
  const times = ['a', 'b', 'c'].map((id) => desk.submit(id).createdNs);
  assert.deepEqual(times, [desk.nowNs, desk.nowNs + 1n, desk.nowNs + 2n]);
});

test('when the source goes back, stamps go on and what is on its way keeps the time it has left', () => {
  const desk = new Desk({ latency: { orderNs: SECOND_NS, cancelNs: 0n, jitterNs: 0n, seed: 1 } });
  desk.submit('a');
  desk.wait(SECOND_NS / 2n);
  desk.nowNs -= HOUR_NS;
  desk.submit('b');
  assert.ok(desk.order('b').createdNs > desk.order('a').createdNs);
  desk.wait(SECOND_NS - 1n);
  assert.deepEqual(desk.said(), ['pending_new a', 'pending_new b']);
  desk.wait(SECOND_NS);
  assert.deepEqual(desk.said(), ['new a', 'new b']);
  const stamps = desk.events.map(({ tsNs }) => tsNs);
  assert.deepEqual(
    stamps,
    [...stamps].sort((x, y) => (x < y ? -1 : 1)),
  );
});

test('no status leads on from an order that is closed, but for requests that came too late', () => {
  for (const status of ['filled', 'canceled', 'expired', 'replaced', 'rejected'] as const) {
    for (const next of Object.values(ORDER_LIFE[status])) assert.equal(next, status);
  }
});

import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { type Alpaca, ValidationError } from '@alpacahq/alpaca-trade-api';
import { eventually } from '@tickpath/testkit';
import { alpacaAt, UpdateRecorder } from './alpaca-sdk.ts';
import { VenueUnderTest } from './venue-under-test.ts';

interface Desk {
  readonly alpaca: Alpaca;
  readonly recorder: UpdateRecorder;
}

/** A venue whose orders and cancels are on their way for a while. */
async function desk(t: TestContext, latency: { readonly orderMs: number; readonly cancelMs: number }): Promise<Desk> {
  const venue = await VenueUnderTest.start({
    'synthetic.symbols': [{ symbol: 'AAPL', price: '190' }],
    'synthetic.ticksPerSecond': 50,
    'latency.orderMs': latency.orderMs,
    'latency.cancelMs': latency.cancelMs,
  });
  t.after(() => venue.stop());
  const alpaca = alpacaAt(venue);
  const recorder = await UpdateRecorder.open(alpaca, venue);
  t.after(() => recorder.close());
  await eventually('a price', () => alpaca.marketData.getLatestPrice('AAPL').catch(() => undefined));
  return { alpaca, recorder };
}

const RESTING = { symbol: 'AAPL', qty: 2, side: 'buy', limitPrice: '20', timeInForce: 'gtc' } as const;
const AT_MARKET = { symbol: 'AAPL', qty: 1, side: 'buy' } as const;

test('orders, cancels and replaces on their way are pending until they arrive', { timeout: 90_000 }, async (t) => {
  const { alpaca, recorder } = await desk(t, { orderMs: 150, cancelMs: 150 });
  const { orders } = alpaca.trading;
  const order = await orders.limit(RESTING);
  assert.equal((await orders.getOrderByOrderID({ orderId: order.id ?? '' })).status, 'pending_new');
  const pending = await recorder.update(order.id, 'pending_new');
  const arrived = await recorder.update(order.id, 'new');
  const tookMs = Number(arrived.timestamp) - Number(pending.timestamp);
  assert.ok(tookMs >= 150 && tookMs < 1000, `${tookMs} ms`);

  const replacing = await orders.patchOrderByOrderId({ orderId: order.id ?? '', patchOrderRequest: { qty: '1' } });
  await recorder.update(order.id, 'pending_replace');
  await recorder.update(order.id, 'replaced');
  await recorder.update(replacing.id, 'new');
  await orders.deleteOrderByOrderID({ orderId: replacing.id ?? '' });
  await recorder.update(replacing.id, 'pending_cancel');
  const { order: canceled } = await recorder.update(replacing.id, 'canceled');
  assert.equal(canceled.status, 'canceled');
  assert.deepEqual(recorder.events(order.id), ['pending_new', 'new', 'pending_replace', 'replaced']);
  assert.deepEqual(recorder.events(replacing.id).slice(-2), ['pending_cancel', 'canceled']);
  assert.deepEqual(recorder.errors, []);
});

test('a cancel and a replace that come after the fill are rejected', { timeout: 90_000 }, async (t) => {
  const { alpaca, recorder } = await desk(t, { orderMs: 400, cancelMs: 3000 });
  const { orders } = alpaca.trading;
  const tooLate = await orders.market(AT_MARKET);
  await orders.deleteOrderByOrderID({ orderId: tooLate.id ?? '' });
  await recorder.update(tooLate.id, 'pending_cancel');
  await recorder.update(tooLate.id, 'fill');
  const refused = await recorder.update(tooLate.id, 'order_cancel_rejected');
  assert.equal(refused.order.status, 'filled');

  // A trailing stop so tight that the next move elects it: seldom before the replace is asked for, almost always before
  // it arrives.
  for (let tries = 1; ; tries += 1) {
    assert.ok(tries <= 20, 'no replace came after a fill');
    const order = await orders.trailingStop({ ...AT_MARKET, trailPrice: '0.01' });
    await recorder.update(order.id, 'new');
    const patchOrderRequest = { trail: '50' };
    const replacing = await orders
      .patchOrderByOrderId({ orderId: order.id ?? '', patchOrderRequest })
      .catch(refusedOnly);
    if (replacing === undefined) continue;
    await recorder.update(order.id, 'pending_replace');
    const outcome = () => recorder.events(order.id).find((event) => OUTCOMES.has(event));
    if ((await eventually('the outcome of a replace', outcome)) === 'replaced') continue;
    const kept = await recorder.update(order.id, 'order_replace_rejected');
    assert.equal(kept.order.status, 'filled');
    const { order: rejected } = await recorder.update(replacing.id, 'rejected');
    assert.equal(rejected.status, 'rejected');
    assert.equal((await orders.getOrderByOrderID({ orderId: replacing.id ?? '' })).filledQty, '0');
    break;
  }
  assert.deepEqual(recorder.errors, []);
});

const OUTCOMES = new Set(['replaced', 'order_replace_rejected']);

/** It was filled before it could be replaced. */
function refusedOnly(error: unknown): undefined {
  if (error instanceof ValidationError) return undefined;
  throw error;
}

import assert from 'node:assert/strict';
import { EventEmitter, once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type TestContext, test } from 'node:test';
import { AlpacaOrders } from '../src/alpaca-orders.ts';
import { anApproval } from './builders.ts';

const TRACEPARENT = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';

/** A venue that takes orders and answers none. */
async function aSilentVenue(t: TestContext, options: { connections: number; timeoutMs: number }) {
  const taken: string[] = [];
  const news = new EventEmitter();
  const server = createServer(async (request) => {
    const body = Buffer.concat(await request.toArray()).toString();
    taken.push((JSON.parse(body) as { client_order_id: string }).client_order_id);
    news.emit('taken');
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const orders = new AlpacaOrders({ url, keyId: 'key', secretKey: 'secret', ...options });
  t.after(async () => {
    await orders.close();
    server.close();
    server.closeAllConnections();
  });
  const submit = (count: number) =>
    Array.from({ length: count }, (_, n) => orders.submit(anApproval({ clOrdId: `tp-${n}` }), TRACEPARENT));
  /** Resolves when so many orders have come. */
  const reach = async (count: number) => {
    while (taken.length < count) await once(news, 'taken', { signal: AbortSignal.timeout(10_000) });
  };
  return { taken, reach, orders, submit };
}

test('an order that waits for a connection when orders are abandoned is never written', async (t) => {
  const venue = await aSilentVenue(t, { connections: 2, timeoutMs: 60_000 });
  const answers = venue.submit(5);
  await venue.reach(2);
  assert.equal(venue.orders.abandon('the stream broke off'), true);
  const reasons = (await Promise.all(answers)).map((answer) => answer.type === 'unanswered' && answer.reason);
  assert.deepEqual(reasons, Array(5).fill('ERROR: the stream broke off'));
  const later = venue.submit(1);
  await venue.reach(3);
  assert.deepEqual(venue.taken.toSorted(), ['tp-0', 'tp-0', 'tp-1']);
  venue.orders.abandon('over');
  await Promise.all(later);
  assert.equal(venue.orders.abandon('nothing is left'), false);
});

test('an order that gets no connection in time is given up with those that got no answer, and never written', async (t) => {
  const timeoutMs = 60_000;
  const venue = await aSilentVenue(t, { connections: 2, timeoutMs });
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const submitted = venue.submit(5);
  await venue.reach(2);
  t.mock.timers.tick(timeoutMs);
  const answers = await Promise.all(submitted);
  assert.deepEqual(answers, Array(5).fill({ type: 'unanswered', reason: 'ERROR: no answer in time' }));
  assert.deepEqual(venue.taken.toSorted(), ['tp-0', 'tp-1']);
});

import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { aQuote, aTrade, eventually } from './builders.ts';
import { KEY, startVenue, type TestClient, type TestVenue } from './venue-harness.ts';

const ORDER = {
  symbol: 'AAPL',
  qty: '150',
  side: 'buy',
  type: 'market',
  time_in_force: 'day',
  client_order_id: 'tp-1',
};

async function listener(venue: TestVenue): Promise<TestClient> {
  const client = venue.connect('/stream');
  await eventually('the stream to open', () => client.socket.readyState === client.socket.OPEN);
  client.send({ action: 'auth', key: KEY.keyId, secret: KEY.secretKey });
  client.send({ action: 'listen', data: { streams: ['trade_updates', 'other'] } });
  await client.received(2);
  return client;
}

function dataOf(message: Record<string, unknown> | undefined): Record<string, unknown> {
  return (message?.data ?? {}) as Record<string, unknown>;
}

test('an order lives from pending_new to filled, by REST and on the stream', async () => {
  await using venue = await startVenue();
  const stream = await listener(venue);
  venue.exchange.onQuote(aQuote({ askSz: '100' }));
  const posted = await venue.request('POST', '/v2/orders', ORDER);
  assert.equal(posted.status, 200);
  assert.equal(posted.body.status, 'pending_new');
  assert.equal(posted.body.client_order_id, 'tp-1');

  const found = await venue.request('GET', '/v2/orders:by_client_order_id?client_order_id=tp-1');
  assert.equal(found.body.id, posted.body.id);
  assert.equal(found.body.status, 'partially_filled');
  assert.equal(found.body.filled_qty, '100');

  venue.exchange.onQuote(aQuote({ askPx: '190.07', askSz: '500' }));
  const filled = await venue.request('GET', `/v2/orders/${posted.body.id}`);
  assert.equal(filled.body.status, 'filled');
  assert.equal(filled.body.filled_avg_price, '190.03');

  const updates = (await stream.received(6)).slice(2).map(dataOf);
  assert.deepEqual(
    updates.map(({ event, qty, price, position_qty }) => [event, qty, price, position_qty]),
    [
      ['pending_new', undefined, undefined, undefined],
      ['new', undefined, undefined, undefined],
      ['partial_fill', '100', '190.01', '100'],
      ['fill', '50', '190.07', '150'],
    ],
  );
  const positions = await venue.request('GET', '/v2/positions');
  assert.deepEqual(
    Object.values(positions.body).map((one) => (one as Record<string, unknown>).qty),
    ['150'],
  );
  assert.deepEqual((await venue.request('GET', '/v2/orders')).body, []);
  assert.equal(Object.keys((await venue.request('GET', '/v2/orders?status=all')).body).length, 1);
});

test('the account and its positions are told as they are after the fills', async () => {
  await using venue = await startVenue();
  const before = (await venue.request('GET', '/v2/account')).body;
  assert.deepEqual(
    [before.cash, before.equity, before.status, before.currency],
    ['1000000', '1000000', 'ACTIVE', 'USD'],
  );
  const none = await venue.request('GET', '/v2/positions/AAPL');
  assert.deepEqual(none, { status: 404, body: { code: 40410000, message: 'position does not exist' } });

  venue.exchange.onQuote(aQuote({ askPx: '190.01', askSz: '200' }));
  await venue.request('POST', '/v2/orders', ORDER);
  venue.exchange.onTrade(aTrade({ price: '191' }));
  const { body: account } = await venue.request('GET', '/v2/account');
  assert.equal(account.id, before.id);
  assert.deepEqual([account.cash, account.long_market_value, account.equity], ['971498.5', '28650', '1000148.5']);
  const { body: position } = await venue.request('GET', '/v2/positions/AAPL');
  assert.deepEqual([position.qty, position.cost_basis, position.unrealized_pl], ['150', '28501.5', '148.5']);
  const numbers = [...Object.entries(account), ...Object.entries(position)].filter(
    ([, value]) => typeof value === 'number',
  );
  assert.deepEqual(numbers, [['daytrade_count', 0]]);
});

test('an open order is canceled once; after that DELETE says why not', async () => {
  await using venue = await startVenue();
  const stream = await listener(venue);
  const { body } = await venue.request('POST', '/v2/orders', ORDER);
  assert.equal((await venue.request('DELETE', `/v2/orders/${body.id}`)).status, 204);
  assert.equal(dataOf((await stream.received(5))[4]).event, 'canceled');
  const again = await venue.request('DELETE', `/v2/orders/${body.id}`);
  assert.deepEqual(again, { status: 422, body: { code: 42210000, message: 'order is already in "canceled" state' } });
  const nobody = await venue.request('DELETE', '/v2/orders/nobody', '');
  assert.deepEqual(nobody, { status: 404, body: { code: 40410000, message: 'order not found for nobody' } });
});

test('a repeated client_order_id is refused and changes nothing', async () => {
  await using venue = await startVenue();
  const first = await venue.request('POST', '/v2/orders', ORDER);
  const second = await venue.request('POST', '/v2/orders', { ...ORDER, qty: '1' });
  assert.deepEqual(second, { status: 422, body: { code: 40010001, message: 'client_order_id must be unique' } });
  const found = await venue.request('GET', '/v2/orders:by_client_order_id?client_order_id=tp-1');
  assert.deepEqual([found.body.id, found.body.qty], [first.body.id, '150']);
});

test('requests that cannot be served are answered with a 4xx and {code, message}', async () => {
  await using venue = await startVenue();
  const cases: [status: number, code: number, answer: Promise<{ status: number; body: Record<string, unknown> }>][] = [
    [400, 40010000, venue.request('POST', '/v2/orders', '{"symbol":')],
    [422, 40010001, venue.request('POST', '/v2/orders', '')],
    [422, 40010001, venue.request('POST', '/v2/orders', '[]')],
    [422, 42210000, venue.request('POST', '/v2/orders', { ...ORDER, type: 'limit' })],
    [413, 41310000, venue.request('POST', '/v2/orders', { ...ORDER, note: 'x'.repeat(5000) })],
    [404, 40410000, venue.request('GET', '/v2/orders/unknown')],
    [404, 40410000, venue.request('GET', '/v2/orders:by_client_order_id?client_order_id=unknown')],
    [422, 40010001, venue.request('GET', '/v2/orders:by_client_order_id')],
    [422, 40010001, venue.request('GET', '/v2/orders?status=nonsense')],
    [404, 40410000, venue.request('GET', '/v2/positions/AAPL')],
    [404, 40410000, venue.request('GET', '/v2/nothing')],
    [401, 40110000, venue.request('GET', '/v2/orders', undefined, {})],
    [
      401,
      40110000,
      venue.request('POST', '/v2/orders', ORDER, { 'apca-api-key-id': KEY.keyId, 'apca-api-secret-key': 'x' }),
    ],
  ];
  for (const [status, code, answer] of cases) {
    const { status: found, body } = await answer;
    assert.deepEqual([found, body.code, typeof body.message], [status, code, 'string'], JSON.stringify(body));
  }
  assert.equal((await venue.request('POST', '/v2/orders', ORDER)).status, 200);
});

test('a venue without a key of its own takes requests with any key and with none', async () => {
  await using venue = await startVenue({ credentials: { keyId: '', secretKey: '' } });
  assert.equal((await venue.request('GET', '/v2/orders', undefined, {})).status, 200);
  assert.equal((await venue.request('GET', '/v2/orders')).status, 200);
});

test('the stream takes both forms of authentication, in binary frames, and nothing before', async () => {
  await using venue = await startVenue();
  const client = venue.connect('/stream');
  await eventually('the stream to open', () => client.socket.readyState === client.socket.OPEN);
  client.send({ action: 'listen', data: { streams: ['trade_updates'] } });
  client.send({ action: 'auth', key: KEY.keyId, secret: 'wrong' });
  client.send({ action: 'authenticate', data: { key_id: KEY.keyId, secret_key: KEY.secretKey } });
  client.send({ action: 'listen', data: { streams: ['trade_updates'] } });
  client.send('{');
  client.send({ action: 'listen', data: { streams: [] } });
  const answers = await client.received(6);
  assert.deepEqual(answers[0], { stream: 'authorization', data: { action: 'listen', status: 'unauthorized' } });
  assert.deepEqual(answers[1], { stream: 'authorization', data: { action: 'authenticate', status: 'unauthorized' } });
  assert.equal(dataOf(answers[2]).status, 'authorized');
  assert.match(String(dataOf(answers[2]).message), /being deprecated/);
  assert.deepEqual(answers[3], { stream: 'listening', data: { streams: ['trade_updates'] } });
  assert.equal(answers[4]?.stream, 'error');
  assert.deepEqual(answers[5], { stream: 'listening', data: { streams: [] } });
  assert.ok(client.frames.every((frame) => frame.isBinary));
});

test('a stream client that does not authenticate in time is closed', async () => {
  await using venue = await startVenue({ authTimeoutMs: 20 });
  const client = venue.connect('/stream');
  await eventually('the close', () => client.closeCode() === 1008);
});

const capture = join(import.meta.dirname, '../../../../shared/data/alpaca/trade-updates-capture-20260918.json');
const absent = existsSync(capture) ? false : `no capture at ${capture}`;

test('trade updates have exactly the fields of the live capture', { skip: absent }, async () => {
  await using venue = await startVenue();
  const stream = await listener(venue);
  venue.exchange.onQuote(aQuote());
  await venue.request('POST', '/v2/orders', ORDER);
  const ours = (await stream.received(5)).slice(2);
  const live = (JSON.parse(readFileSync(capture, 'utf8')) as Record<string, unknown>[]).slice(2);
  for (const [index, frame] of live.entries()) {
    const [wanted, found] = [dataOf(frame), dataOf(ours[index])];
    assert.equal(found.event, wanted.event);
    assert.deepEqual(Object.keys(found).sort(), Object.keys(wanted).sort());
    const [wantedOrder, foundOrder] = [wanted.order as object, found.order as object];
    assert.deepEqual(Object.keys(foundOrder), Object.keys(wantedOrder));
    for (const [key, value] of Object.entries(foundOrder)) {
      const like = (wantedOrder as Record<string, unknown>)[key];
      if (value !== null && like !== null) assert.equal(typeof value, typeof like, key);
    }
    for (const key of ['at', 'timestamp'])
      assert.match(String(found[key]), /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?Z$/);
    assert.match(String(found.event_id), /^[0-9A-HJKMNP-TV-Z]{26}$/);
  }
});

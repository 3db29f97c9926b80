import assert from 'node:assert/strict';
import { test } from 'node:test';
import { aQuote, aTrade, eventually } from './builders.ts';
import { listener } from './protocol/listener.ts';
import { HEADERS, KEY, startVenue, type TestVenue } from './venue-harness.ts';

type Fields = Record<string, unknown>;
const ORDER = {
  symbol: 'AAPL',
  qty: '150',
  side: 'buy',
  type: 'market',
  time_in_force: 'day',
  client_order_id: 'tp-1',
};
const RESTING = { symbol: 'AAPL', qty: '10', side: 'buy', type: 'limit', limit_price: '100', time_in_force: 'day' };

async function ordered(venue: TestVenue, order: Fields): Promise<Fields> {
  const { status, body } = await venue.request('POST', '/v2/orders', order);
  assert.equal(status, 200, JSON.stringify(body));
  return body;
}

async function listed(venue: TestVenue, path: string): Promise<Fields[]> {
  const { status, body } = await venue.request('GET', path);
  assert.equal(status, 200, JSON.stringify(body));
  assert.ok(Array.isArray(body));
  return body;
}

function dataOf(frame: Fields | undefined): Fields {
  return (frame?.data ?? {}) as Fields;
}

test('an order lives from pending_new to filled, by REST and on the stream', async () => {
  await using venue = await startVenue();
  const stream = await listener(venue);
  venue.show(aQuote({ askSz: '100' }));
  const posted = await ordered(venue, ORDER);
  assert.deepEqual([posted.status, posted.client_order_id, posted.qty], ['pending_new', 'tp-1', '150']);

  const found = await venue.request('GET', '/v2/orders:by_client_order_id?client_order_id=tp-1');
  assert.deepEqual([found.body.id, found.body.status, found.body.filled_qty], [posted.id, 'partially_filled', '100']);

  venue.show(aQuote({ askPx: '190.07', askSz: '500' }));
  const filled = await venue.request('GET', `/v2/orders/${posted.id}`);
  assert.deepEqual([filled.body.status, filled.body.filled_avg_price], ['filled', '190.03']);

  const updates = (await stream.received(4)).map(dataOf);
  assert.deepEqual(
    updates.map(({ event, qty, price, position_qty }) => [event, qty, price, position_qty]),
    [
      ['pending_new', undefined, undefined, undefined],
      ['new', undefined, undefined, undefined],
      ['partial_fill', '100', '190.01', '100'],
      ['fill', '50', '190.07', '150'],
    ],
  );
  assert.deepEqual(updates[3]?.order, filled.body);
  assert.deepEqual(
    (await listed(venue, '/v2/positions')).map(({ qty }) => qty),
    ['150'],
  );
  assert.deepEqual(await listed(venue, '/v2/orders'), []);
  assert.deepEqual(await listed(venue, '/v2/orders?status=all'), [filled.body]);
  assert.deepEqual(
    (await listed(venue, '/v2/account/activities/FILL')).map(({ price }) => price),
    ['190.07', '190.01'],
  );
});

test('the account and its positions are told as they are after the fills', async () => {
  await using venue = await startVenue();
  const before = (await venue.request('GET', '/v2/account')).body;
  assert.deepEqual(
    [before.cash, before.equity, before.status, before.currency],
    ['1000000', '1000000', 'ACTIVE', 'USD'],
  );
  venue.show(aQuote({ askPx: '190.01', askSz: '200' }));
  await ordered(venue, ORDER);
  venue.show(aTrade({ px: '191' }));
  const { body: account } = await venue.request('GET', '/v2/account');
  assert.equal(account.id, before.id);
  assert.deepEqual([account.cash, account.long_market_value, account.equity], ['971498.5', '28650', '1000148.5']);
  const { body: position } = await venue.request('GET', '/v2/positions/AAPL');
  assert.deepEqual([position.qty, position.cost_basis, position.unrealized_pl], ['150', '28501.5', '148.5']);
});

test('an open order is canceled once; after that DELETE says why not', async () => {
  await using venue = await startVenue();
  const stream = await listener(venue);
  const { id } = await ordered(venue, RESTING);
  assert.equal((await venue.request('DELETE', `/v2/orders/${id}`)).status, 204);
  assert.equal(dataOf((await stream.received(3))[2]).event, 'canceled');
  const again = await venue.request('DELETE', `/v2/orders/${id}`);
  assert.deepEqual(
    [again.status, again.body],
    [422, { code: 42210000, message: 'order is already in "canceled" state' }],
  );
  const nobody = await venue.request('DELETE', '/v2/orders/nobody', '');
  assert.deepEqual([nobody.status, nobody.body], [404, { code: 40410000, message: 'order not found for nobody' }]);
});

test('all open orders are canceled at once, each with its own answer', async () => {
  await using venue = await startVenue();
  assert.deepEqual((await venue.request('DELETE', '/v2/orders')).body, []);
  const ids = [(await ordered(venue, RESTING)).id, (await ordered(venue, { ...RESTING, symbol: 'MSFT' })).id];
  const { status, body } = await venue.request('DELETE', '/v2/orders');
  assert.deepEqual([status, body], [207, ids.map((id) => ({ id, status: 200 }))]);
  assert.deepEqual(await listed(venue, '/v2/orders'), []);
});

test('a replace answers with the new order, and the two name each other', async () => {
  await using venue = await startVenue();
  const old = await ordered(venue, RESTING);
  const path = `/v2/orders/${old.id}`;
  const next = await venue.request('PATCH', path, { limit_price: 101.5, client_order_id: 'tp-2' });
  assert.equal(next.status, 200);
  const { replaces, limit_price, client_order_id, qty, status } = next.body;
  assert.deepEqual([replaces, limit_price, client_order_id, qty, status], [old.id, '101.5', 'tp-2', '10', 'new']);
  const { body: replaced } = await venue.request('GET', path);
  assert.deepEqual([replaced.status, replaced.replaced_by], ['replaced', next.body.id]);
  const refusals = [
    await venue.request('PATCH', path, { qty: '5' }),
    await venue.request('PATCH', `/v2/orders/${next.body.id}`, {}),
    await venue.request('PATCH', '/v2/orders/nobody', { qty: '5' }),
    await venue.request('PATCH', `/v2/orders/${next.body.id}`, { limit_price: '50000', qty: '1000' }),
  ];
  assert.deepEqual(
    refusals.map(({ status, body }) => [status, body.code]),
    [
      [422, 42210000],
      [422, 42210000],
      [404, 40410000],
      [403, 40310000],
    ],
  );
});

test('a refusal for want of shares or cash names the amounts', async () => {
  await using venue = await startVenue();
  venue.show(aQuote({ askPx: '190', askSz: '100' }));
  await ordered(venue, { ...ORDER, qty: '100' });
  const { id } = await ordered(venue, { ...RESTING, side: 'sell', limit_price: '300', qty: '40' });
  const shares = await venue.request('POST', '/v2/orders', {
    ...ORDER,
    client_order_id: 'tp-2',
    side: 'sell',
    qty: '61',
  });
  assert.deepEqual(
    [shares.status, shares.body],
    [
      403,
      {
        available: '60',
        code: 40310000,
        existing_qty: '100',
        held_for_orders: '40',
        message: 'insufficient qty available for order (requested: 61, available: 60)',
        related_orders: [id],
        symbol: 'AAPL',
      },
    ],
  );
  const cash = await venue.request('POST', '/v2/orders', { ...RESTING, limit_price: '190', qty: '21000' });
  assert.deepEqual(
    [cash.status, cash.body],
    [403, { buying_power: '3981000', code: 40310000, cost_basis: '3990000', message: 'insufficient buying power' }],
  );
});

test('a position is closed whole or in part, under any of its names', async () => {
  await using venue = await startVenue();
  venue.show(aQuote({ askPx: '190', askSz: '1000', bidPx: '189', bidSz: '1000' }));
  venue.show(aQuote({ symbol: 'BTC/USD', askPx: '60000', askSz: '1', bidPx: '59999', bidSz: '1' }));
  await ordered(venue, { ...ORDER, qty: '100' });
  await ordered(venue, { symbol: 'BTC/USD', qty: 0.5, side: 'buy', type: 'market', time_in_force: 'gtc' });
  const part = await venue.request('DELETE', '/v2/positions/AAPL?percentage=25');
  assert.deepEqual(
    [part.status, part.body.side, part.body.qty, part.body.position_intent, part.body.time_in_force],
    [200, 'sell', '25', 'sell_to_close', 'day'],
  );
  await venue.request('DELETE', '/v2/positions/AAPL?qty=5');
  assert.deepEqual(
    (await listed(venue, '/v2/positions')).map(({ symbol, qty }) => [symbol, qty]),
    [
      ['AAPL', '70'],
      ['BTCUSD', '0.5'],
    ],
  );
  const { asset_id } = (await venue.request('GET', '/v2/positions/BTCUSD')).body;
  for (const name of ['BTC/USD', 'BTC%2FUSD', asset_id]) {
    assert.equal((await venue.request('GET', `/v2/positions/${name}`)).body.symbol, 'BTCUSD', String(name));
  }
  const coin = await venue.request('DELETE', '/v2/positions/BTCUSD');
  assert.deepEqual([coin.body.symbol, coin.body.qty, coin.body.time_in_force], ['BTC/USD', '0.5', 'gtc']);
  const refusals = [
    await venue.request('GET', '/v2/positions/BTCUSD'),
    await venue.request('DELETE', '/v2/positions/BTCUSD'),
    await venue.request('GET', '/v2/positions/NONE'),
    await venue.request('DELETE', '/v2/positions/AAPL?percentage=101'),
    await venue.request('DELETE', '/v2/positions/AAPL?qty=71'),
  ];
  assert.deepEqual(
    refusals.map(({ status, body }) => `${status} ${body.code} ${body.message}`),
    [
      '404 40410000 position does not exist',
      '404 40410000 position not found: BTCUSD',
      '404 40410000 symbol not found: NONE',
      '422 40010001 percentage must be <= 100: 101',
      '403 40310000 insufficient qty available for order (requested: 71, available: 70)',
    ],
  );
});

test('all positions are closed, after the open orders that hold them when that is asked for', async () => {
  await using venue = await startVenue();
  venue.show(aQuote({ askPx: '190', askSz: '1000', bidPx: '189', bidSz: '1000' }));
  venue.show(aQuote({ symbol: 'MSFT', bidPx: '400', bidSz: '1000', askPx: '401', askSz: '1000' }));
  await ordered(venue, { ...ORDER, qty: '100' });
  await ordered(venue, { ...ORDER, symbol: 'MSFT', side: 'sell', qty: '10', client_order_id: 'tp-2' });
  await ordered(venue, { ...RESTING, side: 'sell', limit_price: '300', qty: '40' });
  const first = await venue.request('DELETE', '/v2/positions');
  assert.equal(first.status, 207);
  const closings = Object.values(first.body) as { symbol: string; status: number; body: Fields }[];
  assert.deepEqual(
    closings.map(({ symbol, status, body }) => [symbol, status, body.side ?? body.available]),
    [
      ['AAPL', 403, '60'],
      ['MSFT', 200, 'buy'],
    ],
  );
  const second = await venue.request('DELETE', '/v2/positions?cancel_orders=true');
  assert.deepEqual(
    (Object.values(second.body) as typeof closings).map(({ symbol, status, body }) => [symbol, status, body.qty]),
    [['AAPL', 200, '100']],
  );
  assert.deepEqual(await listed(venue, '/v2/positions'), []);
  assert.equal((await venue.request('DELETE', '/v2/positions?cancel_orders=maybe')).status, 422);
});

test('closing all waits for cancels that are on their way', async () => {
  await using venue = await startVenue({
    rules: { latency: { orderNs: 0n, cancelNs: 1_000_000n, jitterNs: 0n, seed: 1 } },
  });
  venue.show(aQuote({ askPx: '190', askSz: '1000', bidPx: '189', bidSz: '1000' }));
  await ordered(venue, { ...ORDER, qty: '100' });
  const { id } = await ordered(venue, { ...RESTING, side: 'sell', limit_price: '300', qty: '40' });
  const closing = venue.request('DELETE', '/v2/positions?cancel_orders=true');
  await eventually('the cancel to come in', () => {
    venue.exchange.onClock();
    return venue.exchange.order(String(id))?.status === 'canceled';
  });
  const [one] = Object.values((await closing).body) as { status: number; body: Fields }[];
  assert.deepEqual([one?.status, one?.body.qty], [200, '100']);
});

test('a repeated client_order_id is refused and changes nothing', async () => {
  await using venue = await startVenue();
  const first = await ordered(venue, ORDER);
  const second = await venue.request('POST', '/v2/orders', { ...ORDER, qty: '1' });
  assert.deepEqual([second.status, second.body], [422, { code: 40010001, message: 'client_order_id must be unique' }]);
  const found = await venue.request('GET', '/v2/orders:by_client_order_id?client_order_id=tp-1');
  assert.deepEqual([found.body.id, found.body.qty], [first.id, '150']);
});

test('a request without the key of the venue is refused on every path', async () => {
  await using venue = await startVenue();
  const wrong = { 'apca-api-key-id': KEY.keyId, 'apca-api-secret-key': 'x' };
  for (const headers of [{}, wrong, { 'apca-api-key-id': KEY.keyId }]) {
    for (const path of ['/v2/orders', '/v2/account', '/v2/nothing']) {
      const { status, body } = await venue.request('GET', path, undefined, headers);
      assert.deepEqual([status, body], [401, { code: 40110000, message: 'request is not authorized' }]);
    }
    assert.equal((await venue.request('POST', '/v2/orders', ORDER, headers)).status, 401);
  }
  assert.deepEqual(await listed(venue, '/v2/orders?status=all'), []);
});

test('a refused order has a span that says why, under the trace of its request', async () => {
  await using venue = await startVenue();
  const trace = 'a'.repeat(32);
  const headers = { ...HEADERS, traceparent: `00-${trace}-${'b'.repeat(16)}-01` };
  await venue.request('POST', '/v2/orders', { ...ORDER, qty: '0' }, headers);
  const [span] = venue.spans;
  assert.deepEqual(
    [span?.traceId, span?.attributes?.['http.response.status_code'], span?.attributes?.['tickpath.cl_ord_id']],
    [trace, 422, 'tp-1'],
  );
  assert.equal(span?.attributes?.['tickpath.reject_reason'], 'qty must be > 0: 0');
});

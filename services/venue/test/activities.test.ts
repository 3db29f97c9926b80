import assert from 'node:assert/strict';
import { test } from 'node:test';
import { aQuote } from './builders.ts';
import { startVenue, type TestVenue } from './venue-harness.ts';

const PATH = '/v2/account/activities';
const SECOND_NS = 1_000_000_000n;

async function submit(venue: TestVenue, clOrdId: string, qty: string): Promise<string> {
  const order = { symbol: 'AAPL', qty, side: 'buy', type: 'market', time_in_force: 'day', client_order_id: clOrdId };
  const { status, body } = await venue.request('POST', '/v2/orders', order);
  assert.equal(status, 200);
  return String(body.id);
}

/** A venue whose time stands where its quotes put it, with one execution a second. */
async function venueWithFills(count: number): Promise<{ venue: TestVenue; orderId: string }> {
  const tape = { files: [], firstNs: SECOND_NS, batches: async function* () {}, close: async () => {} };
  const venue = await startVenue({ tape });
  const orderId = await submit(venue, 'tp-1', String(count));
  for (let second = 2; second < count + 2; second += 1) {
    venue.exchange.onQuote(aQuote({ askSz: '1', askPx: `190.${second}`, tsNs: BigInt(second) * SECOND_NS }));
  }
  return { venue, orderId };
}

async function list(venue: TestVenue, query = '', path = PATH): Promise<Record<string, string>[]> {
  const { status, body } = await venue.request('GET', `${path}${query}`);
  assert.equal(status, 200, JSON.stringify(body));
  return Object.values(body) as Record<string, string>[];
}

const prices = (activities: Record<string, string>[]) => activities.map(({ price }) => price);

test('an execution is an activity with the fields of Alpaca, the newest first', async () => {
  const { venue: started, orderId } = await venueWithFills(2);
  await using venue = started;
  const [fill, partial, ...more] = await list(venue);
  assert.deepEqual(more, []);
  const { id, ...fields } = fill ?? {};
  assert.match(String(id), /^19700101000003000::[0-9a-f-]{36}$/);
  assert.deepEqual(fields, {
    activity_type: 'FILL',
    transaction_time: '1970-01-01T00:00:03Z',
    type: 'fill',
    price: '190.3',
    qty: '1',
    side: 'buy',
    symbol: 'AAPL',
    leaves_qty: '0',
    order_id: orderId,
    cum_qty: '2',
    order_status: 'filled',
  });
  const { type, leaves_qty, cum_qty, order_status } = partial ?? {};
  assert.deepEqual([type, leaves_qty, cum_qty, order_status], ['partial_fill', '1', '1', 'partially_filled']);
  assert.deepEqual(await list(venue, '', `${PATH}/FILL`), await list(venue));
  assert.deepEqual(await list(venue, '?activity_types=FILL'), await list(venue));
});

test('pages follow each other by token in both directions, and the fills between two of them change nothing', async () => {
  const { venue: started } = await venueWithFills(7);
  await using venue = started;
  for (const direction of ['asc', 'desc']) {
    const found: Record<string, string>[] = [];
    for (;;) {
      const token = found.length === 0 ? '' : `&page_token=${encodeURIComponent(String(found.at(-1)?.id))}`;
      const page = await list(venue, `?direction=${direction}&page_size=3${token}`);
      found.push(...page);
      if (page.length < 3) break;
    }
    assert.deepEqual(found, await list(venue, `?direction=${direction}`));
    assert.equal(found.length, 7);
  }
  const [newest] = await list(venue, '?page_size=1');
  await submit(venue, 'tp-2', '1');
  venue.exchange.onQuote(aQuote({ tsNs: 20n * SECOND_NS }));
  assert.equal((await list(venue)).length, 8);
  assert.equal((await list(venue, `?page_token=${newest?.id}`)).length, 6);
  assert.equal((await list(venue, `?direction=asc&page_token=${newest?.id}`)).length, 1);
});

test('times bound a listing, both exclusive, and an order id names one order', async () => {
  const { venue: started, orderId } = await venueWithFills(4);
  await using venue = started;
  const bounds = '?after=1970-01-01T00:00:02Z&until=1970-01-01T00:00:05Z';
  assert.deepEqual(prices(await list(venue, bounds)), ['190.4', '190.3']);
  assert.equal((await list(venue, `?order_id=${orderId}`)).length, 4);
  assert.deepEqual(await list(venue, '?order_id=another'), []);
});

test('what cannot be listed is refused by name', async () => {
  await using venue = await startVenue();
  for (const [path, message] of [
    ['?page_size=101', 'page_size 101 is not between 1 and 100'],
    ['?direction=up', 'invalid direction: "up"'],
    ['?after=yesterday', 'invalid after: "yesterday"'],
    ['?page_token=none', 'page_token "none" is the id of no activity'],
    ['?date=2026-01-01', 'date is not supported: this venue takes after and until'],
    ['?activity_types=DIV', 'invalid activity_types: DIV; this venue has FILL'],
    ['/DIV', 'invalid activity type: DIV; this venue has FILL'],
  ]) {
    const { status, body } = await venue.request('GET', PATH + path);
    assert.deepEqual([status, body], [422, { code: 40010001, message }]);
  }
});

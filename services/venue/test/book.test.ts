import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import { type TestContext, test } from 'node:test';
import { aQuote, aTrade } from './builders.ts';
import { dataFolder } from './test-book.ts';
import { startVenue, type TestVenue } from './venue-harness.ts';

const ORDER = { symbol: 'AAPL', qty: '150', side: 'buy', type: 'market', time_in_force: 'day' };

function folderOf(t: TestContext): string {
  const dataDir = dataFolder();
  t.after(() => rmSync(dataDir, { recursive: true }));
  return dataDir;
}

const post = (venue: TestVenue, clOrdId: string, fields: object = {}) =>
  venue.request('POST', '/v2/orders', { ...ORDER, client_order_id: clOrdId, ...fields });

/** All that REST tells of the book. */
async function told(venue: TestVenue): Promise<object> {
  const paths = ['/v2/account', '/v2/positions', '/v2/orders?status=all', '/v2/account/activities'];
  return Object.fromEntries(
    await Promise.all(paths.map(async (path) => [path, (await venue.request('GET', path)).body])),
  );
}

test('a venue that is started again has its account, orders, positions and executions', async (t) => {
  const dataDir = folderOf(t);
  const before = await (async () => {
    await using venue = await startVenue({ dataDir });
    venue.exchange.onQuote(aQuote({ askSz: '100' }));
    await post(venue, 'tp-1');
    const { body } = await post(venue, 'tp-2', { symbol: 'MSFT' });
    await venue.request('DELETE', `/v2/orders/${body.id}`);
    return await told(venue);
  })();

  await using venue = await startVenue({ dataDir });
  assert.deepEqual(await told(venue), before);
  assert.equal(venue.exchange.openOrderCount(), 1);
  const repeated = await post(venue, 'tp-1');
  assert.deepEqual(repeated, { status: 422, body: { code: 40010001, message: 'client_order_id must be unique' } });
});

test('what was open before fills after, under ids that are new and at a time that is later', async (t) => {
  const dataDir = folderOf(t);
  const tape = { files: [], firstNs: 5_000_000_000n, batches: async function* () {}, close: async () => {} };
  const first = await (async () => {
    await using venue = await startVenue({ dataDir, tape });
    venue.exchange.onQuote(aQuote({ askSz: '100', tsNs: 9_000_000_000n }));
    return (await post(venue, 'tp-1')).body;
  })();

  await using venue = await startVenue({ dataDir, tape });
  venue.exchange.onQuote(aQuote({ askSz: '500', tsNs: 6_000_000_000n }));
  const second = (await post(venue, 'tp-2')).body;
  assert.ok(String(second.submitted_at) > String(first.submitted_at), 'listings are paged by this time');
  const order = venue.exchange.orderByClOrdId('tp-1');
  assert.deepEqual([order?.status, order?.cumQty.toFixed()], ['filled', '150']);
  const { body } = await venue.request('GET', '/v2/account/activities?direction=asc');
  const activities = Object.values(body) as Record<string, string>[];
  assert.deepEqual(
    activities.map(({ qty, cum_qty }) => [qty, cum_qty]),
    [
      ['100', '100'],
      ['50', '150'],
      ['150', '150'],
    ],
  );
  assert.equal(new Set(activities.map(({ id }) => id)).size, 3);
});

test('the market is not kept: a position is worth what its last execution paid', async (t) => {
  const dataDir = folderOf(t);
  await (async () => {
    await using venue = await startVenue({ dataDir });
    venue.exchange.onQuote(aQuote());
    await post(venue, 'tp-1');
    venue.exchange.onTrade(aTrade({ price: '250' }));
  })();
  await using venue = await startVenue({ dataDir });
  assert.equal((await venue.request('GET', '/v2/positions/AAPL')).body.current_price, '190.01');
});

test('the cash of the configuration is for a new account; another one is told and changes nothing', async (t) => {
  const dataDir = folderOf(t);
  const { id } = await (async () => {
    await using venue = await startVenue({ dataDir, initialCashUsd: '5000.50' });
    return venue.exchange.account();
  })();
  for (const [initialCashUsd, warnings] of [
    ['5000.5', []],
    ['7000', ['the account was opened with 5000.50 USD and keeps that; venue.initialCashUsd 7000 is for a new one']],
  ] as const) {
    await using venue = await startVenue({ dataDir, initialCashUsd });
    assert.deepEqual([venue.exchange.account().id, venue.exchange.account().cash], [id, '5000.5']);
    assert.deepEqual(
      venue.log.map(({ message }) => message),
      warnings,
    );
  }
});

test('a client_order_id that no journal takes is refused', async () => {
  await using venue = await startVenue();
  for (const clOrdId of ['a\nb', '\u007f', '\ud800']) {
    const { status, body } = await post(venue, clOrdId);
    assert.deepEqual([status, body.code], [422, 40010001], JSON.stringify(body));
  }
});

test('a quote that fills nothing and a refusal write nothing', async (t) => {
  const dataDir = folderOf(t);
  await using venue = await startVenue({ dataDir });
  await post(venue, 'tp-1');
  const { lastSeq } = venue.journal;
  for (let i = 0; i < 100; i += 1) venue.exchange.onQuote(aQuote({ symbol: 'MSFT' }));
  await post(venue, 'tp-1');
  assert.equal(venue.journal.lastSeq, lastSeq);
});

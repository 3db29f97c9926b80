import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import { type TestContext, test } from 'node:test';
import { aQuote, aTrade } from './builders.ts';
import { dataFolder, openTestBook } from './test-book.ts';
import { openDesk } from './test-exchange.ts';
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
    venue.exchange.onMarket(aQuote({ askSz: '100' }));
    await post(venue, 'tp-1');
    const { body } = await post(venue, 'tp-2', { symbol: 'MSFT' });
    await venue.request('DELETE', `/v2/orders/${body.id}`);
    await post(venue, 'tp-3', { type: 'limit', limit_price: '180.5', time_in_force: 'gtc' });
    await post(venue, 'tp-4', { side: 'sell', qty: '50', type: 'trailing_stop', trail_percent: '1.5' });
    return await told(venue);
  })();

  await using venue = await startVenue({ dataDir });
  assert.deepEqual(await told(venue), before);
  assert.equal(venue.exchange.state().open.size, 3);
  const { status, body } = await post(venue, 'tp-1');
  assert.deepEqual([status, body], [422, { code: 40010001, message: 'client_order_id must be unique' }]);
});

test('what was open before fills after, once, under ids that are new and at a time that is later', async (t) => {
  const dataDir = folderOf(t);
  const first = await (async () => {
    await using desk = await openDesk({ dataDir });
    desk.show(aQuote({ askSz: '100' }));
    return desk.submit({ qty: '150', clOrdId: 'tp-1' });
  })();
  await using desk = await openDesk({ dataDir });
  desk.show(aQuote({ askSz: '500' }));
  const second = desk.submit({ qty: '150', clOrdId: 'tp-2' });
  assert.ok(second.createdNs > first.createdNs, 'listings are paged by this time');
  const { fills } = desk.exchange.state();
  assert.deepEqual(
    fills.map(({ order, lastQty }) => [order.clOrdId, lastQty / 1e9]),
    [
      ['tp-1', 100],
      ['tp-1', 50],
      ['tp-2', 150],
    ],
  );
  assert.equal(new Set(fills.flatMap(({ execId, eventId }) => [execId, eventId])).size, 6);
});

test('a cancel that was on its way arrives after the start, as do orders', async (t) => {
  const dataDir = folderOf(t);
  const rules = { latency: { orderNs: 50_000_000n, cancelNs: 50_000_000n, jitterNs: 0n, seed: 1 } };
  const nowNs = await (async () => {
    await using desk = await openDesk({ dataDir, rules });
    desk.show(aQuote());
    const { orderId } = desk.submit({ clOrdId: 'canceled', type: 'limit', limitPx: '180' });
    desk.wait(60_000_000n);
    assert.equal(desk.exchange.cancel(orderId), null);
    desk.submit({ clOrdId: 'late' });
    return desk.nowNs;
  })();
  await using desk = await openDesk({ dataDir, rules, startNs: nowNs });
  const statuses = () => ['canceled', 'late'].map((clOrdId) => desk.exchange.orderByClOrdId(clOrdId)?.status);
  assert.deepEqual(statuses(), ['pending_cancel', 'pending_new']);
  assert.ok(desk.exchange.nextDueNs() !== null, 'what is due is known before the first input');
  desk.show(aQuote({ tsNs: nowNs + 10_000_000n }));
  assert.deepEqual(statuses(), ['pending_cancel', 'pending_new']);
  desk.wait(60_000_000n);
  assert.deepEqual(statuses(), ['canceled', 'filled']);
});

test('the market is not kept: a position is worth what its last execution paid', async (t) => {
  const dataDir = folderOf(t);
  await (async () => {
    await using venue = await startVenue({ dataDir });
    venue.exchange.onMarket(aQuote());
    await post(venue, 'tp-1');
    venue.exchange.onMarket(aTrade({ px: '250' }));
  })();
  await using venue = await startVenue({ dataDir });
  assert.equal((await venue.request('GET', '/v2/positions/AAPL')).body.current_price, '190.01');
});

test('the cash of the configuration is for a new account; another one is told and changes nothing', async (t) => {
  const dataDir = folderOf(t);
  const { id } = await (async () => {
    await using venue = await startVenue({ dataDir, initialCashUsd: '5000.50' });
    return venue.exchange.state().account;
  })();
  for (const [initialCashUsd, warnings] of [
    ['5000.5', []],
    ['7000', ['the account was opened with 5000.50 USD and keeps that; venue.initialCashUsd 7000 is for a new one']],
  ] as const) {
    await using venue = await startVenue({ dataDir, initialCashUsd });
    const { account, ledger } = venue.exchange.state();
    assert.deepEqual([account.id, ledger.cash.toFixed()], [id, '5000.5']);
    assert.deepEqual(
      venue.log.map(({ message }) => message),
      warnings,
    );
  }
});

test('a reset lasts: another account with an empty book, its cash and free names', async (t) => {
  const dataDir = folderOf(t);
  const other = await (async () => {
    await using desk = await openDesk({ dataDir });
    desk.show(aQuote());
    desk.submit({ clOrdId: 'tp-1' });
    const open = desk.submit({ clOrdId: 'tp-2', type: 'limit', limitPx: '180' });
    const before = desk.exchange.state().account.id;
    await desk.exchange.settled();
    const { lastSeq } = desk.journal;
    const account = desk.exchange.reset('5000');
    assert.notEqual(account.id, before);
    await desk.exchange.settled();
    assert.equal(desk.journal.lastSeq, lastSeq + 2, 'the cancel of what was open, and the account');
    assert.equal(desk.journal.versionOf(`order/${open.orderId}`), 3);
    return account;
  })();
  await using desk = await openDesk({ dataDir, initialCashUsd: '5000' });
  const { account, ledger, orders, fills } = desk.exchange.state();
  assert.deepEqual([account, ledger.cash.toFixed(), orders.size, fills.length], [other, '5000', 0, 0]);
  desk.submit({ clOrdId: 'tp-1', qty: '1' });
});

test('the run and how far it came are kept with what happened, and noted only when they have moved', async (t) => {
  const dataDir = folderOf(t);
  const run = { runId: 'tape-1', source: 'replay', sourceId: 'abc', startedNs: 5n };
  await (async () => {
    let position = { events: 0 };
    await using desk = await openDesk({ dataDir, position: () => position });
    desk.submit({ clOrdId: 'before any run', qty: '1' });
    assert.deepEqual([desk.book.run, desk.book.lastPosition], [null, null]);
    desk.exchange.beginRun(run);
    const { lastSeq } = desk.journal;
    const written = async () => {
      await desk.exchange.settled();
      return [...desk.journal.readAll(lastSeq + 1)].map(({ type }) => type);
    };
    assert.deepEqual(await written(), ['OrderReceived', 'OrderAccepted', 'RunStarted']);
    desk.submit({ clOrdId: 'tp-1', type: 'limit', limitPx: '180', qty: '1' });
    desk.submit({ clOrdId: 'tp-2', type: 'limit', limitPx: '180', qty: '1' });
    const orders = ['OrderReceived', 'OrderAccepted', 'OrderReceived', 'OrderAccepted'];
    assert.deepEqual((await written()).slice(3), [...orders, 'MarketAt'], 'two events each, and the position once');
    desk.exchange.recordPosition();
    assert.equal((await written()).length, 8);
    position = { events: 7 };
    desk.exchange.recordPosition();
    assert.deepEqual((await written()).slice(8), ['MarketAt']);
  })();
  await (async () => {
    await using desk = await openDesk({ dataDir, position: () => ({ events: 7 }) });
    assert.deepEqual([desk.book.run, desk.book.lastPosition], [run, { events: 7 }]);
    const { lastSeq } = desk.journal;
    desk.exchange.recordPosition();
    await desk.exchange.settled();
    assert.equal(desk.journal.lastSeq, lastSeq, 'that is noted already');
    desk.exchange.beginRun({ ...run, runId: 'tape-2' });
  })();
  await using desk = await openDesk({ dataDir });
  assert.deepEqual([desk.book.run?.runId, desk.book.lastPosition], ['tape-2', null]);
});

test('a client_order_id that no journal takes is refused', async () => {
  await using venue = await startVenue();
  for (const clOrdId of ['a\nb', '\u007f', '\ud800']) {
    const { status, body } = await post(venue, clOrdId);
    assert.deepEqual([status, body.code], [422, 40010001], JSON.stringify(body));
  }
});

test('an event of the market that fills nothing and a refusal write nothing', async (t) => {
  const dataDir = folderOf(t);
  await using desk = await openDesk({ dataDir });
  desk.submit({ clOrdId: 'tp-1' });
  await desk.exchange.settled();
  const { lastSeq } = desk.journal;
  for (let i = 0; i < 100; i += 1) {
    desk.show(aQuote({ symbol: 'MSFT' }));
    desk.show(aTrade({ symbol: 'AAPL', tsNs: desk.nowNs }));
    desk.exchange.onClock();
  }
  assert.throws(() => desk.submit({ clOrdId: 'tp-1' }), /must be unique/);
  await desk.exchange.settled();
  assert.equal(desk.journal.lastSeq, lastSeq);
});

test('a journal that does not fit the venue is not opened, and says at which event', async (t) => {
  const dataDir = folderOf(t);
  const { journal, book } = await openTestBook(dataDir);
  assert.equal(book.state.orders.size, 0);
  const payload = { orderId: 'nobody', eventId: 'e', execId: 'x', tsNs: '1' };
  journal.transact((tx) => tx.append('order/nobody', [{ type: 'OrderCanceled', payload }], 'any'));
  await journal.close();
  const reopened = openTestBook(dataDir);
  await assert.rejects(reopened, {
    code: 'JOURNAL_FOREIGN',
    message: /event 2 \(OrderCanceled\) does not fit the venue: order nobody is canceled and unknown/,
  });
});

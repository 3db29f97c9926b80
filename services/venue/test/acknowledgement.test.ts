import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import { test } from 'node:test';
import type { ExchangeOptions } from '../src/exchange.ts';
import { aQuote, aTrade, eventually } from './builders.ts';
import { dataFolder } from './test-book.ts';
import { openDesk } from './test-exchange.ts';
import { KEY, startVenue, type TestClient } from './venue-harness.ts';

const ORDER = { symbol: 'AAPL', qty: '150', side: 'buy', type: 'market', time_in_force: 'day' };

/** The event and the order of each update so far. */
function updatesOf(client: TestClient): unknown[] {
  return client.messages
    .filter(({ stream }) => stream === 'trade_updates')
    .map(({ data }) => data as { event: string; order: { client_order_id: string } })
    .map(({ event, order }) => [event, order.client_order_id]);
}

test('nothing is told of an order before it is on the disk, neither by REST nor on the stream, and then in order', async () => {
  const gates = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  await using venue = await startVenue({ beforeFlush: async (flushes) => gates[flushes]?.promise });
  // Before the venue goes, which waits for what is under way.
  using _open = { [Symbol.dispose]: () => gates.forEach(({ resolve }) => void resolve()) };
  const stream = venue.connect('/stream');
  await eventually('the stream to open', () => stream.socket.readyState === stream.socket.OPEN);
  const listen = { action: 'listen', data: { streams: ['trade_updates'] } };
  stream.send({ action: 'auth', key: KEY.keyId, secret: KEY.secretKey });
  stream.send(listen);
  await stream.received(2);

  const answered: string[] = [];
  const ask = async (what: string, method: string, path: string, body?: object) => {
    const answer = await venue.request(method, path, body);
    answered.push(what);
    return answer;
  };
  const begun = venue.journal.lastSeq;
  const first = ask('first', 'POST', '/v2/orders', { ...ORDER, client_order_id: 'tp-1' });
  await eventually('the first commit', () => venue.journal.lastSeq === begun + 2);
  const second = ask('second', 'POST', '/v2/orders', { ...ORDER, client_order_id: 'tp-2' });
  await eventually('the second commit', () => venue.journal.lastSeq === begun + 4);
  const others = [
    ask('repeat', 'POST', '/v2/orders', { ...ORDER, client_order_id: 'tp-1' }),
    ask('lookup', 'GET', '/v2/orders:by_client_order_id?client_order_id=tp-1'),
    ask('cancel', 'DELETE', `/v2/orders/${venue.exchange.orderByClOrdId('tp-2')?.orderId}`),
  ];
  await eventually('the third commit', () => venue.journal.lastSeq === begun + 5);
  gates[1]?.resolve();
  // Its answer comes behind all that the venue had to say on this socket before.
  stream.send(listen);
  await stream.received(3);
  assert.deepEqual([answered, updatesOf(stream)], [[], []]);

  gates[0]?.resolve();
  const statuses = (await Promise.all([first, second, ...others])).map(({ status }) => status);
  assert.deepEqual(statuses, [200, 200, 422, 200, 204]);
  await stream.received(8);
  assert.deepEqual(updatesOf(stream), [
    ['pending_new', 'tp-1'],
    ['new', 'tp-1'],
    ['pending_new', 'tp-2'],
    ['new', 'tp-2'],
    ['canceled', 'tp-2'],
  ]);
});

test('a journal that takes nothing more ends the venue, and nobody hears of what it did not take', async (t) => {
  const dataDir = dataFolder();
  t.after(() => rmSync(dataDir, { recursive: true }));
  await using desk = await openDesk({ dataDir });
  await desk.journal.close();
  desk.show(aQuote());
  assert.equal(desk.faults.length, 0, 'what writes nothing needs no journal');
  desk.submit({ clOrdId: 'tp-1' });
  await assert.rejects(desk.exchange.settled(), { code: 'JOURNAL_CLOSED' });
  assert.equal((desk.faults[0] as { code?: string }).code, 'JOURNAL_CLOSED');
  assert.throws(
    () => desk.submit({ clOrdId: 'tp-2' }),
    { code: 'JOURNAL_CLOSED' },
    'it would lack what came before it',
  );
  assert.deepEqual(desk.heard, []);
});

test('what one turn of the event loop leads to is one transaction and one flush, told in order when it is on the disk', async (t) => {
  const dataDir = dataFolder();
  t.after(() => rmSync(dataDir, { recursive: true }));
  const calls: (string | number)[] = [];
  const journal: ExchangeOptions['journal'] = {
    transact(work) {
      const committed = desk.journal.transact(work);
      calls.push(committed.events.length);
      return committed;
    },
    async flushed(committed, begin) {
      const flushed = await desk.journal.flushed(committed, begin);
      calls.push('flushed');
      return flushed;
    },
  };
  await using desk = await openDesk({ dataDir, options: { journal } });
  const { exchange } = desk;
  exchange.listen(({ kind, order }) => calls.push(`${order.clOrdId} ${kind}`));
  for (const clOrdId of ['tp-1', 'tp-2']) desk.submit({ clOrdId });
  assert.deepEqual(calls, []);
  await exchange.settled();
  assert.deepEqual(calls, [4, 'flushed', 'tp-1 pending_new', 'tp-1 new', 'tp-2 pending_new', 'tp-2 new']);
  calls.length = 0;
  desk.submit({ clOrdId: 'tp-3' });
  const first = exchange.settled();
  await new Promise((resolve) => setImmediate(resolve));
  desk.submit({ clOrdId: 'tp-4' });
  await first;
  assert.deepEqual(calls.at(-1), 'tp-3 new', 'who waits for what was before does not wait for what came after');
  await exchange.settled();
  assert.deepEqual(calls.at(-1), 'tp-4 new');
});

test('of a turn that dies before its commit nothing is there, and nobody has heard of it', async (t) => {
  const dataDir = dataFolder();
  t.after(() => rmSync(dataDir, { recursive: true }));
  const dies = new Error('died');
  const failpoint = (point: string) => {
    if (point === 'before-commit') throw dies;
  };
  await (async () => {
    await using desk = await openDesk({ dataDir, options: { failpoint } });
    for (const clOrdId of ['tp-1', 'tp-2']) desk.submit({ clOrdId });
    await assert.rejects(desk.exchange.settled(), dies);
    assert.deepEqual([desk.heard, desk.faults], [[], [dies]]);
  })();
  await using desk = await openDesk({ dataDir });
  assert.equal(desk.exchange.state().orders.size, 0);
});

test('what was told is what is on the disk: stops elected and trailed are kept and told to nobody', async (t) => {
  const dataDir = dataFolder();
  t.after(() => rmSync(dataDir, { recursive: true }));
  await using desk = await openDesk({ dataDir });
  desk.show(aQuote());
  desk.submit({ clOrdId: 'held', qty: '10' });
  desk.show(aTrade({ px: '190' }));
  const trail = { by: 'percent', milliPercent: 1000 } as const;
  desk.submit({ clOrdId: 'stop', side: 'sell', type: 'trailing_stop', trail, qty: '10' });
  desk.show(aTrade({ px: '195' }));
  desk.show(aTrade({ px: '193.05' }));
  await desk.exchange.settled();
  const types = [...desk.journal.readAll()].map(({ type }) => type);
  assert.deepEqual(types.slice(4), [
    'OrderReceived',
    'OrderAccepted',
    'OrderTrailed',
    'OrderTrailed',
    'OrderTriggered',
    'OrderFilled',
  ]);
  assert.deepEqual(
    desk.heard.map(({ kind }) => kind),
    ['pending_new', 'new', 'fill', 'pending_new', 'new', 'fill'],
  );
});

test('a step that breaks off ends the venue: the journal would never hear of what it had done', async (t) => {
  const dataDir = dataFolder();
  t.after(() => rmSync(dataDir, { recursive: true }));
  await using desk = await openDesk({ dataDir });
  const { orderId } = desk.submit({ type: 'limit', limitPx: '191' });
  desk.exchange.state().orders.delete(orderId);
  assert.throws(() => desk.show(aQuote({ tsNs: desk.nowNs })), /is not among the orders/);
  assert.match(String(desk.faults[0]), /is not among the orders/);
});

import assert from 'node:assert/strict';
import { cpSync, rmSync } from 'node:fs';
import { test } from 'node:test';
import type { SourceEvent } from '../src/core/market/event.ts';
import { createRandom, nextInt } from '../src/core/random.ts';
import type { Tape } from '../src/tape/tape.ts';
import { anAsset, anOrder, aQuote, aTrade, eventually } from './builders.ts';
import { dataFolder } from './test-book.ts';
import { startVenue, type TestClient, type TestVenue } from './venue-harness.ts';

const MS = 1_000_000n;
const SECOND = 1000n * MS;
/** 2013-10-07, 09:30 in New York. */
const OPEN_NS = BigInt(Date.UTC(2013, 9, 7, 13, 30)) * MS;

function memoryTape(events: readonly SourceEvent[], sourceId = 'memory'): Tape {
  return {
    files: [],
    sourceId,
    firstNs: events[0]?.tsNs ?? null,
    async *batches() {
      for (let i = 0; i < events.length; i += 1000) yield events.slice(i, i + 1000);
    },
    close: async () => {},
  };
}

/** Trades a second apart from the opening on, their ids their places. */
function trades(count: number, gapNs = SECOND): SourceEvent[] {
  return Array.from({ length: count }, (_, id) => aTrade({ id, tsNs: OPEN_NS + BigInt(id) * gapNs }));
}

const idsOf = ({ messages }: TestClient) => messages.filter(({ T }) => T === 't').map(({ i }) => Number(i));
const range = (from: number, until: number) => Array.from({ length: until - from }, (_, i) => from + i);
const CONTROL = '/tickpath/v1/tape';

async function control(venue: TestVenue, body: object): Promise<Record<string, unknown>> {
  const answer = await venue.request('POST', CONTROL, body);
  assert.equal(answer.status, 200, answer.text);
  return answer.body;
}

async function positionOf(venue: TestVenue): Promise<{ events: number; of: number | null }> {
  return (await venue.request('GET', CONTROL)).body.position as { events: number; of: number | null };
}

test('a paused tape shows nothing and its time stands still; orders are taken, and it goes on with the next row', async () => {
  await using venue = await startVenue({ tape: memoryTape(trades(3000)), pace: 500 });
  const client = await venue.subscriber();
  await eventually('some trades', () => client.messages.length > 100);
  const paused = await control(venue, { action: 'pause' });
  assert.equal(paused.state, 'paused');
  const { events } = await positionOf(venue);
  await eventually('what was shown before', () => client.messages.length === events + 3);
  const order = { symbol: 'AAPL', qty: '1', side: 'buy', type: 'limit', limit_price: '1', time_in_force: 'gtc' };
  for (let i = 0; i < 20; i++) assert.equal((await venue.request('POST', '/v2/orders', order)).status, 200);
  const still = (await venue.request('GET', CONTROL)).body;
  assert.deepEqual([still.state, still.time], ['paused', paused.time]);
  assert.deepEqual(idsOf(client), range(0, events));
  await control(venue, { action: 'pace', pace: 'max' });
  assert.equal((await positionOf(venue)).events, events);
  assert.notEqual((await control(venue, { action: 'resume' })).state, 'paused');
  await eventually('the rest', () => client.messages.length === 3003);
  assert.deepEqual(idsOf(client), range(0, 3000));
});

test('a pause before the first subscription holds the tape', async () => {
  await using venue = await startVenue({ tape: memoryTape(trades(10)) });
  await control(venue, { action: 'pause' });
  const client = await venue.subscriber();
  assert.equal((await venue.request('GET', CONTROL)).body.state, 'paused');
  assert.deepEqual(idsOf(client), []);
  await control(venue, { action: 'resume' });
  await eventually('all', () => idsOf(client).length === 10);
});

test('the pace changes while the tape plays, and its time does not jump', async () => {
  await using venue = await startVenue({ tape: memoryTape(trades(1000)), pace: 0.001 });
  const client = await venue.subscriber();
  await eventually('the first trade', () => idsOf(client).length === 1);
  const slow = (await venue.request('GET', CONTROL)).body;
  assert.equal(slow.pace, 0.001);
  assert.match(String(slow.time), /^2013-10-07T13:30:00/);
  // 100 s of the tape in a tenth of a second.
  await control(venue, { action: 'pace', pace: 1000 });
  await eventually('a hundred', () => idsOf(client).length >= 100);
  assert.ok(idsOf(client).length < 1000, 'the tape went to its end at once');
  await control(venue, { action: 'pace', pace: 'max' });
  await eventually('the end', () => venue.feed?.state() === 'ended');
  await eventually('all trades', () => idsOf(client).length === 1000);
  assert.deepEqual(idsOf(client), range(0, 1000));
});

test('a seek lands on the first row at or after the time, as a new run, and clients have to connect again', async () => {
  const tape = memoryTape(trades(20_000));
  await using venue = await startVenue({ tape, pace: 0.001 });
  const client = await venue.subscriber();
  await eventually('the first trade', () => idsOf(client).length === 1);
  const before = venue.run().id;
  for (const [to, first] of [
    ['2013-10-07T14:30:00.5Z', 3601],
    ['10:30', 3600],
    ['9:30:07', 7],
    ['14:00', 16_200],
    ['50%', 10_000],
    ['2013-10-07T13:30:00Z', 0],
  ] as const) {
    const answer = await control(venue, { action: 'seek', to });
    assert.deepEqual(answer.position, { events: first, of: 20_000 }, to);
    assert.notEqual(answer.run, before);
    assert.equal(venue.run().id, answer.run);
    const next = await venue.subscriber();
    assert.equal(next.upgrade['x-tickpath-run'], answer.run);
    await control(venue, { action: 'pace', pace: 100 });
    await eventually(`a trade after ${to}`, () => idsOf(next).length > 0);
    await control(venue, { action: 'pace', pace: 0.001 });
    assert.equal(idsOf(next)[0], first, to);
  }
  await eventually('the close', () => client.closeCode() === 1012);
  assert.deepEqual(idsOf(client), [0]);
});

test('a tape that has ended can be sought back, and a paused one stays paused', async () => {
  await using venue = await startVenue({ tape: memoryTape(trades(100)) });
  const first = await venue.subscriber();
  await eventually('the end', () => venue.feed?.state() === 'ended' && idsOf(first).length === 100);
  await control(venue, { action: 'pause' });
  const answer = await control(venue, { action: 'seek', to: '9:30:50' });
  assert.deepEqual([answer.state, answer.time], ['paused', '2013-10-07T13:30:50Z']);
  const second = await venue.subscriber();
  assert.deepEqual(idsOf(second), []);
  await control(venue, { action: 'resume' });
  await eventually('the rest', () => idsOf(second).length === 50);
  assert.deepEqual(idsOf(second), range(50, 100));
  const end = await control(venue, { action: 'seek', to: '100%' });
  assert.deepEqual([end.state, end.position], ['ended', { events: 100, of: 100 }]);
});

test('after a seek the exchange knows the last quote before the place, no other, and the time there', async () => {
  const quotes = range(0, 100).map((i) => aQuote({ tsNs: OPEN_NS + BigInt(i) * SECOND, askPx: String(200 + i) }));
  const events = [aQuote({ symbol: 'MSFT', tsNs: OPEN_NS }), ...quotes, ...trades(1, SECOND)];
  const last = aTrade({ tsNs: OPEN_NS + 500n * SECOND });
  const tape = memoryTape([...events, aQuote({ symbol: 'BTC/USD', tsNs: last.tsNs }), last]);
  await using venue = await startVenue({ tape });
  await venue.subscriber();
  await eventually('the end', () => venue.feed?.state() === 'ended');
  await control(venue, { action: 'pause' });
  await control(venue, { action: 'seek', to: '2013-10-07T13:30:30.5Z' });
  assert.equal(venue.exchange.nowNs(), OPEN_NS + 30n * SECOND + 500n * MS);
  const bought = venue.exchange.submit(anOrder({ qty: '1' }));
  assert.ok(bought.ok);
  const order = venue.exchange.order(bought.order.orderId);
  assert.deepEqual([order?.status, order?.notional], ['filled', 230n * 10n ** 15n]);
  // It has not been quoted yet at that time.
  const waits = venue.exchange.submit(anOrder({ symbol: 'BTC/USD', qty: '1' }));
  assert.ok(waits.ok);
  assert.equal(venue.exchange.order(waits.order.orderId)?.status, 'new');
});

test('whatever is done to a tape, each run shows its rows once and in order from the place where it began', async () => {
  const seed = Number(process.env.TICKPATH_SEED ?? Math.floor(Math.random() * 2 ** 31));
  console.log(`TICKPATH_SEED=${seed}`);
  const random = createRandom(seed, 'tape control');
  const count = 20_000;
  await using venue = await startVenue({ tape: memoryTape(trades(count)), pace: 1000, frameLimit: 32 });
  let client = await venue.subscriber();
  let place = 0;
  let rows = 0;
  const checkRun = () => {
    const ids = idsOf(client);
    assert.deepEqual(ids, range(place, place + ids.length), `a run from row ${place}`);
    rows += ids.length;
  };
  for (let i = 0; i < 60; i++) {
    const action = nextInt(random, 0, 5);
    if (action === 0) await control(venue, { action: 'pause' });
    if (action === 1) await control(venue, { action: 'pace', pace: [0.5, 100, 3000, 50_000][nextInt(random, 0, 3)] });
    if (action >= 2) await control(venue, { action: 'resume' });
    if (action < 4) continue;
    const percent = nextInt(random, 0, 100);
    const before = client;
    const landed = await control(venue, { action: 'seek', to: `${percent}%` });
    await eventually('the old run to end', () => before.closeCode() === 1012);
    checkRun();
    place = (percent * count) / 100;
    assert.deepEqual(landed.position, { events: place, of: count });
    client = await venue.subscriber();
    assert.equal(client.upgrade['x-tickpath-run'], landed.run);
  }
  await control(venue, { action: 'pace', pace: 'max' });
  await control(venue, { action: 'resume' });
  await eventually('the end', () => place + idsOf(client).length === count);
  checkRun();
  console.log(`${rows} rows of a tape of ${count}`);
});

test('history and bars after a seek are those up to the place', async () => {
  await using venue = await startVenue({ tape: memoryTape(trades(600)) });
  await venue.subscriber();
  await eventually('the end', () => venue.feed?.state() === 'ended');
  await control(venue, { action: 'pause' });
  await control(venue, { action: 'seek', to: '9:32:30' });
  const found = await venue.request('GET', '/v2/stocks/AAPL/trades?limit=10000&start=2013-10-07T00:00:00Z');
  assert.deepEqual(
    (found.body.trades as { i: number }[]).map(({ i }) => i),
    range(0, 150),
  );
  const bars = await venue.request('GET', '/v2/stocks/AAPL/bars?timeframe=1Min&start=2013-10-07T00:00:00Z');
  assert.deepEqual(
    (bars.body.bars as { t: string; n: number }[]).slice(0, 2).map(({ t, n }) => [t, n]),
    [
      ['2013-10-07T13:30:00Z', 60],
      ['2013-10-07T13:31:00Z', 60],
    ],
  );
});

test('what cannot be done is refused with what was found and what is allowed', async () => {
  await using venue = await startVenue({ tape: memoryTape(trades(61)) });
  for (const [body, status, message] of [
    [{ action: 'stop' }, 422, 'action is "stop", expected one of pause, resume, seek, pace'],
    [{ action: 'seek' }, 422, /^to is undefined, expected a time/],
    [{ action: 'seek', to: 'noon' }, 422, /^to is "noon", expected a time/],
    [{ action: 'seek', to: '25:00' }, 422, /^to is "25:00", expected a time/],
    [{ action: 'seek', to: '101%' }, 422, '101% is not between 0% and 100%'],
    [
      { action: 'seek', to: '9:29:59' },
      422,
      '2013-10-07T13:29:59Z is before 2013-10-07T13:30:00Z, the first row of the tape',
    ],
    [
      { action: 'seek', to: '9:31:01' },
      422,
      '2013-10-07T13:31:01Z is after 2013-10-07T13:31:00Z, the last row of the tape',
    ],
    [{ action: 'pace', pace: 0 }, 422, 'pace is 0, expected a number above 0 or "max"'],
    [{ action: 'pace', pace: '10' }, 422, 'pace is "10", expected a number above 0 or "max"'],
    [{ action: 'pause', to: '10:00' }, 422, 'to is "10:00", but pause takes none'],
    [{ action: 'pause', speed: 1 }, 422, 'unknown field "speed", expected action, to, pace'],
  ] as const) {
    const answer = await venue.request('POST', CONTROL, body);
    assert.equal(answer.status, status, JSON.stringify(body));
    if (typeof message === 'string') assert.equal(answer.body.message, message);
    else assert.match(String(answer.body.message), message);
  }
  assert.equal((await venue.request('POST', CONTROL, { action: 'pause' }, {})).status, 401);
  assert.equal((await venue.request('GET', CONTROL, undefined, {})).status, 401);
});

test('two seeks at once: one is refused, the other done', async () => {
  await using venue = await startVenue({ tape: memoryTape(trades(20_000)) });
  const both = await Promise.all(['50%', '60%'].map((to) => venue.request('POST', CONTROL, { action: 'seek', to })));
  assert.deepEqual(both.map(({ status }) => status).sort(), [200, 409]);
  assert.equal(both.find(({ status }) => status === 409)?.body.message, 'the tape is being moved already');
});

test('a synthetic market is described, and cannot be moved', async () => {
  await using venue = await startVenue({ synthetic: {} });
  const { body } = await venue.request('GET', CONTROL);
  assert.deepEqual(
    { ...body, time: typeof body.time },
    { run: venue.run().id, source: 'synthetic', state: 'playing', pace: 'live', time: 'string' },
  );
  for (const action of ['pause', 'resume', 'seek', 'pace']) {
    const answer = await venue.request('POST', CONTROL, { action });
    assert.deepEqual(
      [answer.status, answer.body.message],
      [409, `${action}: a synthetic market follows the clock, only a tape is moved`],
    );
  }
});

test('a tape goes on after a restart: no row twice, none left out, the same run', async () => {
  const dataDir = dataFolder();
  const count = 8000;
  const seen: number[] = [];
  const runs = new Set<string>();
  for (let start = 0; seen.length < count; start++) {
    await using venue = await startVenue({ tape: memoryTape(trades(count)), dataDir, resume: true, frameLimit: 16 });
    runs.add(venue.run().id);
    const client = await venue.subscriber();
    await eventually('some rows', () => idsOf(client).length > 200 + start * 377 || venue.feed?.state() === 'ended');
    venue.feed?.tape?.pause();
    const { events } = await positionOf(venue);
    await eventually('what was shown', () => seen.length + idsOf(client).length === events);
    venue.exchange.recordPosition();
    seen.push(...idsOf(client));
  }
  rmSync(dataDir, { recursive: true });
  assert.deepEqual(seen, range(0, count));
  assert.equal(runs.size, 1);
});

test('killed between a fill and the end of its frame, a tape shows the frame again, and the exchange only what it had not seen', async () => {
  const dataDir = dataFolder();
  const killed = dataFolder();
  const rows = trades(100).map((trade, i) =>
    i >= 50 ? { ...trade, ...aTrade({ id: i, px: '99', tsNs: trade.tsNs }) } : trade,
  );
  const tape = memoryTape(rows);
  let orderId = '';
  {
    await using venue = await startVenue({ tape, dataDir, frameLimit: 1000 });
    await control(venue, { action: 'pause' });
    await venue.subscriber();
    const order = venue.exchange.submit(anOrder({ type: 'limit', limitPx: '100', qty: '15' }));
    assert.ok(order.ok);
    orderId = order.order.orderId;
    await control(venue, { action: 'resume' });
    await eventually('the fill', () => venue.exchange.order(orderId)?.status === 'filled');
    await venue.exchange.settled();
    cpSync(dataDir, killed, { recursive: true });
  }
  await using venue = await startVenue({ tape, dataDir: killed, resume: true });
  // Ten of the 15 were met at row 50, five at row 51.
  assert.deepEqual(venue.feed?.position(), {
    ...{ kind: 'tape', events: 52, shown: 0, isEnded: false },
    tsNs: String(rows[99]?.tsNs),
  });
  const client = await venue.subscriber();
  await eventually('all rows', () => idsOf(client).length === 100);
  assert.deepEqual(idsOf(client), range(0, 100));
  const order = venue.exchange.order(orderId);
  assert.deepEqual([order?.status, order?.cumQty, venue.exchange.state().fills.length], ['filled', 15 * 10 ** 9, 2]);
  for (const dir of [dataDir, killed]) rmSync(dir, { recursive: true });
});

test('an order arrives when its latency is over, though the market shows nothing meanwhile', async () => {
  const latency = { orderNs: 20n * MS, cancelNs: 0n, jitterNs: 0n, seed: 1 };
  const rows = [aQuote({ tsNs: OPEN_NS }), aTrade({ tsNs: OPEN_NS + 3600n * SECOND })];
  for (const source of [{ tape: memoryTape(rows), pace: 1 }, { synthetic: { ticksPerSecond: 0.001 } }]) {
    await using venue = await startVenue({ ...source, rules: { latency } });
    const client = await venue.subscriber();
    await eventually('the quote', () => client.messages.some(({ T }) => T === 'q') || venue.feed?.tape === null);
    const began = performance.now();
    const result = venue.exchange.submit(anOrder({ qty: '1', type: 'limit', limitPx: '1' }));
    assert.ok(result.ok);
    const { orderId } = result.order;
    assert.equal(venue.exchange.order(orderId)?.status, 'pending_new');
    await eventually('its arrival', () => venue.exchange.order(orderId)?.status === 'new', 2000);
    assert.ok(performance.now() - began >= 19, 'it arrived before its time');
  }
});

test('a minute bar goes out when the clock of the tape says so, not with the next row', async () => {
  const rows = [aTrade({ tsNs: OPEN_NS }), aTrade({ id: 2, tsNs: OPEN_NS + 36_000n * SECOND })];
  await using venue = await startVenue({ tape: memoryTape(rows), pace: 200 });
  const client = await venue.subscriber('/v2/sip', { trades: ['*'], bars: ['*'] });
  await eventually('the bar', () => client.messages.some(({ T }) => T === 'b'));
  const bar = client.messages.find(({ T }) => T === 'b');
  assert.deepEqual([bar?.t, bar?.n], ['2013-10-07T13:30:00Z', 1]);
  assert.equal(idsOf(client).length, 1);
});

test('a halt that was skipped still holds, with the book shown before it', async () => {
  const instrument = anAsset('BTC/USD');
  const halt: SourceEvent = {
    ...{ kind: 'status', instrument, tsNs: OPEN_NS + 2n * SECOND, effect: 'halt', tape: 'C' },
    ...{ statusCode: 'H', statusMessage: 'Trading Halt', reasonCode: '', reasonMessage: '' },
  };
  const level = (px: number): [number, number] => [px * 10 ** 9, 10 ** 9];
  const book = { kind: 'book', instrument } as const;
  const events: SourceEvent[] = [
    { ...book, tsNs: OPEN_NS, reset: true, bids: [level(99)], asks: [level(101), level(102)] },
    { ...book, tsNs: OPEN_NS + SECOND, reset: false, bids: [], asks: [[101 * 10 ** 9, 0]] },
    halt,
    aTrade({ tsNs: OPEN_NS + 10n * SECOND }),
  ];
  await using venue = await startVenue({ tape: memoryTape(events) });
  await control(venue, { action: 'pause' });
  await control(venue, { action: 'seek', to: '9:30:05' });
  const result = venue.exchange.submit(anOrder({ symbol: 'BTC/USD', qty: '1', timeInForce: 'gtc' }));
  assert.ok(result.ok);
  const statusNow = () => venue.exchange.order(result.order.orderId)?.status;
  assert.equal(statusNow(), 'new');
  // Before the halt; the level at 101 is gone by then.
  await control(venue, { action: 'seek', to: '9:30:02' });
  assert.equal(statusNow(), 'filled');
  assert.equal(venue.exchange.order(result.order.orderId)?.notional, 102n * 10n ** 18n);
});

test('an account is opened anew with the cash asked for, and open orders are canceled', async () => {
  await using venue = await startVenue();
  const before = venue.exchange.state().account.id;
  const order = venue.exchange.submit(anOrder({ type: 'limit', limitPx: '1', qty: '1' }));
  assert.ok(order.ok);
  const reset = (body?: unknown) => venue.request('POST', '/tickpath/v1/account/reset', body);
  const answer = await reset({ cash: '2500.50' });
  assert.equal(answer.status, 200);
  assert.notEqual(answer.body.id, before);
  assert.equal(answer.body.cash, '2500.5');
  const account = (await venue.request('GET', '/v2/account')).body;
  assert.deepEqual([account.id, account.cash], [answer.body.id, '2500.5']);
  assert.equal(venue.exchange.state().open.size, 0);
  assert.equal((await reset()).body.cash, '1000000');
  assert.match(String((await reset({ cash: '-1' })).body.message), /cash is "-1", expected an amount in USD from 0/);
  assert.match(String((await reset({ cash: 'all' })).body.message), /cash is "all", expected/);
});

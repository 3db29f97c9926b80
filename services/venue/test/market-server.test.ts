import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { MarketTrade, SourceEvent } from '../src/core/market/event.ts';
import { openTape, type Tape } from '../src/tape/tape.ts';
import { ASSETS, aQuote, aTrade, eventually, scratchFiles, tapeText } from './builders.ts';
import { KEY, startVenue } from './venue-harness.ts';

function memoryTape(events: readonly SourceEvent[]): Tape {
  return {
    files: [],
    sourceId: 'memory',
    firstNs: events[0]?.tsNs ?? null,
    async *batches() {
      for (let i = 0; i < events.length; i += 1000) yield events.slice(i, i + 1000);
    },
    close: async () => {},
  };
}

function trades(count: number): MarketTrade[] {
  return Array.from({ length: count }, (_, i) => aTrade({ id: i, tsNs: BigInt(i) * 1_000_000n }));
}

const isTick = (message: Record<string, unknown>) => message.T === 't' || message.T === 'q';

test('a client authenticates, subscribes and gets ticks in the form of Alpaca', async () => {
  const tape = memoryTape([
    aQuote({ tsNs: 1_500_000_000n }),
    aTrade({ tsNs: 2_208_000_000n }),
    aTrade({ symbol: 'MSFT' }),
  ]);
  await using venue = await startVenue({ tape });
  const client = venue.connect('/v2/iex');
  await client.received(1);
  client.send({ action: 'auth', key: KEY.keyId, secret: KEY.secretKey });
  client.send({ action: 'subscribe', trades: ['AAPL'], quotes: ['AAPL'] });
  assert.deepEqual(await client.received(5), [
    { T: 'success', msg: 'connected' },
    { T: 'success', msg: 'authenticated' },
    { T: 'subscription', trades: ['AAPL'], quotes: ['AAPL'], corrections: ['AAPL'], cancelErrors: ['AAPL'] },
    {
      T: 'q',
      S: 'AAPL',
      bx: 'V',
      bp: 189.99,
      bs: 100,
      ax: 'V',
      ap: 190.01,
      as: 200,
      c: ['R'],
      z: 'C',
      t: '1970-01-01T00:00:01.5Z',
    },
    { T: 't', S: 'AAPL', i: 1, x: 'V', p: 190, s: 10, c: ['@'], z: 'C', t: '1970-01-01T00:00:02.208Z' },
  ]);
  assert.ok(client.frames.every(({ text, isBinary }) => !isBinary && text.startsWith('[')));
  assert.match(String(client.upgrade['x-tickpath-run']), /^test-run-/);
  assert.equal(client.upgrade['x-tickpath-pace'], 'replay');
});

test('malformed frames are answered with an error and the connection goes on', async () => {
  await using venue = await startVenue();
  const client = venue.connect('/v2/sip');
  await client.received(1);
  client.send('{');
  client.socket.send(Buffer.from([0xff, 0xfe]));
  client.send({ action: 'subscribe', trades: ['AAPL'] });
  assert.deepEqual(
    (await client.received(4)).slice(1).map(({ code }) => code),
    [400, 400, 401],
  );
});

test('a message over the limit closes that client and nobody else', async () => {
  await using venue = await startVenue();
  const [loud, quiet] = [venue.connect('/v2/iex'), venue.connect('/v2/iex')];
  await Promise.all([loud.received(1), quiet.received(1)]);
  loud.send('x'.repeat(5000));
  await eventually('the close', () => loud.closeCode() === 1009);
  assert.equal(quiet.closeCode(), null);
});

test('a client that does not authenticate in time gets 404 and is closed', async () => {
  await using venue = await startVenue({ authTimeoutMs: 20 });
  const client = venue.connect('/v2/test');
  assert.deepEqual((await client.received(2))[1], { T: 'error', code: 404, msg: 'auth timeout' });
  await eventually('the close', () => client.closeCode() === 1008);
});

test('an unknown endpoint is turned away at the upgrade', async () => {
  await using venue = await startVenue();
  for (const path of ['/v3/iex', '/v1beta3/crypto/mars', '/v2']) {
    const client = venue.connect(path);
    const found = new Promise((resolve) =>
      client.socket.on('unexpected-response', (_, response) => resolve(response.statusCode)),
    );
    assert.equal(await found, 404);
  }
});

test('a tape starts with the first subscription, is grouped in frames and ends with one line', async () => {
  await using venue = await startVenue({ tape: memoryTape(trades(2500)), frameLimit: 100 });
  const idle = venue.connect('/v2/iex');
  await idle.received(1);
  assert.equal(venue.feed?.state(), 'waiting');
  const client = await venue.subscriber();
  await eventually('all trades', () => client.messages.filter(isTick).length === 2500);
  assert.deepEqual(
    client.messages.filter(isTick).map(({ i }) => i),
    Array.from({ length: 2500 }, (_, i) => i),
  );
  assert.ok(client.frames.every(({ text }) => (text.match(/"T":/g)?.length ?? 0) <= 100));
  await eventually('the end', () => venue.feed?.state() === 'ended');
  const lines = venue.log.map(({ message }) => message).filter((message) => message.startsWith('tape'));
  assert.deepEqual(lines, ['tape starts', 'tape ended']);
  assert.equal((await venue.request('GET', '/v2/orders')).status, 200);
});

test('clients with the same subscription get the same frames', async () => {
  await using venue = await startVenue({ tape: memoryTape(trades(5000)) });
  const waiting = [venue.connect('/v2/iex'), venue.connect('/v2/iex')];
  for (const client of waiting) {
    await client.received(1);
    client.send({ action: 'auth', key: KEY.keyId, secret: KEY.secretKey });
    await client.received(2);
  }
  for (const client of waiting) client.send({ action: 'subscribe', trades: ['*'] });
  await eventually('both to have all', () => waiting.every(({ messages }) => messages.at(-1)?.i === 4999));
  const [first, second] = waiting.map(({ frames }) => frames.map(({ text }) => text).slice(-10));
  assert.deepEqual(first, second);
});

test('a replay waits for a reader that pauses, within bounds, and drops nothing', async () => {
  const count = 200_000;
  const limit = 100_000;
  await using venue = await startVenue({ tape: memoryTape(trades(count)), slowClientBytes: limit });
  const client = await venue.subscriber();
  client.socket.pause();
  let lastNs = -1n;
  let still = 0;
  await eventually('the tape to stand still', () => {
    const nowNs = venue.feed?.nowNs() ?? 0n;
    still = nowNs === lastNs ? still + 1 : 0;
    lastNs = nowNs;
    return still > 50;
  });
  assert.ok(lastNs < BigInt(count - 1) * 1_000_000n, 'the tape went to its end without its reader');
  const answeredMeanwhile = await venue.request('POST', '/v2/orders', {
    symbol: 'AAPL',
    qty: '1',
    side: 'buy',
    type: 'market',
    time_in_force: 'day',
  });
  assert.equal(answeredMeanwhile.status, 200);
  client.socket.resume();
  await eventually('the whole tape', () => client.messages.length === count + 3, 20_000);
  assert.ok(client.messages.slice(3).every(({ i }, index) => i === index));
  assert.ok(!client.messages.some(({ T }) => T === 'error'));
});

test('a tape pauses when its last client leaves and goes on for the next', async () => {
  const count = 100_000;
  await using venue = await startVenue({ tape: memoryTape(trades(count)), frameLimit: 10 });
  const first = await venue.subscriber();
  await eventually('some trades', () => first.messages.length > 100);
  first.socket.terminate();
  await eventually('the pause', () => venue.feed?.state() === 'waiting');
  const pausedNs = venue.feed?.nowNs() ?? 0n;
  assert.ok(pausedNs < BigInt(count - 1) * 1_000_000n, 'the tape ended before its client left');
  const second = await venue.subscriber();
  await eventually('the rest', () => second.messages.at(-1)?.i === count - 1, 20_000);
  const ids = second.messages.filter(isTick).map(({ i }) => Number(i));
  assert.equal(ids[0], Number(pausedNs / 1_000_000n) + 1);
  assert.ok(ids.every((id, index) => id === (ids[0] ?? 0) + index));
});

test('a tape at a pace takes its time divided by the pace', async () => {
  const events = Array.from({ length: 11 }, (_, i) => aTrade({ id: i, tsNs: BigInt(i) * 100_000_000n }));
  await using venue = await startVenue({ tape: memoryTape(events), pace: 10 });
  const began = performance.now();
  const client = await venue.subscriber();
  await eventually('the end', () => client.messages.at(-1)?.i === 10);
  const tookMs = performance.now() - began;
  assert.ok(tookMs >= 95 && tookMs < 1000, `took ${tookMs} ms, expected about 100`);
});

test('a live market runs without clients and closes a reader that does not keep up', async () => {
  await using venue = await startVenue({ synthetic: { ticksPerSecond: 100_000 }, slowClientBytes: 50_000 });
  const client = await venue.subscriber();
  assert.equal(client.upgrade['x-tickpath-pace'], 'live');
  await eventually('ticks', () => client.messages.some(isTick));
  client.socket.pause();
  await eventually(
    'the venue to give it up',
    () => venue.log.some(({ message }) => message.includes('too slow')),
    20_000,
  );
  await eventually('no client', () => venue.log.some(({ message }) => message.includes('disconnected')), 20_000);
});

test('a file is played from the disk to the socket', async () => {
  using files = scratchFiles();
  const events = [...trades(3000), aQuote({ tsNs: 3_000_000_000n })];
  const tape = await openTape([files.writeGz('tape.csv.gz', tapeText(events))], ASSETS);
  await using venue = await startVenue({ tape });
  const client = await venue.subscriber();
  await eventually('the end', () => venue.feed?.state() === 'ended' && client.messages.length === 3004);
  const ended = venue.log.find(({ message }) => message === 'tape ended')?.fields as { files: { trades: number }[] };
  assert.equal(ended.files[0]?.trades, 3000);
});

import assert from 'node:assert/strict';
import type { Socket } from 'node:net';
import { after, afterEach, before, describe, type TestContext, test } from 'node:test';
import { deflateRawSync } from 'node:zlib';
import { eventually } from '@tickpath/testkit';
import { pack } from 'msgpackr';
import { WebSocket } from 'ws';
import { frameOf, openSocket, upgradedSocket } from './hostile-sockets.ts';
import { LIMIT_ORDER, VALUES, withField } from './hostile-values.ts';
import { StreamClient } from './stream-client.ts';
import { KEYS, SYMBOLS, VenueUnderTest } from './venue-under-test.ts';

const GROWTH_BYTES = 128 * 2 ** 20;
const CLIENTS = 1000;
const ORDERS = 2500;
const AUTH = { action: 'auth', key: KEYS.keyId, secret: KEYS.secret };
const EVERYTHING = { trades: ['*'], quotes: ['*'], bars: ['*'], statuses: ['*'] };
/** Where one client's backlog ends, in the test of slow readers. */
const BACKLOG_BYTES = 2 ** 20;

/** A client that does as it should gets its prices and its updates. */
async function ordinaryClient(venue: VenueUnderTest): Promise<void> {
  const client = await new StreamClient(venue, { path: '/v2/iex' }).subscribe(EVERYTHING);
  await client.message(({ T }) => T === 'q');
  const updates = await new StreamClient(venue, { path: '/stream' }).open();
  updates.send(AUTH);
  updates.send({ action: 'listen', data: { streams: ['trade_updates'] } });
  await eventually('a confirmation', () => updates.frames.length >= 2 || undefined);
  const { id } = await venue.ask<{ id: string }>('POST', '/v2/orders', LIMIT_ORDER);
  await eventually(
    'an update',
    () => updates.frames.some(({ value }) => JSON.stringify(value).includes(id)) || undefined,
  );
  assert.equal((await venue.request('DELETE', `/v2/orders/${id}`)).status, 204);
  await Promise.all([client.close(), updates.close()]);
}

function holdsBounds(venue: VenueUnderTest, calmBytes: number): void {
  const grown = venue.residentBytes() - calmBytes;
  const [more, most] = [grown, GROWTH_BYTES].map((bytes) => (bytes / 2 ** 20).toFixed(1));
  console.log(`resident ${more} MB more than at rest, of at most ${most}`);
  assert.ok(grown < GROWTH_BYTES, `${more} MB more than at rest`);
}

/** Resolves when the server has ended the connection; rejects when it never does. */
async function endOf(socket: Socket, what: string, boundMs = 15_000): Promise<void> {
  socket.resume();
  await eventually(
    `the end of the connection after ${what}`,
    () => socket.destroyed || socket.readyState === 'closed' || undefined,
    boundMs,
  );
}

describe('hostile streams', { timeout: 300_000 }, () => {
  let venue: VenueUnderTest;
  let calmBytes = 0;

  before(async () => {
    venue = await VenueUnderTest.start({ 'synthetic.symbols': SYMBOLS, 'synthetic.ticksPerSecond': 3 });
    for (let count = 0; count < 5; count += 1) await ordinaryClient(venue);
    calmBytes = venue.residentBytes();
  });
  after(() => venue?.stop());
  afterEach(async () => {
    await ordinaryClient(venue);
    holdsBounds(venue, calmBytes);
  });

  for (const path of ['/v2/iex', '/v1beta3/crypto/us', '/stream']) {
    test(`each field of what clients of ${path} send, as every kind of JSON value`, async () => {
      const base =
        path === '/stream'
          ? { action: 'listen', data: { streams: ['trade_updates'] } }
          : { action: 'subscribe', trades: ['AAPL'] };
      const fields = [...Object.keys(base), 'key', 'secret', 'quotes', 'bars', '__proto__', 'no such field'];
      let client = await new StreamClient(venue, { path }).open();
      let [count, ended] = [0, 0];
      for (const isAuthenticated of [false, true]) {
        for (const field of fields) {
          for (const raw of Object.values(VALUES)) {
            if (client.isClosed) {
              ended += 1;
              client = await new StreamClient(venue, { path }).open();
              if (isAuthenticated) client.send(AUTH);
            }
            const before = client.frames.length;
            client.socket.send(withField(base, field, raw));
            count += 1;
            await eventually(
              'an answer or an end',
              () => client.frames.length > before || client.isClosed || undefined,
            );
          }
        }
        if (!client.isClosed) client.send(AUTH);
      }
      const said = client.frames.map(({ value }) => JSON.stringify(value));
      console.log(`${path}: ${count} messages, ${ended} connections ended; last ${said.at(-1)?.slice(0, 120)}`);
      await client.close();
    });

    test(`frames on ${path} that break the protocol end their connection`, async () => {
      const text = Buffer.from(JSON.stringify(AUTH));
      const attacks: Record<string, Buffer> = {
        'a frame without a mask': frameOf({ opcode: 1, payload: text, isMasked: false }),
        'reserved bits': frameOf({ opcode: 1, payload: text, reserved: 7 }),
        'compression that was not agreed': frameOf({ opcode: 1, payload: deflateRawSync(text), reserved: 4 }),
        'an unknown opcode': frameOf({ opcode: 11, payload: text }),
        'a continuation of nothing': frameOf({ opcode: 0, payload: text }),
        'a long ping': frameOf({ opcode: 9, payload: Buffer.alloc(2000) }),
        'a ping in pieces': frameOf({ opcode: 9, payload: Buffer.alloc(2), isFinal: false }),
        'text that is no UTF-8': frameOf({ opcode: 1, payload: Buffer.from([0xff, 0xfe, 0xc0]) }),
        'a close of one byte': frameOf({ opcode: 8, payload: Buffer.from([3]) }),
        'a close with a forbidden code': frameOf({ opcode: 8, payload: Buffer.from([0x03, 0xed]) }),
        'a length of 2^62': frameOf({ opcode: 2, payload: text, claimedLength: 2n ** 62n }),
        'a length of 1 GB': frameOf({ opcode: 2, payload: text, claimedLength: 2n ** 30n }),
        'a message of 1 MB': frameOf({ opcode: 1, payload: Buffer.alloc(2 ** 20, 0x20), claimedLength: 2n ** 20n }),
        garbage: Buffer.from(Array.from({ length: 3000 }, (_, n) => (n * 73 + 11) % 256)),
      };
      for (const [what, bytes] of Object.entries(attacks)) {
        const socket = await upgradedSocket(venue, path);
        socket.write(bytes);
        await endOf(socket, what);
      }
      const pieces = await upgradedSocket(venue, path);
      pieces.write(frameOf({ opcode: 1, payload: Buffer.alloc(1000, 0x20), isFinal: false }));
      const piece = frameOf({ opcode: 0, payload: Buffer.alloc(1000, 0x20), isFinal: false });
      const timer = setInterval(() => pieces.write(Buffer.concat(Array.from({ length: 20 }, () => piece))), 5);
      await endOf(pieces, 'a message that never ends').finally(() => clearInterval(timer));
      console.log(`${path}: ${Object.keys(attacks).length + 1} broken protocols`);
    });
  }

  test('MessagePack that claims more than it brings, or never ends, is refused', async () => {
    const bombs: Record<string, Buffer> = {
      'an array of 2^32 - 1': Buffer.from('ddffffffff', 'hex'),
      'a map of 2^32 - 1': Buffer.from('dfffffffff', 'hex'),
      'a text of 4 GB': Buffer.from('dbffffffff61', 'hex'),
      'bytes of 4 GB': Buffer.from('c6ffffffff00', 'hex'),
      'an extension of 4 GB': Buffer.from('c9ffffffff05', 'hex'),
      'arrays in arrays': Buffer.alloc(60_000, 0x91),
      'maps in maps': Buffer.concat(Array.from({ length: 15_000 }, () => Buffer.from('81a161', 'hex'))),
      'a never used code': Buffer.from('c1', 'hex'),
      'a record definition': Buffer.from('d4724092a161a16201', 'hex'),
      'a reference to itself': Buffer.from('d6690000000191d67000000001', 'hex'),
      '__proto__ as a key': Buffer.concat([
        Buffer.from('81a95f5f70726f746f5f5f81a8', 'hex'),
        Buffer.from('polluted'),
        Buffer.from('c3', 'hex'),
      ]),
      nothing: Buffer.alloc(0),
      'a half message': Buffer.from('82a6616374696f6ea4', 'hex'),
      'a number': Buffer.from('2a', 'hex'),
      'a huge subscription': Buffer.concat([
        Buffer.from('82a6616374696f6ea9737562736372696265a6747261646573dd0000ea60', 'hex'),
        Buffer.alloc(60_000, 0xc0),
      ]),
    };
    for (const path of ['/v2/iex', '/v1beta3/crypto/us']) {
      for (const [what, bytes] of Object.entries(bombs)) {
        const client = await new StreamClient(venue, { path, encoding: 'msgpack' }).open();
        client.socket.send(pack(AUTH));
        await client.message(({ msg }) => msg === 'authenticated');
        client.socket.send(bytes);
        await eventually(
          `an answer to ${what}`,
          () => client.isClosed || client.messages().some(({ T }) => T === 'error') || undefined,
        );
        for (const { T, code } of client.messages().slice(2)) assert.deepEqual([T, code], ['error', 400], what);
        await client.close();
      }
    }
    console.log(`${2 * Object.keys(bombs).length} MessagePack bombs`);
  });

  test(`${CLIENTS} clients that come at once, subscribe to everything and leave, leave nothing behind`, async () => {
    const begunMs = performance.now();
    const clients = await Promise.all(
      Array.from({ length: CLIENTS }, (_, n) =>
        new StreamClient(venue, { path: n % 2 === 0 ? '/v2/iex' : '/v2/sip' }).subscribe(EVERYTHING),
      ),
    );
    await eventually(
      'a quote for each',
      () => clients.every((client) => client.messages().some(({ T }) => T === 'q')) || undefined,
      60_000,
      200,
    );
    const most = venue.residentBytes() - calmBytes;
    console.log(
      `${CLIENTS} clients served after ${Math.round(performance.now() - begunMs)} ms, ${(most / 2 ** 20).toFixed(1)} MB`,
    );
    for (const [n, client] of clients.entries()) n % 3 === 0 ? client.socket.terminate() : client.socket.close();
    await Promise.all(clients.map(({ closed }) => closed));
    await ordinaryClient(venue);
  });

  test('a thousand upgrades that are dropped half way, and as many that say nothing more, do no harm', async () => {
    const sockets = await Promise.all(Array.from({ length: CLIENTS }, () => openSocket(venue)));
    for (const [n, socket] of sockets.entries()) {
      socket.write('GET /v2/iex HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-');
      if (n % 2 === 0) socket.destroy();
    }
    await ordinaryClient(venue);
    for (const socket of sockets) socket.destroy();
  });
});

test('readers that never read are cut off, and nobody else notices', { timeout: 120_000 }, async (t) => {
  const venue = await VenueUnderTest.start({
    'synthetic.symbols': SYMBOLS,
    'synthetic.ticksPerSecond': 4000,
    slowClientBytes: BACKLOG_BYTES,
  });
  t.after(() => venue.stop());
  const reader = await new StreamClient(venue, { path: '/v2/iex' }).subscribe({ quotes: ['AAPL'] });
  await reader.message(({ T }) => T === 'q');
  const calmBytes = venue.residentBytes();
  const idle = await Promise.all(
    Array.from({ length: 20 }, (_, n) =>
      new StreamClient(venue, { path: n % 2 === 0 ? '/v2/iex' : '/v2/sip' }).subscribe(EVERYTHING),
    ),
  );
  for (const { socket } of idle) socket.pause();
  let mostBytes = 0;
  const sizes = setInterval(() => {
    if (venue.process.running) mostBytes = Math.max(mostBytes, venue.residentBytes() - calmBytes);
  }, 100);
  t.after(() => clearInterval(sizes));
  // What a paused client has not read is in the kernel's buffers; the venue may only hold so much on top.
  const gone = Date.now() + 60_000;
  await eventually(
    'the end of the market clients that do not read',
    async () => {
      const { subscribers } = await health(venue);
      return subscribers === 1 || undefined;
    },
    gone - Date.now(),
    200,
  );
  clearInterval(sizes);
  console.log(
    `20 readers cut off, at most ${(mostBytes / 2 ** 20).toFixed(1)} MB on top of ${(calmBytes / 2 ** 20).toFixed(1)}`,
  );
  assert.ok(mostBytes < 20 * 4 * BACKLOG_BYTES + GROWTH_BYTES);
  for (const { socket } of idle) socket.resume();
  await Promise.all(idle.map(({ closed }) => closed));
  for (const client of idle) {
    // It may not come through before the end: who does not read does not read this either.
    const codes = client.messages().flatMap(({ T, code }) => (T === 'error' ? [code] : []));
    assert.ok(codes.every((code) => code === 407) && codes.length <= 1, codes.join());
  }
  const before = reader.frames.length;
  await eventually('more quotes for the one who reads', () => reader.frames.length > before + 10 || undefined);
  await reader.close();
});

test('listeners of updates that never read are cut off, and the one who reads misses nothing', {
  timeout: 120_000,
}, async (t) => {
  const venue = await VenueUnderTest.start({ 'synthetic.symbols': SYMBOLS, slowClientBytes: 65_536 });
  t.after(() => venue.stop());
  const reading = await listener(venue, t);
  const idle = await Promise.all(Array.from({ length: 5 }, () => listener(venue, t)));
  for (const { socket } of idle) socket.pause();
  const calmBytes = venue.residentBytes();
  // Three updates of an order that ends at once: more than the kernel keeps for a socket, and the venue's own bound on top.
  const body = JSON.stringify({ ...LIMIT_ORDER, time_in_force: 'ioc' });
  let orders = 0;
  await Promise.all(
    Array.from({ length: 16 }, async () => {
      while (orders < ORDERS) {
        orders += 1;
        assert.equal((await venue.request('POST', '/v2/orders', { body })).status, 200);
      }
    }),
  );
  await eventually('every update', () => reading.frames.length === 2 + 3 * ORDERS || undefined);
  for (const { socket } of idle) socket.resume();
  await Promise.all(idle.map(({ closed }) => closed));
  const least = Math.min(...idle.map(({ frames }) => frames.length));
  console.log(`${orders} orders, ${reading.frames.length} frames read, ${least} and more by those who were cut off`);
  assert.ok(idle.every(({ frames }) => frames.length < reading.frames.length));
  assert.equal(reading.isClosed, false);
  holdsBounds(venue, calmBytes);
});

describe('a venue with compression and little patience', { timeout: 60_000 }, () => {
  let venue: VenueUnderTest;
  before(async () => {
    venue = await VenueUnderTest.start({ compression: true, authTimeoutMs: 1500, connectionLimit: 2, symbolLimit: 3 });
  });
  after(() => venue?.stop());

  test('a message that is small only while it is compressed ends the connection', async () => {
    const calmBytes = venue.residentBytes();
    const bomb = deflateRawSync(Buffer.alloc(64 * 2 ** 20, 0x20), { level: 9 }).subarray(0, -4);
    for (const path of ['/v2/iex', '/stream']) {
      const socket = await upgradedSocket(venue, path, 'Sec-WebSocket-Extensions: permessage-deflate\r\n');
      socket.write(frameOf({ opcode: 1, payload: bomb, reserved: 4 }));
      await endOf(socket, 'a bomb');
    }
    holdsBounds(venue, calmBytes);
  });

  test('whoever does not authenticate is told so and cut off', async () => {
    const client = await new StreamClient(venue, { path: '/v2/iex' }).open();
    const { code, msg } = await client.message(({ T }) => T === 'error');
    assert.deepEqual([code, msg], [404, 'auth timeout']);
    await client.closed;
    const silent = await new StreamClient(venue, { path: '/stream' }).open();
    await silent.closed;
  });

  test('more connections or symbols than allowed get the code for it', async () => {
    const first = await new StreamClient(venue, { path: '/v2/iex' }).subscribe({ trades: ['AAPL'] });
    const second = await new StreamClient(venue, { path: '/v2/iex' }).subscribe();
    const third = await new StreamClient(venue, { path: '/v2/iex' }).open();
    third.send(AUTH);
    const { code } = await third.message(({ T }) => T === 'error');
    assert.equal(code, 406);
    first.send({ action: 'subscribe', quotes: ['AAPL', 'MSFT', 'NVDA', 'SPY'] });
    assert.equal((await first.message(({ T }) => T === 'error')).code, 405);
    await Promise.all([first.close(), second.close(), third.close()]);
  });
});

/** A client of the trade updates. */
async function listener(venue: VenueUnderTest, t: TestContext): Promise<StreamClient> {
  const client = await new StreamClient(venue, { path: '/stream' }).open();
  t.after(() => client.socket.terminate());
  client.send(AUTH);
  client.send({ action: 'listen', data: { streams: ['trade_updates'] } });
  await eventually('a confirmation', () => client.frames.length >= 2 || undefined);
  assert.equal(client.socket.readyState, WebSocket.OPEN);
  return client;
}

async function health(venue: VenueUnderTest): Promise<{ readonly subscribers: number }> {
  const response = await fetch(`${venue.healthUrl}/healthz`);
  const { details } = (await response.json()) as { details: { clients: { marketDataSubscribers: number } } };
  return { subscribers: details.clients.marketDataSubscribers };
}

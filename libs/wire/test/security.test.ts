import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { inspect } from 'node:util';
import { generateKeyPair } from '../src/curve-key.ts';
import type { Refusal } from '../src/refusals.ts';
import { NO_SECURITY, openSecurity, type WireSecurity } from '../src/security.ts';
import { type ClientKeys, countRefusals, Happenings, PATTERNS, type Pattern, type Server } from './guarded-sockets.ts';

const own = generateKeyPair();
const listed = generateKeyPair();
const stranger = generateKeyPair();
const peers = { risk: own.publicKey, cli: listed.publicKey };
/** As a client in a process of its own would have them. */
const listedKeys = {
  curveServerKey: own.publicKey,
  curvePublicKey: listed.publicKey,
  curveSecretKey: listed.secretKey,
};
const strangerKeys = { ...listedKeys, curvePublicKey: stranger.publicKey, curveSecretKey: stranger.secretKey };

const STRANGERS: readonly { readonly name: string; readonly keys: ClientKeys; readonly mechanism: string }[] = [
  { name: 'CURVE client that is not listed', keys: strangerKeys, mechanism: 'CURVE' },
  { name: 'NULL client', keys: {}, mechanism: 'other' },
  { name: 'PLAIN client', keys: { plainUsername: 'cli', plainPassword: 'cli' }, mechanism: 'other' },
  {
    name: 'listed client with another server key',
    keys: { ...listedKeys, curveServerKey: stranger.publicKey },
    mechanism: 'CURVE',
  },
];

let security: WireSecurity;
let { refused, metrics } = countRefusals();
let reports: { refusal: Refusal; unreported: number }[] = [];
let closers: (() => void)[] = [];

async function open(): Promise<void> {
  const onRefused = (refusal: Refusal, unreported: number) => void reports.push({ refusal, unreported });
  security = await openSecurity({ own, peers, metrics, onRefused });
}

async function serve(pattern: Pattern, address?: string): Promise<Server> {
  const server = await pattern.openServer(security, address);
  closers.push(server.close);
  return server;
}

function join(pattern: Pattern, address: string, keys: ClientKeys, hello = '') {
  const client = pattern.connect(address, keys, hello);
  closers.push(() => client.socket.close());
  return client;
}

beforeEach(async () => {
  ({ refused, metrics } = countRefusals());
  reports = [];
  await open();
});

afterEach(() => {
  for (const close of closers) close();
  closers = [];
  security.close();
});

for (const pattern of PATTERNS) {
  describe(`${pattern.name} with keys`, () => {
    test('serves a listed client, also after a restart of the server', async () => {
      const server = await serve(pattern);
      const client = join(pattern, server.address, listedKeys);
      await server.serve(client, 'first');
      assert.equal(server.socket.securityMechanism, 'curve');
      const lost = new Happenings<string>();
      client.socket.events.on('disconnect', () => lost.add('connection'));
      server.close();
      await lost.reach(1);
      const restarted = await serve(pattern, server.address);
      await restarted.serve(client, 'second');
      assert.equal(refused.seen.length, 0);
    });

    for (const { name, keys, mechanism } of STRANGERS) {
      test(`gives nothing to a ${name} and takes nothing from it; the refusal is counted`, async () => {
        const server = await serve(pattern);
        const client = join(pattern, server.address, listedKeys);
        await server.serve(client, 'before');
        const outsider = join(pattern, server.address, keys, 'let me in');
        await refused.reach(1);
        for (let n = 0; n < 10; n += 1) await server.serve(client, `after ${n}`);
        assert.equal(outsider.received.seen.length, 0);
        assert.ok(!server.heard.includes('let me in'));
        assert.deepEqual(new Set(refused.seen), new Set([mechanism]));
      });
    }
  });
}

const [pubSub, , , routerDealer] = PATTERNS as [Pattern, Pattern, Pattern, Pattern];

describe('admission', () => {
  test('tells of a refused key once, with its address and the key to list', async () => {
    const server = await serve(routerDealer);
    for (let n = 1; n <= 3; n += 1) {
      join(routerDealer, server.address, strangerKeys);
      await refused.reach(n);
    }
    assert.equal(reports.length, 1);
    const { mechanism, address, publicKey } = reports[0]?.refusal ?? {};
    assert.deepEqual([mechanism, address, publicKey], ['CURVE', '127.0.0.1', stranger.publicKey]);
  });

  test('tells which of our endpoints a peer of another mechanism came to', async () => {
    const server = await serve(pubSub);
    join(pubSub, server.address, {});
    await refused.reach(1);
    assert.equal(reports[0]?.refusal.address, server.address);
    assert.equal(reports[0]?.refusal.publicKey, undefined);
  });

  test('cannot be avoided with an old protocol that knows no security', async () => {
    const server = await serve(routerDealer);
    const { hostname, port } = new URL(server.address.replace('tcp:', 'http:'));
    const frame = Buffer.from([0, 1, 0x61]);
    const greetings = {
      'ZMTP 1.0': Buffer.from([1, 0]),
      'ZMTP 2.0': Buffer.from([0xff, 0, 0, 0, 0, 0, 0, 0, 1, 0x7f, 1, 5, 0, 0]),
    };
    for (const greeting of Object.values(greetings)) {
      const peer = connect({ host: hostname, port: Number(port) });
      peer.resume().on('error', () => {});
      peer.write(Buffer.concat([greeting, frame]));
      // The server hangs up.
      await new Promise((resolve) => peer.on('close', resolve));
    }
    const client = join(routerDealer, server.address, listedKeys);
    await server.serve(client, 'listed');
    assert.deepEqual(server.heard, ['listed']);
  });

  test('lets nobody in when nobody answers for it, and everyone listed again after', async () => {
    const server = await serve(routerDealer);
    security.close();
    const failed = new Happenings<string>();
    const passed = new Happenings<string>();
    server.socket.events.on('handshake:error:other', () => failed.add('handshake'));
    server.socket.events.on('handshake', () => passed.add('handshake'));
    join(routerDealer, server.address, listedKeys, 'too early');
    join(routerDealer, server.address, strangerKeys, 'let me in');
    await failed.reach(2);
    assert.equal(passed.seen.length, 0);
    assert.equal(server.heard.length, 0);
    await open();
    const client = join(routerDealer, server.address, listedKeys);
    await server.serve(client, 'in time');
    assert.ok(!server.heard.includes('let me in'));
  });

  test('is opened once in a process, and again when it was closed', async () => {
    await assert.rejects(open(), { code: 'SECURITY_ALREADY_OPEN' });
    security.close();
    security.close();
    await open();
    const server = await serve(pubSub);
    await server.serve(join(pubSub, server.address, listedKeys), 'hello');
  });

  test('is not asked for without keys', async () => {
    const server = await routerDealer.openServer(NO_SECURITY);
    closers.push(server.close);
    const keys = NO_SECURITY.clientOptions('risk');
    await server.serve(join(routerDealer, server.address, keys), 'hello');
    assert.equal(server.socket.securityMechanism, null);
    NO_SECURITY.close();
  });
});

describe('a client of ours', () => {
  test('proves its own key to a server and has that server prove the listed one', async () => {
    security.close();
    const server = await serve(pubSub);
    security = await openSecurity({ own, peers, metrics, onRefused: () => {} });
    const client = join(pubSub, server.address, security.clientOptions('risk'));
    await server.serve(client, 'hello');
  });

  test('does not connect to a server whose key is unknown', () => {
    for (const name of ['store', 'toString']) {
      assert.throws(() => security.clientOptions(name), { code: 'PEER_UNKNOWN' });
    }
  });
});

describe('secrets', () => {
  test('are seen neither in JSON nor when inspected', () => {
    const things = [own, security, security.serverOptions(), security.clientOptions('risk'), { deep: [own, security] }];
    for (const thing of things) {
      for (const shown of [JSON.stringify(thing), inspect(thing, { depth: 9, showHidden: true }), String(thing)]) {
        assert.ok(!shown.includes(own.secretKey), shown);
      }
    }
    assert.equal({ ...security.serverOptions() }.curveSecretKey, own.secretKey);
  });

  test('are not named by the errors about them', async () => {
    security.close();
    const misplaced = `${own.secretKey}x`;
    const attempt = openSecurity({
      own: { publicKey: own.publicKey, secretKey: misplaced },
      peers: { risk: misplaced },
      onRefused: () => {},
    });
    await assert.rejects(attempt, (error: Error) => {
      assert.equal(error.message, 'not a key of 40 Z85 characters: own.secretKey, peers.risk');
      assert.ok(!inspect(error, { depth: 9, showHidden: true }).includes(own.secretKey));
      return true;
    });
  });
});

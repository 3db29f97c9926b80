import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, type TestContext, test } from 'node:test';
import { generateKeyPair } from '../src/curve-key.ts';
import { MemoryLog } from '../src/log.ts';
import { LogFollower, type LogFollowerOptions } from '../src/log-follower.ts';
import { LogPublisher } from '../src/log-publisher.ts';
import { MarketFollower } from '../src/market-follower.ts';
import { MarketPublisher } from '../src/market-publisher.ts';
import { NO_METRICS, type WireMetrics } from '../src/metrics-port.ts';
import { Requester } from '../src/requester.ts';
import { NO_SECURITY, openSecurity, type WireSecurity } from '../src/security.ts';
import { Happenings } from './guarded-sockets.ts';
import { freeAddress, serve } from './request-service.ts';

const HEARTBEAT_MS = 50;
const RETRY_MS = 20;
const nowNs = () => process.hrtime.bigint();
const own = generateKeyPair();
const client = generateKeyPair();
/** What a follower in a process of its own would have. */
const clientSecurity: WireSecurity = {
  ...NO_SECURITY,
  clientOptions: () => ({
    curveServerKey: own.publicKey,
    curvePublicKey: client.publicKey,
    curveSecretKey: client.secretKey,
  }),
};

let admission: WireSecurity;
/** The server's sockets stay bound while the list behind them changes. */
const serverSecurity: WireSecurity = {
  serverOptions: () => admission.serverOptions(),
  clientOptions: () => ({}),
  watch: () => {},
  close: () => {},
};

async function admit(peers: Record<string, string>): Promise<void> {
  admission?.close();
  admission = await openSecurity({ own, peers, onRefused: () => {} });
}

/** The sockets that a follower has made anew. */
function countReopened(): { reopened: Happenings<string>; metrics: WireMetrics } {
  const reopened = new Happenings<string>();
  return { reopened, metrics: { ...NO_METRICS, reconnected: (stream) => reopened.add(stream) } };
}

beforeEach(() => admit({ owner: own.publicKey }));
afterEach(() => admission.close());

interface LogOwner {
  readonly pub: string;
  readonly push: string;
  readonly requests: string;
  /** How often `since` was asked for. */
  asked(): number;
  append(clOrdId: string): void;
}

async function openLog(t: TestContext, security: WireSecurity): Promise<LogOwner> {
  const log = new MemoryLog({ source: 'owner', identity: { uuid: randomUUID(), generation: 1 } });
  const [pub, push] = [await freeAddress(), await freeAddress()];
  const publisher = await LogPublisher.open({
    source: 'owner',
    log,
    bind: { pub, push },
    nowNs,
    metrics: NO_METRICS,
    security,
    heartbeatMs: HEARTBEAT_MS,
    hintCapacity: 1,
  });
  t.after(() => publisher.close());
  let asked = 0;
  const { address } = await serve(t, {
    security,
    handle: (request) => {
      asked += 1;
      assert.equal(request.kind, 'since');
      return publisher.answerSince(request.payload);
    },
  });
  return {
    ...{ pub, push, requests: address },
    asked: () => asked,
    append: (clOrdId) =>
      publisher.hint(log.append('OrderRefused', { clOrdId, symbol: 'A', reason: '' }, nowNs(), null)),
  };
}

type Hints = LogFollowerOptions['hints'];

function followLog(t: TestContext, { requests, hints }: { requests: string; hints: Hints }, security: WireSecurity) {
  const { reopened, metrics } = countReopened();
  const applied = new Happenings<number>();
  const silence = new Happenings<boolean>();
  const keys = { security, server: 'owner' };
  const requester = new Requester({
    ...keys,
    ...{ source: 'follower', epoch: 1, connect: requests, nowNs, timeoutMs: 500, retries: 0 },
  });
  const follower = new LogFollower({
    ...keys,
    name: 'follower',
    hints,
    requester,
    metrics,
    newRequestId: randomUUID,
    from: undefined,
    apply: ({ seq }) => applied.add(seq),
    onCaughtUp: () => {},
    onNewLog: assert.fail,
    onSilence: (silent) => silence.add(silent),
    heartbeatMs: HEARTBEAT_MS,
  });
  t.after(() => {
    follower.close();
    requester.close();
  });
  return { reopened, applied, silence };
}

const upTo = (count: number): number[] => Array.from({ length: count }, (_, index) => index + 1);

describe('a follower of a log', () => {
  for (const type of ['sub', 'pull'] as const) {
    test(`that was refused as ${type} gets everything once, and hints again, when it is listed`, async (t) => {
      const owner = await openLog(t, serverSecurity);
      const hints = { type, connect: type === 'sub' ? owner.pub : owner.push };
      const { reopened, applied, silence } = followLog(t, { requests: owner.requests, hints }, clientSecurity);
      for (const event of upTo(10)) owner.append(String(event));
      await reopened.reach(2);
      assert.deepEqual([applied.seen, silence.seen], [[], [true]]);

      await admit({ owner: own.publicKey, follower: client.publicKey });
      await silence.reach(2);
      assert.equal(silence.seen[1], false);
      await applied.reach(10);
      const asked = owner.asked();
      for (let event = 11; event <= 30; event += 1) {
        owner.append(String(event));
        await applied.reach(event);
      }
      assert.equal(owner.asked(), asked, 'hints were enough');
      assert.deepEqual(applied.seen, upTo(30));
    });
  }

  test('that never gets a hint fetches what there is whenever it finds itself in silence', async (t) => {
    const owner = await openLog(t, NO_SECURITY);
    const hints = { type: 'sub', connect: await freeAddress() } as const;
    const { applied, silence } = followLog(t, { requests: owner.requests, hints }, NO_SECURITY);
    for (const event of upTo(3)) {
      owner.append(String(event));
      await applied.reach(event);
    }
    assert.deepEqual(applied.seen, upTo(3));
    await silence.reach(1);
    assert.deepEqual(silence.seen, [true], 'an answer is no heartbeat');
  });
});

async function openMarket(t: TestContext, security: WireSecurity) {
  const bind = { stream: await freeAddress(), control: await freeAddress() };
  const publisher = await MarketPublisher.open({
    source: 'owner',
    epoch: 1,
    bind,
    nowNs,
    metrics: NO_METRICS,
    security,
    sendHighWaterMark: 10_000,
    ringBytes: 1_000_000,
    queueBytes: 1_000_000,
    batchBytes: 0,
    heartbeatMs: HEARTBEAT_MS,
    flow: { requiredFollowers: ['follower'], maxLag: 1_000, maxLagBytes: 500_000, markEvery: 100 },
    onFlow: () => {},
  });
  t.after(() => publisher.close());
  publisher.identify({ run: 'run', pace: 'replay' });
  const publish = (position: number) => publisher.publish('A/trade', 'position', { position });
  const reported = new Happenings<void>();
  void publisher.whenFollowed().then(() => reported.add());
  return { bind, publish, reported };
}

function followMarket(
  t: TestContext,
  connect: { stream: string; control: string },
  security: WireSecurity,
  heartbeatMs = HEARTBEAT_MS,
) {
  const { reopened, metrics } = countReopened();
  const delivered = new Happenings<number>();
  const silence = new Happenings<boolean>();
  const follower = new MarketFollower({
    ...{ security, server: 'owner', name: 'follower', epoch: 1, connect, prefixes: [''], nowNs, metrics },
    receiveHighWaterMark: 10_000,
    heartbeatMs,
    limits: { maxHeld: 1_000, retryMs: RETRY_MS, maxTries: 1_000 },
    deliver: (_topic, { seq }) => delivered.add(seq),
    onLost: assert.fail,
    onRun: () => {},
    onSilence: (silent) => silence.add(silent),
  });
  t.after(() => follower.close());
  return { reopened, delivered, silence };
}

describe('a follower of a market stream', () => {
  test('that was refused follows, asks and reports when it is listed', async (t) => {
    const market = await openMarket(t, serverSecurity);
    const { reopened, delivered, silence } = followMarket(t, market.bind, clientSecurity);
    await reopened.reach(4);
    assert.deepEqual(silence.seen, [true], 'said once');
    assert.deepEqual(new Set(reopened.seen), new Set(['market', 'market-control']));
    assert.equal(delivered.seen.length, 0);

    await admit({ owner: own.publicKey, follower: client.publicKey });
    await market.reported.reach(1);
    for (const position of upTo(500)) market.publish(position);
    await delivered.reach(500);
    assert.deepEqual(delivered.seen, upTo(500));
    await silence.reach(2);
    assert.deepEqual(silence.seen.slice(0, 2), [true, false]);
  });

  test('whose questions alone get nowhere asks them again on a fresh socket', async (t) => {
    const market = await openMarket(t, NO_SECURITY);
    const control = await forward(t, market.bind.control, { swallowed: 1 });
    const { reopened, delivered } = followMarket(t, { ...market.bind, control }, NO_SECURITY);
    await market.reported.reach(1);
    for (const position of upTo(500)) market.publish(position);
    await delivered.reach(500);
    assert.deepEqual(delivered.seen, upTo(500));
    assert.deepEqual(reopened.seen, ['market-control']);
  });

  test('whose answers take longer than it waits before it asks again takes them all the same', async (t) => {
    const market = await openMarket(t, NO_SECURITY);
    const control = await forward(t, market.bind.control, { delayMs: 2 * RETRY_MS });
    // Long enough for the handshake to be over before the socket is made anew.
    const { reopened, delivered } = followMarket(t, { ...market.bind, control }, NO_SECURITY, 1_000);
    await market.reported.reach(1);
    for (const position of upTo(500)) market.publish(position);
    await delivered.reach(500);
    assert.deepEqual(reopened.seen, []);
  });
});

/** A way to an address: the first connections are taken and lead nowhere, what goes over the others comes that late. */
async function forward(
  t: TestContext,
  address: string,
  { swallowed = 0, delayMs = 0 }: { swallowed?: number; delayMs?: number },
): Promise<string> {
  const { hostname, port } = new URL(address.replace('tcp:', 'http:'));
  const sockets: Socket[] = [];
  let accepted = 0;
  const server = createServer({ noDelay: true }, (socket) => {
    sockets.push(socket.on('error', () => {}));
    accepted += 1;
    if (accepted <= swallowed) return void socket.resume();
    const through = connect({ host: hostname, port: Number(port), noDelay: true }).on('error', () => {});
    sockets.push(through);
    socket.on('data', (chunk) => setTimeout(() => through.write(chunk), delayMs));
    through.on('data', (chunk) => setTimeout(() => socket.write(chunk), delayMs));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  return `tcp://127.0.0.1:${(server.address() as { port: number }).port}`;
}

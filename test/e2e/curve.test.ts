import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { type EndpointName, EXIT_UNRECOVERABLE, type ServiceName } from '@tickpath/runtime';
import { eventually, freePortOffset, Outsider, type OutsiderType, TestProcess, TestStack } from '@tickpath/testkit';
import { createKeySet, encodeEnvelope, generateKeyPair, type Kind, type Payload } from '@tickpath/wire';

const WORKSPACE = join(import.meta.dirname, '../..');
const HOLDERS = ['market-data', 'store', 'signal', 'risk', 'execution'] as const satisfies ServiceName[];

/** A question that its service answers to whoever it lets in. */
function question<K extends Kind>(kind: K, payload: Payload<K>): Buffer {
  return encodeEnvelope(kind, { source: 'outsider', epoch: 0, seq: 0, tsNs: 0n, traceparent: null }, payload);
}

interface BoundSocket {
  readonly endpoint: EndpointName;
  readonly owner: (typeof HOLDERS)[number];
  readonly type: OutsiderType;
  readonly question?: Buffer;
}

const requestId = 'outsider';
/** Every socket that binds, and what connects to it. */
const SOCKETS: readonly BoundSocket[] = [
  { endpoint: 'marketStream', owner: 'market-data', type: 'SUB' },
  {
    endpoint: 'marketControl',
    owner: 'market-data',
    type: 'DEALER',
    question: question('snapshotQuery', { requestId, prefixes: [''], first: 0, values: false }),
  },
  { endpoint: 'riskLog', owner: 'risk', type: 'SUB' },
  { endpoint: 'riskRequests', owner: 'risk', type: 'REQ', question: question('portfolioQuery', { requestId }) },
  { endpoint: 'executionLog', owner: 'execution', type: 'SUB' },
  { endpoint: 'executionPush', owner: 'execution', type: 'PULL' },
  {
    endpoint: 'executionRequests',
    owner: 'execution',
    type: 'REQ',
    question: question('since', { requestId, after: 0, maxBytes: 1000 }),
  },
  { endpoint: 'storeQueries', owner: 'store', type: 'REQ', question: question('streamsQuery', { requestId }) },
];

describe('a stack with keys', { timeout: 240_000 }, () => {
  let stack: TestStack;
  let secrets: string[] = [];

  before(async () => {
    const averages = ['--signal.momentum.fastBars=2', '--signal.momentum.slowBars=4'];
    stack = await TestStack.start([...averages, '--log.level=trace'], { withKeys: true });
    secrets = secretsIn(stack.keysDir);
    await stack.process.line(/"msg":"fill /, { boundMs: 60_000 });
  });
  after(() => stack.stop());

  /** How many peers of these mechanisms a service has counted as refused. */
  async function refusedBy(service: ServiceName, mechanisms: RegExp): Promise<number> {
    const counts = (await stack.metrics(service)).matchAll(
      /^tickpath_wire_refused_total\{mechanism="(\w+)"\} (\d+)$/gm,
    );
    return Array.from(counts).reduce(
      (sum, [, name = '', count]) => sum + (mechanisms.test(name) ? Number(count) : 0),
      0,
    );
  }

  async function refusedByAll(): Promise<number> {
    const counts = await Promise.all(HOLDERS.map((service) => refusedBy(service, /^(?:CURVE|other)$/)));
    return counts.reduce((sum, count) => sum + count, 0);
  }

  test('trades, answers who is listed, and refuses none of its own', async () => {
    const { reply } = await stack.ask('riskRequests', ['portfolioQuery', 'portfolio'], { requestId });
    assert.equal(reply.imbalance, '0');
    assert.equal(await refusedByAll(), 0);
  });

  for (const { endpoint, owner, type, question } of SOCKETS) {
    test(`${endpoint} gives nothing to who has no key or one that is not listed, and counts it`, async () => {
      const address = stack.address(endpoint);
      const listedKeys = stack.security.clientOptions(owner);
      const stranger = generateKeyPair();
      const strangeKeys = { ...listedKeys, curvePublicKey: stranger.publicKey, curveSecretKey: stranger.secretKey };
      const outsiders: Outsider[] = [];
      const open = (keys: typeof listedKeys) => {
        const outsider = new Outsider(type, address, { keys, ...(question === undefined ? {} : { question }) });
        outsiders.push(outsider);
        return outsider;
      };
      const refused = async (keys: typeof listedKeys, mechanisms: RegExp) => {
        const before = await refusedBy(owner, mechanisms);
        const outsider = open(keys);
        await eventually(`a refusal counted by ${owner}`, async () => {
          return (await refusedBy(owner, mechanisms)) > before ? true : undefined;
        });
        return outsider;
      };
      try {
        // A plain client may be gone before the server has seen its mechanism.
        const keyless = await refused({}, /^(?:other|unknown)$/);
        const unlisted = await refused(strangeKeys, /^CURVE$/);
        // Another reader on PUSH would take hints away from risk.
        if (type !== 'PULL') {
          const listed = open(listedKeys);
          const messages = type === 'SUB' ? 3 : 1;
          await eventually('what a listed client gets', () => (listed.received.length >= messages ? true : undefined));
        }
        assert.equal(keyless.received.length, 0);
        assert.equal(unlisted.received.length, 0);
      } finally {
        for (const outsider of outsiders) outsider.close();
      }
    });
  }

  test('tells in its log of the keys and mechanisms it has refused', async () => {
    for (const owner of HOLDERS.filter((service) => service !== 'signal')) {
      const line = (reason: string) => new RegExp(`"service":"${owner}".*"msg":"refused a peer at .*: ${reason}"`);
      await stack.process.line(line('its key is not on the list'));
      await stack.process.line(line('it (?:does not speak CURVE|left during the handshake.*)'));
    }
  });

  for (const service of ['signal', 'market-data'] as const) {
    test(`lets ${service} in again after kill -9, and trades on`, async () => {
      const refused = await refusedByAll();
      const from = stack.process.lines.length;
      process.kill((await stack.health(service)).pid, 'SIGKILL');
      await stack.process.line(new RegExp(`${service} died \\(by SIGKILL\\)`), { from });
      await stack.process.line(new RegExp(`"service":"${service}".*"lifecycle":"ready"`), { from });
      await stack.process.line(/"msg":"fill /, { from: stack.process.lines.length, boundMs: 60_000 });
      // What market-data had refused died with it.
      assert.ok((await refusedByAll()) <= refused);
      assert.equal(await refusedBy(service, /^CURVE$/), 0);
    });
  }

  test('tells no secret in any line, metric or health report', async () => {
    const reports = await Promise.all(
      HOLDERS.flatMap((service) => [stack.metrics(service), stack.health(service).then(JSON.stringify)]),
    );
    assert.equal((await stack.stop()).code, 0);
    const told = [...stack.process.lines, ...reports];
    assert.equal(secrets.length, HOLDERS.length + 2, 'the services, gateway and cli');
    for (const service of HOLDERS) assert.ok(told.some((text) => text.includes(`"service":"${service}"`)));
    for (const secret of secrets) assert.ok(!told.some((text) => text.includes(secret)));
  });
});

function secretsIn(dir: string): string[] {
  const files = readdirSync(dir).filter((file) => file.endsWith('.key'));
  return files.map((file) => (JSON.parse(readFileSync(join(dir, file), 'utf8')) as { secretKey: string }).secretKey);
}

describe('keys that cannot be used', () => {
  let dir: string;
  before(() => {
    dir = mkdtempSync(join(tmpdir(), 'tickpath-curve-'));
  });
  after(() => rmSync(dir, { recursive: true }));

  async function run(...command: readonly string[]): Promise<{ code: number | null; lines: string[] }> {
    const flags = [`--network.portOffset=${await freePortOffset()}`];
    const child = new TestProcess([process.execPath, ...command, ...flags], { cwd: WORKSPACE });
    const { code } = await child.ended;
    return { code, lines: child.lines };
  }

  test('stop the start with one line when there are none', async () => {
    const { code, lines } = await run('bin/tickpath', 'start', '--security.keysDir=/nowhere/keys');
    assert.equal(code, 1);
    assert.deepEqual(lines, [
      'tickpath: security.keysDir: no such file: /nowhere/keys/market-data.key; `tickpath keys` makes a set',
    ]);
  });

  test('stop the start with one line when others can read a secret', async () => {
    const keysDir = join(dir, 'exposed');
    createKeySet(keysDir, HOLDERS);
    chmodSync(join(keysDir, 'risk.key'), 0o644);
    const { code, lines } = await run('bin/tickpath', 'start', `--security.keysDir=${keysDir}`);
    assert.equal(code, 1);
    assert.deepEqual(lines, [
      `tickpath: security.keysDir: ${keysDir}/risk.key is open to others: its mode is 0644; allowed: 0600`,
    ]);
  });

  test('stop a service that is started by itself, and a restart is said not to help', async () => {
    for (const service of HOLDERS) {
      const { code, lines } = await run(`services/${service}/src/main.ts`, '--security.keysDir=/nowhere/keys');
      assert.equal(code, EXIT_UNRECOVERABLE);
      assert.deepEqual(lines, [
        `${service}: no such file: /nowhere/keys/${service}.key; \`tickpath keys\` makes a set`,
      ]);
    }
  });

  test('stop a service that is to connect to one that is not listed', async () => {
    const keysDir = join(dir, 'partial');
    createKeySet(keysDir, ['store', 'risk']);
    const { code, lines } = await run('services/store/src/main.ts', `--security.keysDir=${keysDir}`);
    assert.equal(code, EXIT_UNRECOVERABLE);
    assert.deepEqual(lines, ['store: no public key of market-data is known: it is not on the list']);
  });
});

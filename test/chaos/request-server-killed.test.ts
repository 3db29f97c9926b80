import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { type TestContext, test } from 'node:test';
import { TestProcess } from '@tickpath/testkit';
import { Requester, type RequestResult } from '@tickpath/wire';
import { seededNumbers } from '../journal/seeded.ts';

const SEED = Number(process.env.TICKPATH_SEED ?? Math.floor(Math.random() * 2 ** 31));
console.log(`TICKPATH_SEED=${SEED}`);

const SERVICE = join(import.meta.dirname, 'counting-service.ts');
const POINTS = ['before-commit', 'inside-commit', 'after-commit', 'after-reply'] as const;
const ROUNDS = 12 * Number(process.env.TICKPATH_SOAK ?? 1);
const BYSTANDERS = 3;

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });
}

function outcomeOf(result: RequestResult): string {
  if (!result.ok) throw new Error(`${result.code}: ${result.text}`);
  return (result.reply.payload as { symbol: string }).symbol;
}

test('a request server killed around its commit answers the repeat as it would have answered, executed once', async (t) => {
  const random = seededNumbers(SEED);
  const folder = mkdtempSync(join(tmpdir(), 'tickpath-answers-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const path = join(folder, 'service.db');
  const address = `tcp://127.0.0.1:${await freePort()}`;
  const start = () => startService(t, [address, path]);
  const nowNs = () => process.hrtime.bigint();
  const askers = Array.from({ length: 1 + BYSTANDERS }, (_, index) => {
    const common = { source: `asker-${index}`, epoch: 1, connect: address, nowNs, random };
    const asker = new Requester({ ...common, timeoutMs: 300, retries: 100, backOff: { minMs: 10, maxMs: 50 } });
    t.after(() => asker.close());
    return asker;
  });
  const ask = (asker: number, requestId: string, symbol: string) =>
    (askers[asker] as Requester).ask('barsQuery', { requestId, symbol, interval: '1s', count: 1 });

  let service = await start();
  const outcomes = new Map<string, string>();
  for (let round = 0; round < ROUNDS; round += 1) {
    // Each point in turn, so that every seed visits all; the seed decides who is about when it happens.
    const point = POINTS[round % POINTS.length] as (typeof POINTS)[number];
    const id = `${round}-${point}`;
    const bystanders = Array.from({ length: Math.floor(random() * (BYSTANDERS + 1)) }, (_, index) => ({
      id: `${round}-bystander-${index}`,
      asking: ask(1 + index, `${round}-bystander-${index}`, 'go-on'),
    }));
    const asking = ask(0, id, point);
    let first: RequestResult | undefined;
    if (point === 'after-reply') first = await asking;
    else await service.line(new RegExp(`^stopped ${point}$`));
    const killed = service.pid;
    service.kill('SIGKILL');
    await service.ended;
    service = await start();

    const result = await asking;
    outcomes.set(id, outcomeOf(result));
    const isCommitted = point === 'after-commit' || point === 'after-reply';
    assert.match(outcomeOf(result), new RegExp(`process ${isCommitted ? killed : service.pid}$`), point);
    if (first !== undefined) assert.deepEqual(await ask(0, id, point), first);
    for (const bystander of bystanders) outcomes.set(bystander.id, outcomeOf(await bystander.asking));
  }
  service.kill('SIGKILL');
  await service.ended;

  const database = new DatabaseSync(path, { readOnly: true });
  const rows = database.prepare('SELECT requestId, outcome FROM effects').all() as {
    requestId: string;
    outcome: string;
  }[];
  database.close();
  assert.equal(rows.length, outcomes.size, 'every request has executed exactly once');
  assert.deepEqual(new Map(rows.map(({ requestId, outcome }) => [requestId, outcome])), outcomes);
});

async function startService(t: TestContext, args: readonly string[]): Promise<TestProcess> {
  const service = new TestProcess([process.execPath, SERVICE, ...args]);
  t.after(() => service.kill('SIGKILL'));
  await service.line(/^ready$/);
  return service;
}

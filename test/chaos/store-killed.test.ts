import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { openJournalReader, type StoredEvent } from '@tickpath/journal';
import { addresses } from '@tickpath/runtime';
import { eventually, freePortOffset, networkAt, TestProcess } from '@tickpath/testkit';
import { seededNumbers } from '../journal/seeded.ts';
import { type OwnerName, type Scripted, ScriptedLog, type ScriptedOwner, serveLog } from './scripted-owner.ts';

const WORKSPACE = join(import.meta.dirname, '../..');
const SOAK = Number(process.env.TICKPATH_SOAK ?? 1);
const KILLS = 5 * SOAK;
const SEED = Number(process.env.TICKPATH_SEED ?? Math.floor(Math.random() * 2 ** 31));
console.log(`TICKPATH_SEED=${SEED}`);

/** An archived event in short: `GENERATION/SEQ CLORDID TSNS`, or the hole it stands for. */
interface Archived {
  readonly stream: string;
  readonly text: string;
}

describe('the store archives the logs of risk and execution', { timeout: 120_000 * SOAK }, () => {
  let portOffset: number;
  let dir: string;
  let store: TestProcess | undefined;
  const owners: ScriptedOwner[] = [];

  beforeEach(async () => {
    portOffset = await freePortOffset();
    dir = mkdtempSync(join(tmpdir(), 'tickpath-archive-'));
  });
  afterEach(async () => {
    for (const owner of owners.splice(0)) owner.close();
    await killStore();
    rmSync(dir, { recursive: true, force: true });
  });

  async function startStore(): Promise<void> {
    const flags = [`--network.portOffset=${portOffset}`, `--data.dir=${dir}`, '--tracing.exporter=none'];
    store = new TestProcess([process.execPath, 'services/store/src/main.ts', ...flags], { cwd: WORKSPACE });
    await store.line(/"lifecycle":"ready"/);
  }

  async function killStore(): Promise<void> {
    if (store?.running) store.kill('SIGKILL');
    await store?.ended;
  }

  async function serve(name: OwnerName, log: ScriptedLog): Promise<ScriptedOwner> {
    const owner = await serveLog(name, log, portOffset);
    owners.push(owner);
    return owner;
  }

  function read<T>(look: (reader: ReturnType<typeof openJournalReader>) => T): T {
    const reader = openJournalReader(join(dir, 'store.sqlite'));
    try {
      return look(reader);
    } finally {
      reader.close();
    }
  }

  /** Until the archive goes on behind the end of the log. */
  async function archivedUpTo(name: OwnerName, log: ScriptedLog): Promise<void> {
    const end = { ...log.identity, seq: log.lastSeq };
    await eventually(`${name} is archived up to ${JSON.stringify(end)}`, () => {
      const position = read((reader) => reader.positions().get(name));
      return JSON.stringify(position) === JSON.stringify(end) ? true : undefined;
    });
  }

  const archived = (): Archived[] => read((reader) => [...reader.readAll()].map(inShort));
  const streamOf = (stream: string) => archived().flatMap((event) => (event.stream === stream ? [event.text] : []));
  const metric = async (name: string) => {
    const url = addresses(networkAt(portOffset)).httpUrl('health.store');
    const text = await (await fetch(`${url}/metrics`)).text();
    return Number(
      text
        .split('\n')
        .find((line) => line.startsWith(`${name} `))
        ?.split(' ')[1],
    );
  };

  test(`killed ${KILLS} times while they go on, it has every event once, in order`, async (t) => {
    const random = seededNumbers(SEED);
    const logs = { risk: new ScriptedLog('risk', 'r'), execution: new ScriptedLog('execution', 'e') };
    const risk = await serve('risk', logs.risk);
    const execution = await serve('execution', logs.execution);
    let count = 0;
    const appending = setInterval(() => {
      for (let left = Math.floor(random() * 12); left > 0; left -= 1) {
        count += 1;
        (random() < 0.5 ? risk : execution).append(scripted(count));
      }
    }, 2);
    t.after(() => clearInterval(appending));

    let behind = 0;
    for (let kill = 0; kill < KILLS; kill += 1) {
      await startStore();
      const wanted = read((reader) => reader.lastSeq) + 1 + Math.floor(random() * 600);
      await eventually(`${wanted} events archived`, () =>
        read(({ lastSeq }) => lastSeq) >= wanted ? true : undefined,
      );
      const said = logs.risk.lastSeq + logs.execution.lastSeq;
      await killStore();
      if (read(({ lastSeq }) => lastSeq) < said) behind += 1;
    }
    t.diagnostic(`${count} events, ${behind} of ${KILLS} kills before all of them were archived`);
    clearInterval(appending);
    await startStore();
    for (const name of ['risk', 'execution'] as const) await archivedUpTo(name, logs[name]);
    store?.kill('SIGTERM');
    assert.deepEqual(await store?.ended, { code: 0, signal: null });

    assert.deepEqual(streamOf('risk/r'), inLog(logs.risk, 1));
    assert.deepEqual(streamOf('execution/e'), inLog(logs.execution, 1));
    assert.equal(archived().length, count);
    read((reader) => {
      for (const { correlationId, payload } of reader.readAll()) {
        assert.equal(correlationId, (payload as { payload: { clOrdId: string } }).payload.clOrdId);
      }
    });
  });

  test('a raised generation, a log begun anew, one that comes back and one that has lost its beginning', async () => {
    const first = new ScriptedLog('risk', 'first');
    const owner = await serve('risk', first);
    await serve('execution', new ScriptedLog('execution', 'e'));
    let count = 0;
    const append = (to: ScriptedOwner, events: number) => {
      for (let left = events; left > 0; left -= 1) to.append(scripted(++count));
    };
    append(owner, 20);
    await startStore();
    await archivedUpTo('risk', first);
    const generationOne = inLog(first, 1);

    first.raise(3);
    append(owner, 5);
    await archivedUpTo('risk', first);
    const generationTwo = inLog(first, 2);
    assert.equal(generationTwo.length, 22);
    assert.deepEqual(streamOf('risk/first'), [...generationOne, ...generationTwo]);
    assert.equal(await metric('tickpath_store_log_events_total{log="risk"}'), 42);

    await killStore();
    append(owner, 100);
    first.forgetBefore(61);
    await startStore();
    await archivedUpTo('risk', first);
    const withHole = [...generationOne, ...generationTwo, '2 missing 23 to 60', ...inLog(first, 2).slice(60)];
    assert.deepEqual(streamOf('risk/first'), withHole);
    assert.equal(await metric('tickpath_store_log_events_missing_total{log="risk"}'), 38);
    assert.equal(await metric('tickpath_store_log_lag_events{log="risk"}'), 0);

    owner.close();
    const second = new ScriptedLog('risk', 'second');
    const other = await serve('risk', second);
    append(other, 7);
    await archivedUpTo('risk', second);
    assert.deepEqual(streamOf('risk/second'), inLog(second, 1));

    other.close();
    const back = await serve('risk', first);
    append(back, 5);
    await archivedUpTo('risk', first);
    assert.deepEqual(streamOf('risk/first'), [...withHole, ...inLog(first, 2).slice(122)]);
    assert.equal(await metric('tickpath_store_log_events_missing_total{log="risk"}'), 38);
    assert.equal(streamOf('risk/second').length, 7);
  });
});

function scripted(n: number): Scripted {
  return { clOrdId: `tp-${n}`, tsNs: process.hrtime.bigint() };
}

/** What the archive has of a log whose events have all come in one generation. */
function inLog(log: ScriptedLog, generation: number): string[] {
  return log.events.map(({ clOrdId, tsNs }, i) => `${generation}/${i + 1} ${clOrdId} ${tsNs}`);
}

function inShort({ stream, type, payload }: StoredEvent): Archived {
  if (type === 'LogEventsMissing') {
    const { generation, fromSeq, seq } = payload as { generation: number; fromSeq: number; seq: number };
    return { stream, text: `${generation} missing ${fromSeq} to ${seq}` };
  }
  assert.equal(type, 'OrderRefused');
  const {
    generation,
    seq,
    tsNs,
    payload: said,
  } = payload as Record<'generation' | 'seq' | 'tsNs' | 'payload', unknown>;
  assert.deepEqual(Object.keys(said as object).sort(), ['clOrdId', 'reason', 'symbol']);
  return { stream, text: `${generation}/${seq} ${(said as { clOrdId: string }).clOrdId} ${tsNs}` };
}

import './seed.ts';
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Journal } from '../src/index.ts';
import { type Events, note, open, TestClock, testFolder } from './fixture.ts';
import { ModelJournal } from './model.ts';

// Nothing here needs a disk; memory is ten times as quick.
const FAST_FOLDER = '/dev/shm';
const factor = Number(process.env.TICKPATH_SOAK ?? 1);
/** 10,000 in `npm run soak`. */
const RUNS = factor === 1 ? 120 : 400 * factor;

const name = fc.constantFrom('a', 'b', 'c', 'ü/☃');
const payload = fc.oneof(fc.jsonValue({ maxDepth: 2 }), fc.string({ unit: 'binary', maxLength: 300 }));
const appended = fc.record({ stream: name, payloads: fc.array(payload, { maxLength: 4 }), right: fc.boolean() });
const step = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      do: fc.constant('write' as const),
      appends: fc.array(appended, { maxLength: 3 }),
      answer: fc.option(name),
      position: fc.option(fc.record({ follower: name, seq: fc.nat() })),
      snapshot: fc.option(fc.jsonValue({ maxDepth: 1 }), { freq: 6 }),
      fails: fc.boolean(),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({ do: fc.constant('read' as const), from: fc.nat(40), bytes: fc.nat(4000), stream: name }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('time' as const), fromMs: fc.nat(60), toMs: fc.nat(60) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('pass' as const), ms: fc.nat(20) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('follow' as const), from: fc.nat(40) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('compact' as const) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('hold' as const), follower: name, seq: fc.option(fc.nat(30)) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('reopen' as const) }) },
);
type Step = typeof step extends fc.Arbitrary<infer S> ? S : never;

const START_NS = new TestClock().ns;
const MAX_AGE_MS = 15;

test(`a journal is the naive list of its events, over ${RUNS} random lives`, async (t) => {
  const folder = testFolder(t, existsSync(FAST_FOLDER) ? FAST_FOLDER : undefined);
  let life = 0;
  await fc.assert(
    fc.asyncProperty(
      fc.array(step, { maxLength: 25 }),
      fc.option(fc.nat(4), { nil: undefined }),
      async (steps, keepBehindSnapshot) => {
        const clock = new TestClock();
        life += 1;
        const path = `${folder}/${life}.sqlite`;
        const retention = { maxAgeMs: MAX_AGE_MS, ...(keepBehindSnapshot === undefined ? {} : { keepBehindSnapshot }) };
        // Faults would be thrown into nowhere; none is expected.
        const faults: Error[] = [];
        const reopen = () =>
          open({ folder, path, nowNs: clock.nowNs, retention, onFault: (error) => faults.push(error) });
        const world: World = {
          journal: await reopen(),
          model: new ModelJournal(),
          clock,
          held: new Map(),
          keepBehindSnapshot,
        };
        for (const each of steps) {
          if (each.do !== 'reopen') {
            await run(world, each);
            continue;
          }
          await world.journal.close();
          world.journal = await reopen();
          world.held.clear();
        }
        await checkAll(world);
        await world.journal.close();
        assert.deepEqual(faults, []);
      },
    ),
    { numRuns: RUNS },
  );
});

interface World {
  journal: Journal<Events>;
  readonly model: ModelJournal;
  readonly clock: TestClock;
  readonly held: Map<string, number>;
  readonly keepBehindSnapshot: number | undefined;
}

async function run(world: World, step: Exclude<Step, { do: 'reopen' }>): Promise<void> {
  const { journal, model, clock } = world;
  switch (step.do) {
    case 'write':
      return await write(world, step);
    case 'pass':
      return clock.passMs(step.ms);
    case 'hold':
      if (step.seq === null) {
        world.held.delete(step.follower);
        return journal.release(step.follower);
      }
      world.held.set(step.follower, step.seq);
      return journal.hold(step.follower, step.seq);
    case 'compact':
      return await compact(world);
    case 'time': {
      const [fromNs, toNs] = [START_NS + BigInt(step.fromMs) * 1_000_000n, START_NS + BigInt(step.toMs) * 1_000_000n];
      const expected = model.kept().filter(({ tsNs }) => tsNs >= fromNs && tsNs < toNs);
      return assert.deepEqual([...journal.readTime(fromNs, toNs)].map(plain), expected);
    }
    case 'follow':
      return await follow(world, step.from);
    case 'read':
      return read(world, step);
  }
}

async function write(world: World, step: Extract<Step, { do: 'write' }>): Promise<void> {
  const { journal, model, clock } = world;
  const tsNs = clock.ns;
  const versions = new Map<string, number>();
  const versionOf = (stream: string) => versions.get(stream) ?? model.versionOf(stream);
  let isRefused = step.fails || (step.answer !== null && model.answers.has(step.answer));
  for (const { stream, payloads, right } of step.appends) {
    if (!right) isRefused = true;
    versions.set(stream, versionOf(stream) + payloads.length);
  }
  versions.clear();
  const transact = () =>
    journal.transact((tx) => {
      for (const { stream, payloads, right } of step.appends) {
        assert.equal(tx.versionOf(stream), versionOf(stream));
        tx.append(stream, payloads.map(note), right ? versionOf(stream) : versionOf(stream) + 1);
        versions.set(stream, versionOf(stream) + payloads.length);
      }
      if (step.answer !== null) tx.answer(step.answer, Buffer.from(String(tsNs)));
      if (step.position !== null) tx.position(step.position.follower, positionAt(step.position.seq));
      if (step.snapshot !== null) tx.snapshot(step.snapshot);
      if (step.fails) throw new Error('the caller thinks better of it');
    });
  if (isRefused) {
    assert.throws(transact);
    return;
  }
  const committed = transact();
  for (const { stream, payloads } of step.appends)
    for (const each of payloads) model.append(stream, asJson(each), tsNs);
  if (step.answer !== null) model.answers.set(step.answer, String(tsNs));
  if (step.position !== null) model.positions.set(step.position.follower, positionAt(step.position.seq));
  if (step.snapshot === null) return;
  model.snapshot(asJson(step.snapshot));
  await journal.flushed(committed);
  // A proved snapshot is followed by a compaction of its own.
  await journal.settled();
  compactModel(world);
}

async function compact(world: World): Promise<void> {
  await world.journal.compact();
  compactModel(world);
}

function compactModel({ model, clock, keepBehindSnapshot, held }: World): void {
  model.compact(clock.ns - BigInt(MAX_AGE_MS) * 1_000_000n, keepBehindSnapshot, [...held.values()]);
}

function read({ journal, model }: World, step: Extract<Step, { do: 'read' }>): void {
  assert.deepEqual([journal.firstSeq, journal.lastSeq], [model.firstSeq, model.lastSeq]);
  const rest = model.events.filter(({ seq }) => seq >= step.from);
  if (step.from < model.firstSeq) assert.throws(() => [...journal.readAll(step.from)], { code: 'COMPACTED' });
  else assert.deepEqual([...journal.readAll(step.from)].map(plain), rest);
  const since = journal.since(step.from, step.bytes);
  assert.equal(since.status, step.from + 1 < model.firstSeq ? 'COMPACTED' : 'EVENTS');
  if (since.status === 'EVENTS') {
    const expected = rest.filter(({ seq }) => seq > step.from);
    assert.deepEqual(since.events.map(plain), expected.slice(0, since.events.length));
    assert.equal(since.events.length > 0, expected.length > 0);
  }
  const inStream = model.kept().filter(({ stream }) => stream === step.stream);
  assert.deepEqual([...journal.readStream(step.stream)].map(plain), inStream);
}

async function follow({ journal, model }: World, from: number): Promise<void> {
  const stop = new AbortController();
  const found: unknown[] = [];
  const read = async () => {
    for await (const event of journal.follow(from, stop.signal)) {
      found.push(plain(event));
      if (event.seq === model.lastSeq) stop.abort();
    }
  };
  if (from < model.firstSeq) return await assert.rejects(read(), { code: 'COMPACTED' });
  if (from > model.lastSeq) return;
  await read();
  assert.deepEqual(found, model.events.slice(from - 1));
}

async function checkAll(world: World): Promise<void> {
  const { journal, model } = world;
  await compact(world);
  assert.deepEqual([...journal.readAll()].map(plain), model.kept());
  for (const stream of ['a', 'b', 'c', 'ü/☃']) {
    assert.equal(journal.versionOf(stream), model.versionOf(stream));
    const answer = journal.answers.get(stream);
    assert.equal(answer && Buffer.from(answer).toString(), model.answers.get(stream));
    assert.deepEqual(journal.positionOf(stream), model.positions.get(stream));
  }
  const recovered: unknown[] = [];
  let state: unknown;
  await journal.recover({
    snapshot: (snapshot) => {
      state = snapshot.state;
    },
    event: (event) => recovered.push(plain(event)),
  });
  const newest = model.snapshots.at(-1);
  assert.deepEqual(state, newest?.state);
  assert.deepEqual(recovered, model.events.slice(newest?.seq ?? 0));
}

function positionAt(seq: number) {
  return { uuid: 'other', generation: 1 + (seq % 3), seq };
}

const asJson = (value: unknown): unknown => JSON.parse(JSON.stringify(value));

function plain({
  seq,
  stream,
  version,
  tsNs,
  payload,
}: {
  seq: number;
  stream: string;
  version: number;
  tsNs: bigint;
  payload: unknown;
}) {
  return { seq, stream, version, tsNs, payload };
}

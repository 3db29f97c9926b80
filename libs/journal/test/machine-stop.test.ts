import assert from 'node:assert/strict';
import { readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { eventually, TestProcess } from '@tickpath/testkit';
import type { JournalProgress } from '../src/index.ts';
import { BOOT, fill, note, open, openFor, testFolder, withCode } from './fixture.ts';
import { copyMoment, type Disk, disksAfter, isCheckpointing, type Moment } from './power-cut.ts';

const FLUSHING = fileURLToPath(new URL('./flushing-process.ts', import.meta.url));
const PROGRAM = fileURLToPath(new URL('./opening-process.ts', import.meta.url));

/** A journal whose writer was killed after `commits` commits. */
async function killedJournal(t: TestContext, commits: number): Promise<string> {
  const folder = testFolder(t);
  const child = new TestProcess([process.execPath, PROGRAM, join(folder, 'test.sqlite'), BOOT, String(commits)]);
  await child.line(/^done/);
  child.kill('SIGKILL');
  await child.ended;
  return folder;
}

test('after the death of a process all is there, and the generation is the same', async (t) => {
  const folder = await killedJournal(t, 40);
  const journal = await openFor(t, { folder });
  assert.deepEqual([journal.lastSeq, journal.identity.generation], [40, 1]);
});

test('after a clean end another start of the machine keeps the generation', async (t) => {
  const folder = testFolder(t);
  const first = await open({ folder });
  fill(first, 5);
  await first.close();
  const journal = await openFor(t, { folder, bootId: 'boot-2' });
  assert.deepEqual([journal.lastSeq, journal.identity.generation], [5, 1]);
});

test('an end of the machine raises the generation, says so, and keeps all that was flushed', async (t) => {
  const folder = await killedJournal(t, 40);
  const wal = join(folder, 'test.sqlite-wal');
  // What the disk never got: the commits behind the last flush, in the middle of a frame.
  truncateSync(wal, statSync(wal).size * 0.75);
  const progress: JournalProgress[] = [];
  const journal = await open({ folder, bootId: 'boot-2', onProgress: (step) => progress.push(step) });
  assert(journal.lastSeq >= 20 && journal.lastSeq < 40, `${journal.lastSeq} events`);
  assert.equal(journal.identity.generation, 2);
  const said = progress.find(({ phase }) => phase === 'generation');
  assert.deepEqual(said && 'lastSeq' in said && [said.generation, said.lastSeq], [2, journal.lastSeq]);
  const seqs = [...journal.readAll()].map(({ seq, payload }) => [seq, payload]);
  assert.deepEqual(
    seqs,
    Array.from({ length: journal.lastSeq }, (_, i) => [i + 1, i + 1]),
  );
  journal.transact((tx) => tx.append('s', [note('again')], 'any'));
  await journal.close();
  const later = await openFor(t, { folder, bootId: 'boot-2' });
  assert.equal(later.identity.generation, 2);
});

/** Whether a stop falls amid a checkpoint is for the disk to say: after so many rounds it is left at what was seen. */
const MOST_ROUNDS = 24;

const LINUX_ONLY = process.platform !== 'linux' && 'only Linux says of each thread whether it stands still';

test('a disk that the power is cut from at any moment has everything flushed', { skip: LINUX_ONLY }, async (t) => {
  const live = testFolder(t);
  const copies = testFolder(t);
  const child = new TestProcess([process.execPath, FLUSHING, join(live, 'test.sqlite'), BOOT]);
  t.after(() => child.kill('SIGKILL'));
  const seen = { rounds: 0, emptied: 0, amidCheckpoint: 0, unsyncedMain: 0 };
  const hasSeenAll = () => seen.rounds >= 6 && seen.emptied >= 2 && seen.amidCheckpoint >= 1 && seen.unsyncedMain >= 1;
  let earlier: Moment | undefined;
  for (let round = 1; !hasSeenAll() && round <= MOST_ROUNDS; round += 1) {
    child.write('\n');
    const line = await child.line(new RegExp(`^flushed ${round} `));
    const [, , seq, walBytes, salts = '', emptied] = line.split(' ');
    const flushed = { walBytes: Number(walBytes), salts };
    // One round in three is stopped wherever it is, the others while a checkpoint works if one does.
    const mayStop = () => isCheckpointing(live) || child.lines.includes(`over ${round}`) || undefined;
    if (round % 3 !== 0) await eventually('a checkpoint or the end of the round', mayStop, 30_000, 1);
    const moment = await copyMoment(child.pid, live, join(copies, `round-${round}`));
    const disks = disksAfter(moment, flushed, earlier);
    for (const disk of disks) await holdsFlushed(disk, Number(seq), round);
    seen.rounds = round;
    seen.emptied = Number(emptied);
    seen.amidCheckpoint += Number(moment.begun > moment.copied);
    seen.unsyncedMain += disks.filter(({ lacks }) => lacks === 'wal and main').length;
    earlier = moment;
  }
  t.diagnostic(JSON.stringify(seen));
  assert(seen.rounds >= 6 && seen.emptied >= 2, JSON.stringify(seen));
  assert.deepEqual(
    child.lines.filter((line) => !/^(flushed|over) /.test(line)),
    [],
  );
});

/** Opens a journal as after an end of the machine, and finds all up to a seq and the mark of a round in it. */
async function holdsFlushed({ folder, lacks }: Disk, seq: number, round: number): Promise<void> {
  const survivor = await open({ folder, bootId: 'boot-2' });
  try {
    assert(survivor.lastSeq >= seq, `${survivor.lastSeq} of ${seq} flushed on a disk that lacks ${lacks}`);
    assert.equal(survivor.versionOf('mark'), round);
    // Raised: so opening has verified all of it.
    assert.equal(survivor.identity.generation, 2);
  } finally {
    await survivor.close();
  }
}

test('damage inside the WAL of a killed process is found, not taken for its end', async (t) => {
  const folder = await killedJournal(t, 40);
  const wal = join(folder, 'test.sqlite-wal');
  const whole = readFileSync(wal);
  const main = readFileSync(join(folder, 'test.sqlite'));
  for (const share of [0.001, 0.2, 0.5, 0.99]) {
    const damaged = Buffer.from(whole);
    const at = Math.floor(whole.length * share);
    damaged.writeUInt8((damaged.readUInt8(at) + 1) % 256, at);
    writeFileSync(wal, damaged);
    writeFileSync(join(folder, 'test.sqlite'), main);
    await assert.rejects(open({ folder }), withCode('JOURNAL_DAMAGED', /WAL/));
  }
});

import assert from 'node:assert/strict';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { acknowledgedIn, checkedJournal } from './checked.ts';
import { ExpectedLog } from './expected-log.ts';
import { mountTmpfs } from './mounted.ts';
import { seededNumbers, wholeNumber } from './seeded.ts';
import { Writer } from './writer.ts';
import type { Recovered, WriterSettings } from './writer-protocol.ts';

const SEED = Number(process.env.TICKPATH_SEED ?? Math.floor(Math.random() * 2 ** 31));
const ROUNDS = 6 * Number(process.env.TICKPATH_SOAK ?? 1);
const DISK_BYTES = 24 * 1024 * 1024;
const KIB = 1024;
/** What the writer does once there is room: closes and opens again, goes on as it is, or has died and is started again. */
const AFTERWARDS = ['reopen', 'go-on', 'killed'] as const;

const probe = mountTmpfs(DISK_BYTES);
const skip = 'unable' in probe ? `a small tmpfs cannot be mounted here: ${probe.unable}` : false;
if (!('unable' in probe)) probe.close();
if (skip !== false) console.log(`skipped: ${skip}`);

test(`on a full disk a journal refuses work and loses nothing; with room it goes on (seed ${SEED})`, {
  skip,
  timeout: 60_000 * ROUNDS,
}, async (t) => {
  console.log(`TICKPATH_SEED=${SEED}`);
  const random = seededNumbers(SEED);
  for (let round = 0; round < ROUNDS; round += 1) {
    const disk = mountTmpfs(DISK_BYTES);
    if ('unable' in disk) throw new Error(disk.unable);
    t.after(() => disk.close());
    const ballast = join(disk.folder, 'ballast');
    writeFileSync(ballast, Buffer.alloc(wholeNumber(random, 8 * KIB, 20 * KIB) * KIB));
    const settings: WriterSettings = {
      path: join(disk.folder, 'full.sqlite'),
      ...{ seed: SEED + round, fillerChars: wholeNumber(random, 100, 4000) },
      ...{ snapshotEvery: 200, flushEvery: 5, compactEvery: 0, most: 0 },
    };
    const afterwards = AFTERWARDS[round % AFTERWARDS.length];
    const expected = new ExpectedLog(settings);
    const writer = new Writer(settings);
    t.after(() => writer.kill());

    const failed = await writer.line('failed');
    console.log(
      `full after ${acknowledgedIn(writer.said).lastSeq} events, in ${failed.during}: ${failed.message}; tried again: ${failed.retried}`,
    );
    assert.equal(failed.code, 'JOURNAL_DISK_FULL', failed.message);
    assert.match(failed.message, /free some space/);
    assert.match(failed.retried, /^(?:JOURNAL_[A-Z_]+|committed)$/);
    const whileFull = await checkedJournal(settings.path, expected, acknowledgedIn(writer.said).lastSeq);

    const current = afterwards === 'killed' ? await metFullDisk(t, writer, settings) : writer;
    rmSync(ballast);
    const before = current.command(afterwards === 'go-on' ? 'go-on' : 'reopen');
    if (afterwards !== 'go-on') checkRecovered(await current.line('ready', before), expected, whileFull.lastSeq);
    await current.line('flushed', before);
    await current.kill();
    const acknowledged = acknowledgedIn(current.said, acknowledgedIn(writer.said));
    const found = await checkedJournal(settings.path, expected, acknowledged.lastSeq);
    // What the full disk left half written must not be taken for damage by the next writer.
    const next = new Writer(settings);
    t.after(() => next.kill());
    checkRecovered(await next.line('ready'), expected, found.lastSeq);
    await next.kill();
    disk.close();
  }
});

/** The process dies while the disk is full, and another one meets the full disk. */
async function metFullDisk(t: TestContext, writer: Writer, settings: WriterSettings): Promise<Writer> {
  await writer.kill();
  const other = new Writer(settings);
  t.after(() => other.kill());
  const failed = await other.line('failed');
  assert.equal(failed.code, 'JOURNAL_DISK_FULL', failed.message);
  return other;
}

function checkRecovered(ready: Recovered, expected: ExpectedLog, leastSeq: number): void {
  assert.ok(ready.lastSeq >= leastSeq, `${leastSeq} was there, ${ready.lastSeq} is the last now`);
  assert.deepEqual(ready.fold, expected.endingAt(ready.lastSeq)?.fold);
  assert.deepEqual([ready.wrongAnswers, ready.generation], [0, 1]);
}

import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { eventually } from '@tickpath/testkit';
import { acknowledgedIn, checkedJournal } from './checked.ts';
import { ExpectedLog } from './expected-log.ts';
import { mountLoop } from './mounted.ts';
import { Writer } from './writer.ts';
import type { WriterSettings } from './writer-protocol.ts';

const SEED = Number(process.env.TICKPATH_SEED ?? Math.floor(Math.random() * 2 ** 31));
const ROUNDS = 2 * Number(process.env.TICKPATH_SOAK ?? 1);
const DISK_BYTES = 64 * 1024 * 1024;
const LEAST_FLUSHES = 10;

const probe = mountLoop(DISK_BYTES);
const skip = 'unable' in probe ? `an ext4 behind a loop device cannot be mounted here: ${probe.unable}` : false;
if (!('unable' in probe)) probe.close();
if (skip !== false) console.log(`skipped: ${skip}`);

test(`when its file system goes read-only a journal refuses work; what was flushed is there after a repair (seed ${SEED})`, {
  skip,
  timeout: 60_000 * ROUNDS,
}, async (t) => {
  console.log(`TICKPATH_SEED=${SEED}`);
  for (let round = 0; round < ROUNDS; round += 1) {
    const disk = mountLoop(DISK_BYTES);
    if ('unable' in disk) throw new Error(disk.unable);
    t.after(() => disk.close());
    const settings: WriterSettings = {
      path: join(disk.folder, 'journal.sqlite'),
      ...{ seed: SEED + round, fillerChars: 500, snapshotEvery: 100, flushEvery: 3, compactEvery: 0, most: 0 },
    };
    const expected = new ExpectedLog(settings);
    const writer = new Writer(settings);
    t.after(() => writer.kill());
    await eventually(
      'some flushes',
      () => writer.said.filter(({ at }) => at === 'flushed').length >= LEAST_FLUSHES || undefined,
    );
    disk.goReadOnly();
    const failed = await writer.line('failed');
    const { lastSeq, flushedSeq } = acknowledgedIn(writer.said);
    console.log(
      `read-only after ${lastSeq} events, ${flushedSeq} flushed, in ${failed.during}: ${failed.message}; tried again: ${failed.retried}`,
    );
    // A sync that was under way when the file system failed is told of that; what begins later finds it read-only.
    if (failed.code !== 'JOURNAL_READ_ONLY') assert.match(failed.message, /a sync failed.* EIO: /);
    assert.match(failed.retried, /^JOURNAL_/, 'no commit on a read-only file system');
    await checkedJournal(settings.path, expected, lastSeq);
    await writer.kill();

    const other = new Writer(settings);
    t.after(() => other.kill());
    const refused = await other.line('failed');
    assert.equal(refused.code, 'JOURNAL_READ_ONLY', refused.message);
    assert.equal(refused.during, 'open');
    await other.kill();

    disk.repair();
    const found = await checkedJournal(settings.path, expected, flushedSeq);
    console.log(
      `after the repair ${found.lastSeq} of ${lastSeq} committed events are there, ${flushedSeq} were flushed`,
    );
    const again = new Writer(settings);
    t.after(() => again.kill());
    const ready = await again.line('ready');
    assert.deepEqual(ready.fold, expected.endingAt(ready.lastSeq)?.fold);
    await again.line('flushed');
    await again.kill();
    await checkedJournal(settings.path, expected, acknowledgedIn(again.said).lastSeq);
    disk.close();
  }
});

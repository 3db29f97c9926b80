import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { eventually } from '@tickpath/testkit';
import { type Acknowledged, acknowledgedIn, checkedJournal, NOTHING_ACKNOWLEDGED } from './checked.ts';
import { ExpectedLog } from './expected-log.ts';
import { seededNumbers, wholeNumber } from './seeded.ts';
import { Writer } from './writer.ts';
import type { Said, WriterSettings } from './writer-protocol.ts';

const SEED = Number(process.env.TICKPATH_SEED ?? Math.floor(Math.random() * 2 ** 31));
const FACTOR = Number(process.env.TICKPATH_SOAK ?? 1);
const KILLS = 25 * FACTOR;
const MOST_COMMITS = 400;
/** While it starts, recovers and verifies. */
const MOST_START_MS = 400;

test(`a writer killed ${KILLS} times loses nothing that it acknowledged, and keeps no half transaction (seed ${SEED})`, {
  timeout: 120_000 * FACTOR,
}, async (t) => {
  console.log(`TICKPATH_SEED=${SEED}`);
  const random = seededNumbers(SEED);
  const folder = mkdtempSync(join(tmpdir(), 'tickpath-kill-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const settings: WriterSettings = {
    path: join(folder, 'killed.sqlite'),
    ...{ seed: SEED, fillerChars: 300, snapshotEvery: 60, flushEvery: 7, compactEvery: 90, most: 0 },
  };
  const expected = new ExpectedLog(settings);
  let acknowledged: Acknowledged = NOTHING_ACKNOWLEDGED;
  let uuid: string | undefined;
  const counts = { commits: 0, flushes: 0, compactions: 0, conflicts: 0, duringStart: 0 };

  for (let kill = 0; kill < KILLS; kill += 1) {
    const writer = new Writer(settings);
    t.after(() => writer.kill());
    // Never the first: there must be something to lose.
    const duringStart = kill > 0 && random() < 0.2;
    if (duringStart) await pause(wholeNumber(random, 0, MOST_START_MS));
    else await untilCommits(writer, wholeNumber(random, 1, MOST_COMMITS));
    await writer.kill();

    const { said } = writer;
    const told = said.find((line) => line.at === 'ready');
    if (told !== undefined) {
      const end = expected.endingAt(told.lastSeq);
      assert.deepEqual(
        {
          generation: told.generation,
          transaction: told.transaction,
          fold: told.fold,
          wrongAnswers: told.wrongAnswers,
        },
        { generation: 1, transaction: end?.number, fold: end?.fold, wrongAnswers: 0 },
        'what it recovered',
      );
      assert.equal(told.uuid, uuid ?? told.uuid);
      uuid = told.uuid;
    }
    assert.deepEqual(
      said.filter((line) => line.at === 'failed'),
      [],
    );
    acknowledged = acknowledgedIn(said, acknowledged);
    tally(counts, said, duringStart);
    if (uuid === undefined) continue;
    const found = await checkedJournal(settings.path, expected, acknowledged.lastSeq);
    assert.deepEqual([found.uuid, found.generation], [uuid, 1], 'a killed process does not raise the generation');
    assert.ok(found.firstSeq >= acknowledged.firstSeq, 'what was compacted stays away');
    expected.forgetBelow(found.firstSeq);
    // What is there now was read: it must not go again.
    acknowledged = { ...acknowledged, lastSeq: found.lastSeq };
  }
  console.log(
    `${KILLS} kills: ${JSON.stringify(counts)}, ${acknowledged.lastSeq} events, first kept ${acknowledged.firstSeq}`,
  );
  assert.ok(counts.commits > KILLS && counts.flushes > 0 && counts.compactions > 0 && counts.conflicts > 0);
  assert.ok(acknowledged.firstSeq > 1, 'compaction has removed something');
});

async function untilCommits(writer: Writer, commits: number): Promise<void> {
  await eventually(`${commits} commits`, () => {
    const { said } = writer;
    const failed = said.find((line) => line.at === 'failed');
    if (failed !== undefined || !writer.process.running) throw new Error(writer.process.lines.slice(-20).join('\n'));
    return said.filter(({ at }) => at === 'committed').length >= commits || undefined;
  });
}

function tally(
  counts: Record<'commits' | 'flushes' | 'compactions' | 'conflicts' | 'duringStart', number>,
  said: readonly Said[],
  duringStart: boolean,
): void {
  const of = (at: Said['at']) => said.filter((line) => line.at === at).length;
  counts.commits += of('committed');
  counts.flushes += of('flushed');
  counts.compactions += of('compacted');
  counts.conflicts += of('conflict');
  if (duringStart) counts.duringStart += 1;
  assert.ok(
    said.every((line) => line.at !== 'conflict' || line.isRight),
    'a conflict is told, and keeps nothing',
  );
}

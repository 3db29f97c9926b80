import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { JournalError, type JournalFault } from '@tickpath/journal';
import { EXIT_CRASH, EXIT_OK, EXIT_UNRECOVERABLE } from '@tickpath/runtime';
import { freePortOffset, TestProcess } from '@tickpath/testkit';

const VENUE = join(import.meta.dirname, '../../services/venue/src/main.ts');

function folderFor(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'tickpath-start-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

async function startVenue(t: TestContext, dataDir: string): Promise<TestProcess> {
  const where = [`--network.portOffset=${await freePortOffset()}`, `--data.dir=${dataDir}`, '--tracing.exporter=none'];
  const venue = new TestProcess([process.execPath, VENUE, ...where]);
  t.after(() => venue.kill('SIGKILL'));
  return venue;
}

test('a service on a file that is no journal ends with 78 and one line that says what to do', async (t) => {
  const folder = folderFor(t);
  const path = join(folder, 'venue.sqlite');
  writeFileSync(path, 'the shopping list, and more than that: '.repeat(200));
  const venue = await startVenue(t, folder);
  assert.equal((await venue.ended).code, EXIT_UNRECOVERABLE);
  assert.equal(venue.lines.length, 1, venue.lines.join('\n'));
  assert.match(venue.lines[0] ?? '', /^venue: .*venue\.sqlite: .*; it is no journal of Tickpath: name another path/);
});

test('a service whose folder for journals cannot be made ends with 78 and one line that says what to do', async (t) => {
  const taken = join(folderFor(t), 'taken');
  writeFileSync(taken, 'a file');
  for (const dataDir of [taken, join(taken, 'below')]) {
    const venue = await startVenue(t, dataDir);
    assert.equal((await venue.ended).code, EXIT_UNRECOVERABLE);
    assert.equal(venue.lines.length, 1, venue.lines.join('\n'));
    assert.match(venue.lines[0] ?? '', /^venue: data\.dir: .*taken.* cannot be made: .*; name a folder that/);
  }
});

test('a service whose journal another one writes ends with 70: it may have ended at the next try', async (t) => {
  const folder = join(folderFor(t), 'made', 'by the service');
  const first = await startVenue(t, folder);
  await first.line(/"lifecycle":"ready"/);
  const second = await startVenue(t, folder);
  assert.equal((await second.ended).code, EXIT_CRASH);
  assert.match(second.lines.at(-1) ?? '', /venue\.sqlite: .*; another process writes it: end that one/);
  first.kill('SIGTERM');
  assert.equal((await first.ended).code, EXIT_OK);
  const third = await startVenue(t, folder);
  await third.line(/"lifecycle":"ready"/);
  third.kill('SIGTERM');
  assert.equal((await third.ended).code, EXIT_OK);
});

test('only what stays until somebody does something is said to be past recovery', () => {
  const isLasting = (code: JournalFault) => new JournalError(code, 'text').unrecoverable;
  for (const code of ['JOURNAL_FOREIGN', 'JOURNAL_DAMAGED', 'JOURNAL_UNKNOWN_TYPE', 'JOURNAL_NEWER_SCHEMA'] as const)
    assert.ok(isLasting(code), code);
  for (const code of ['JOURNAL_READ_ONLY', 'JOURNAL_NO_PERMISSION'] as const) assert.ok(isLasting(code), code);
  for (const code of ['JOURNAL_BUSY', 'JOURNAL_DISK_FULL', 'JOURNAL_FAILED', 'JOURNAL_MISSING'] as const)
    assert.ok(!isLasting(code), code);
});

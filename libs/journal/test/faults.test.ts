import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { TestProcess } from '@tickpath/testkit';
import { openJournalReader } from '../src/index.ts';
import { BOOT, fill, note, open, openFor, testFolder, withCode } from './fixture.ts';

const PROGRAM = fileURLToPath(new URL('./opening-process.ts', import.meta.url));

/** Runs `use` with something mounted; skips where this user or machine may not mount. */
async function whileMounted(
  t: TestContext,
  at: string,
  args: readonly string[],
  use: () => Promise<void>,
): Promise<void> {
  mkdirSync(at, { recursive: true });
  if (process.platform !== 'linux' || spawnSync('mount', [...args, at]).status !== 0) {
    return t.skip('this user may not mount file systems');
  }
  try {
    await use();
  } finally {
    spawnSync('umount', [at]);
  }
}

test('a second writing process is refused while readers are let in, and let in when the first is dead', async (t) => {
  const folder = testFolder(t);
  const path = join(folder, 'test.sqlite');
  const first = new TestProcess([process.execPath, PROGRAM, path, BOOT, '5']);
  t.after(() => first.kill('SIGKILL'));
  await first.line(/^done 5/);
  await assert.rejects(open({ folder }), withCode('JOURNAL_BUSY', /has a writer already; another process writes it/));
  const second = new TestProcess([process.execPath, PROGRAM, path, BOOT, '5']);
  t.after(() => second.kill('SIGKILL'));
  await second.line(/^JOURNAL_BUSY/);
  second.kill('SIGKILL');
  const reader = openJournalReader(path);
  assert.equal([...reader.readAll()].length, 5);
  reader.close();
  first.kill('SIGKILL');
  await first.ended;
  const journal = await openFor(t, { folder });
  await assert.rejects(open({ folder }), withCode('JOURNAL_BUSY'));
  assert.equal(journal.lastSeq, 5);
});

test('a reader sees what is committed while it is written, and the writer never waits for it', async (t) => {
  const folder = testFolder(t);
  const journal = await openFor(t, { folder });
  const reader = openJournalReader(join(folder, 'test.sqlite'));
  for (let i = 1; i <= 200; i += 1) {
    const reading = reader.readAll();
    journal.transact((tx) => tx.append('s', [note('x'.repeat(5000))], 'any'));
    assert.equal([...reading].length, i);
  }
  assert.equal(reader.info().lastSeq, 200);
  await reader.verify();
  reader.close();
});

test('a file that is no journal is left as it is', async (t) => {
  const folder = testFolder(t);
  const path = join(folder, 'test.sqlite');
  writeFileSync(path, 'these are somebody’s notes, and they are longer than a header of SQLite would be: '.repeat(20));
  const before = readFileSync(path);
  await assert.rejects(open({ folder }), withCode('JOURNAL_FOREIGN', /name another path/));
  assert.throws(() => openJournalReader(path), withCode('JOURNAL_FOREIGN'));
  assert.deepEqual(readFileSync(path), before);
  writeFileSync(path, '');
  const database = new DatabaseSync(path);
  database.exec('CREATE TABLE theirs (a)');
  database.close();
  const theirs = readFileSync(path);
  await assert.rejects(open({ folder }), withCode('JOURNAL_FOREIGN', /application id 0/));
  assert.deepEqual(readFileSync(path), theirs);
});

test('a file of a newer format, a spoilt row of its own, a missing folder, a folder: each is said', async (t) => {
  const folder = testFolder(t);
  const path = join(folder, 'test.sqlite');
  const tamper = (sql: string) => {
    const database = new DatabaseSync(path);
    database.exec(sql);
    database.close();
  };
  await (await open({ folder })).close();
  tamper('PRAGMA user_version = 9');
  await assert.rejects(open({ folder }), withCode('JOURNAL_NEWER_SCHEMA', /format 9, this version knows 1/));
  tamper('PRAGMA user_version = 1; UPDATE journal SET generation = 7');
  await assert.rejects(open({ folder }), withCode('JOURNAL_DAMAGED', /own row/));
  await assert.rejects(open({ folder: join(folder, 'nowhere') }), withCode('JOURNAL_MISSING', /check the path/));
  await assert.rejects(open({ folder, path: folder }), withCode('JOURNAL_FOREIGN', /no file/));
  assert.throws(() => openJournalReader(join(folder, 'nothing')), withCode('JOURNAL_MISSING'));
});

test('a changed, a missing and a moved event are found, by a reader of it and by a check', async (t) => {
  for (const [sql, isGone, message] of [
    [`UPDATE event SET payload = '7' WHERE seq = 5`, false, /event 5 \(fill 5, Note\) does not match/],
    ['UPDATE event SET ts_ns = ts_ns + 1 WHERE seq = 5', false, /event 5/],
    [`UPDATE event SET correlation_id = 'x' WHERE seq = 5`, false, /event 5/],
    ['DELETE FROM event WHERE seq = 5', true, /events 1 to 10/],
    ['DELETE FROM event WHERE seq = 6; UPDATE event SET seq = 6, version = 6 WHERE seq = 10', false, /event 6 /],
  ] as const) {
    const folder = testFolder(t);
    const first = await open({ folder });
    fill(first, 10);
    await first.close();
    const database = new DatabaseSync(join(folder, 'test.sqlite'));
    database.exec(sql);
    database.close();
    // A row that is gone is missed when the journal is opened, a changed one when it is read.
    if (isGone) {
      await assert.rejects(open({ folder }), withCode('JOURNAL_DAMAGED', message));
      continue;
    }
    const journal = await openFor(t, { folder });
    assert.throws(() => [...journal.readAll()], withCode('JOURNAL_DAMAGED', message));
    assert.throws(() => [...journal.readStream('fill')], withCode('JOURNAL_DAMAGED'));
    await assert.rejects(journal.verify(), withCode('JOURNAL_DAMAGED'));
    await assert.rejects(journal.recover({ snapshot: () => {}, event: () => {} }), withCode('JOURNAL_DAMAGED'));
  }
});

test('a full disk refuses the transaction, keeps what was acknowledged, and takes more when there is room', async (t) => {
  const disk = join(testFolder(t), 'small');
  await whileMounted(t, disk, ['-t', 'tmpfs', '-o', 'size=6m', 'none'], async () => {
    const ballast = join(disk, 'ballast');
    writeFileSync(ballast, Buffer.alloc(4_500_000));
    const journal = await open({ folder: disk, onFault: () => {} });
    const append = () => journal.transact((tx) => tx.append('s', [note('x'.repeat(20_000))], 'any'));
    const untilFull = () => {
      for (;;) append();
    };
    assert.throws(untilFull, withCode('JOURNAL_DISK_FULL', /free some space/));
    const acknowledged = journal.lastSeq;
    assert.throws(append, withCode('JOURNAL_DISK_FULL'));
    assert.equal([...journal.readAll()].length, acknowledged);
    writeFileSync(ballast, '');
    append();
    append();
    assert.equal(journal.lastSeq, acknowledged + 2);
    await journal.close();
    const again = await open({ folder: disk });
    assert.equal([...again.readAll()].length, acknowledged + 2);
    await again.verify();
    await again.close();
  });
});

test('a journal on a full disk can be closed, and what was acknowledged is there when there is room', async (t) => {
  const disk = join(testFolder(t), 'small');
  await whileMounted(t, disk, ['-t', 'tmpfs', '-o', 'size=3m', 'none'], async () => {
    const journal = await open({ folder: disk, onFault: () => {} });
    const fillUp = () => {
      for (;;) journal.transact((tx) => tx.append('s', [note('x'.repeat(20_000))], 'any'));
    };
    assert.throws(fillUp, withCode('JOURNAL_DISK_FULL'));
    const acknowledged = journal.lastSeq;
    await journal.close();
    spawnSync('mount', ['-o', 'remount,size=9m', disk]);
    const again = await open({ folder: disk });
    assert.deepEqual([again.lastSeq, again.identity.generation], [acknowledged, 1]);
    await again.close();
  });
});

test('a read-only file system is said by a writer and no obstacle to a reader', async (t) => {
  const folder = testFolder(t);
  const first = await open({ folder });
  fill(first, 3);
  await first.close();
  const readOnly = join(testFolder(t), 'read-only');
  await whileMounted(t, readOnly, ['--bind', folder], async () => {
    if (spawnSync('mount', ['-o', 'remount,bind,ro', readOnly]).status !== 0) return t.skip('no read-only binds here');
    await assert.rejects(open({ folder: readOnly }), withCode('JOURNAL_READ_ONLY', /remount it writable/));
    const reader = openJournalReader(join(readOnly, 'test.sqlite'));
    assert.equal([...reader.readAll()].length, 3);
    assert.equal((await reader.verify()).events, 3);
    reader.close();
  });
});

test('a writer without permission is told so', async (t) => {
  const folder = testFolder(t);
  await (await open({ folder })).close();
  const path = join(folder, 'test.sqlite');
  // Root may do anything, so ask as nobody.
  if (process.getuid?.() === 0) {
    const asNobody = spawnSync(
      'setpriv',
      ['--reuid=65534', '--regid=65534', '--clear-groups', process.execPath, PROGRAM, path, BOOT, '1'],
      {
        timeout: 3000,
        encoding: 'utf8',
        cwd: '/',
      },
    );
    if (!/JOURNAL|done/.test(asNobody.stdout ?? '')) return t.skip('no other user can run this here');
    assert.match(asNobody.stdout, /^JOURNAL_NO_PERMISSION/);
    return;
  }
  chmodSync(folder, 0o500);
  t.after(() => chmodSync(folder, 0o700));
  await assert.rejects(open({ folder }), withCode('JOURNAL_NO_PERMISSION'));
});

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { freePortOffset, TestProcess } from '@tickpath/testkit';
import { WORKSPACE } from '../src/workspace.ts';
import { tickpath } from './cli-process.ts';

const HEADER = 'type,symbol,timestamp_ns,id,price,size,bid_price,bid_size,ask_price,ask_size,exchange,conditions,tape';
const OPEN_NS = BigInt(Date.UTC(2013, 9, 7, 13, 30)) * 1_000_000n;

interface RunningVenue {
  /** The flags that lead to it. */
  readonly where: readonly string[];
  stop(): Promise<void>;
}

/** A venue as the process it is, on ports and in a folder of its own. */
async function startVenue(t: TestContext, dir: string, ...flags: string[]): Promise<RunningVenue> {
  const where = [`--network.portOffset=${await freePortOffset()}`, `--data.dir=${join(dir, 'data')}`];
  const main = join(WORKSPACE, 'services/venue/src/main.ts');
  const venue = new TestProcess([process.execPath, main, ...where, '--tracing.exporter=none', ...flags], {
    cwd: WORKSPACE,
  });
  t.after(() => venue.kill('SIGKILL'));
  await venue.line(/"msg":"market open"/, { boundMs: 60_000 });
  return {
    where,
    async stop() {
      venue.kill('SIGTERM');
      await venue.ended;
    },
  };
}

function scratch(t: TestContext): string {
  const dir = mkdtempSync(join(tmpdir(), 'tickpath-cli-tape-'));
  t.after(() => rmSync(dir, { recursive: true, force: true, maxRetries: 10 }));
  return dir;
}

test('a tape is paused, moved, set to another pace and told of; another account is opened', async (t) => {
  const dir = scratch(t);
  const rows = Array.from({ length: 3600 }, (_, i) => {
    const tsNs = OPEN_NS + BigInt(i) * 1_000_000_000n;
    return `trade,AAPL,${tsNs},${i},190,10,,,,,V,@,C`;
  });
  const file = join(dir, 'day.csv');
  writeFileSync(file, [HEADER, ...rows].join('\n'));
  const replay = ['--profile=replay', '--venue.source=replay', `--venue.replay.files=${file}`];
  const venue = await startVenue(t, dir, ...replay);
  const said = async (...argv: string[]) => {
    const { status, stdout, lines } = await tickpath(...argv, ...venue.where);
    assert.equal(status, 0, lines.join('\n'));
    return stdout.trimEnd();
  };
  const run = /, run tape-[0-9a-f]{16}-\d+$/;
  const first = await said('tape', 'status');
  assert.equal(first.replace(run, ''), 'tape waiting, pace 1×, 2013-10-07T13:30:00Z, row 0');
  assert.equal((await said('tape', 'pause')).replace(run, ''), 'tape paused, pace 1×, 2013-10-07T13:30:00Z, row 0');
  const sought = await said('tape', 'seek', '10:00');
  assert.equal(sought.replace(run, ''), 'tape paused, pace 1×, 2013-10-07T14:00:00Z, row 1800 of 3600');
  assert.notEqual(run.exec(sought)?.[0], run.exec(first)?.[0]);
  assert.match(await said('tape', 'pace', 'max'), /^tape paused, pace max, /);
  assert.match(await said('tape', 'pace', '2.5'), /^tape paused, pace 2\.5×, /);
  assert.match(await said('tape', 'resume'), /^tape waiting, /);

  const late = await tickpath('tape', 'seek', '16:00', ...venue.where);
  assert.equal(late.status, 1);
  assert.deepEqual(late.lines, [
    'tickpath: 2013-10-07T20:00:00Z is after 2013-10-07T14:29:59Z, the last row of the tape (status 422)',
  ]);
  const opened = await said('reset-account', '--cash', '5000', '--yes');
  assert.match(opened, /^account PA[0-9A-Z]{10} \([0-9a-f-]{36}\) opened with 5000 USD\n/);

  await venue.stop();
  const gone = await tickpath('tape', 'status', ...venue.where);
  assert.equal(gone.status, 1);
  assert.match(gone.lines[0] ?? '', /^tickpath: venue at http:.*: nothing listens there$/);
});

test('a synthetic market is told of, and cannot be held', async (t) => {
  const venue = await startVenue(t, scratch(t));
  const { stdout } = await tickpath('tape', 'status', ...venue.where);
  assert.match(stdout, /^synthetic market, playing, \d{4}-.*Z, run sim-1-[0-9a-f]{8}-\d+\n$/);
  const held = await tickpath('tape', 'pause', ...venue.where);
  assert.deepEqual(
    [held.status, held.lines],
    [1, ['tickpath: pause: a synthetic market follows the clock, only a tape is moved (status 409)']],
  );
  await venue.stop();
});

test('what makes no sense is answered with the usage and exit code 2', async () => {
  for (const [argv, fault] of [
    [['tape'], 'no action given; allowed: status, pause, resume, seek, pace'],
    [['tape', 'stop'], 'unknown action stop; allowed: status, pause, resume, seek, pace'],
    [['tape', 'seek'], 'seek needs TIME'],
    [['tape', 'pace'], 'pace needs N'],
    [['tape', 'pace', 'fast'], 'pace is fast, expected a number above 0 or max'],
    [['tape', 'pause', 'now'], 'unknown argument now'],
    [['reset-account'], 'it cancels every open order and forgets every position; --yes says that this is meant'],
    [['reset-account', 'all', '--yes'], 'unknown argument all'],
    [['reset-account', '--cash=', '--yes'], '--cash needs a value'],
  ] as const) {
    const { status, lines } = await tickpath(...argv);
    assert.equal(status, 2, argv.join(' '));
    assert.equal(lines[0], `tickpath: ${fault}`);
    assert.match(lines[1] ?? '', /^usage: tickpath /);
  }
});

test('without keys nobody is asked', async (t) => {
  const dir = scratch(t);
  const { status, lines } = await tickpath('tape', 'status', `--data.dir=${dir}`);
  assert.equal(status, 1);
  assert.match(lines[0] ?? '', /venue-keys\.json; the first start of the venue makes it$/);
});

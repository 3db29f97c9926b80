import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { after, before, describe, test } from 'node:test';
import { eventually, TestProcess } from '@tickpath/testkit';
import { commandLine, tickpath } from './cli-process.ts';

const WRITER = join(import.meta.dirname, 'journal-writer.ts');

interface Line {
  readonly journal?: string;
  readonly seq: number;
  readonly stream: string;
  readonly type: string;
  readonly time: string;
}

function linesOf(stdout: string): Line[] {
  return stdout
    .trimEnd()
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Line);
}

const seqsOf = (stdout: string) => linesOf(stdout).map(({ seq }) => seq);

describe('tickpath journal', { timeout: 120_000 }, () => {
  let folder: string;
  let state: string;
  let writer: TestProcess;
  let lastSeq = 0;

  /** Has the writer append so many orders of two events. */
  async function append(orders: number): Promise<void> {
    const from = writer.lines.length;
    writer.write(`${orders}\n`);
    lastSeq += 2 * orders;
    await writer.line(new RegExp(`^last ${lastSeq}$`), { from });
  }

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'tickpath-cli-journal-'));
    state = join(folder, 'state');
    mkdirSync(join(state, 'deep'), { recursive: true });
    const other = new TestProcess([process.execPath, WRITER, join(state, 'deep/execution.sqlite')]);
    await other.line(/^last 0$/);
    other.write('2\nclose\n');
    await other.ended;
    writer = new TestProcess([process.execPath, WRITER, join(state, 'risk.sqlite')]);
    await writer.line(/^last 0$/);
    await append(6);
  });
  after(async () => {
    writer.kill('SIGKILL');
    await writer.ended;
    rmSync(folder, { recursive: true, force: true });
  });

  test('ls tells what journals a folder has, while one of them is written', async () => {
    const foreign = new DatabaseSync(join(folder, 'state/foreign.sqlite'));
    foreign.exec('CREATE TABLE something (other)');
    foreign.close();
    const { status, stdout, lines } = await tickpath('journal', 'ls', state);
    rmSync(join(folder, 'state/foreign.sqlite'));
    assert.deepEqual([status, lines], [0, ['']]);
    const [head, ...rows] = stdout.trimEnd().split('\n');
    assert.match(head ?? '', /^journal +uuid +generation +first +last +streams +snapshots +bytes +state$/);
    assert.match(rows[0] ?? '', /^deep\/execution +[0-9a-f-]{36} +1 +1 +4 +2 +0 +\d+ +closed$/);
    assert.match(rows[1] ?? '', /^foreign +JOURNAL_FOREIGN$/);
    assert.match(rows[2] ?? '', /^risk +[0-9a-f-]{36} +1 +1 +12 +3 +0 +\d+ +open or killed$/);
    const json = await tickpath('journal', 'ls', join(state, 'risk.sqlite'), '--json');
    const { streams, closed } = JSON.parse(json.stdout) as { streams: number; closed: boolean };
    assert.deepEqual({ streams, closed }, { streams: 3, closed: false });
  });

  test('cat shows every event as a line of JSON, and says of which journal if there are several', async () => {
    const { status, stdout } = await tickpath('journal', 'cat', state);
    assert.equal(status, 0);
    const shown = linesOf(stdout);
    assert.deepEqual(
      shown.map(({ journal, seq }) => `${journal} ${seq}`),
      [
        ...[1, 2, 3, 4].map((seq) => `deep/execution ${seq}`),
        ...Array.from({ length: 12 }, (_, at) => `risk ${at + 1}`),
      ],
    );
    const { eventId, ...first } = shown[4] as Line & { readonly eventId: string };
    assert.match(eventId, /^[0-9a-f]{8}-[0-9a-f]{4}-7/);
    assert.deepEqual(first, {
      journal: 'risk',
      ...{ seq: 1, stream: 'order/0', version: 1, time: '2026-01-01T00:00:00.000000000Z', type: 'OrderApproved' },
      ...{ schema: 1, correlationId: 'c-1', causationId: null, payload: { orderQty: 10 } },
    });
  });

  test('cat chooses by stream, type, number and time', async () => {
    const risk = join(state, 'risk.sqlite');
    const chosen = async (...filter: string[]) => seqsOf((await tickpath('journal', 'cat', risk, ...filter)).stdout);
    assert.deepEqual(await chosen('--from=11'), [11, 12]);
    assert.deepEqual(await chosen('--from=3', '--to=5'), [3, 4, 5]);
    assert.deepEqual(await chosen('--from=13'), []);
    assert.deepEqual(await chosen('--type=OrderClosed', '--to=6'), [2, 4, 6]);
    assert.deepEqual(await chosen('--stream=order/0', '--stream=order/2'), [1, 2, 3, 4, 7, 8, 9, 10]);
    assert.deepEqual(await chosen('--from=2026-01-01T00:00:02Z', '--to=2026-01-01T00:00:03Z'), [5, 6, 7, 8]);
    assert.deepEqual(await chosen('--from=2026-01-01T01:00:04.5+01:00', '--type=OrderApproved'), [11]);
    assert.deepEqual(await chosen('--to=2026-01-01T00:00:00Z', '--from=2'), [2]);
  });

  test('cat --follow shows what is there and then what is appended, once and in order', async () => {
    const following = new TestProcess(commandLine('journal', 'cat', state, '--follow', '--type=OrderClosed'));
    const shown = () =>
      following.lines.map((line) => JSON.parse(line) as Line).filter(({ journal }) => journal === 'risk');
    await eventually('the history', () => shown().length >= lastSeq / 2 || undefined);
    for (let turn = 0; turn < 3; turn += 1) {
      await append(50);
      await eventually('what was appended', () => shown().length >= lastSeq / 2 || undefined);
    }
    following.kill('SIGTERM');
    await following.ended;
    assert.deepEqual(
      shown().map(({ seq }) => seq),
      Array.from({ length: lastSeq / 2 }, (_, at) => 2 * at + 2),
    );
  });

  test('cat ends quietly when its reader has seen enough', async () => {
    await append(2000);
    const [program, ...args] = commandLine('journal', 'cat', state);
    const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    let stderr = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr += text;
    });
    child.stdout.once('data', () => child.stdout.destroy());
    const status = await new Promise((resolve) => void child.once('close', resolve));
    assert.deepEqual([status, stderr], [0, '']);
  });

  test('verify checks journals that are written and that are not, and fails at a fault', async () => {
    const fine = await tickpath('journal', 'verify', state);
    assert.deepEqual([fine.status, fine.lines], [0, ['']]);
    assert.match(fine.stdout, /^deep\/execution: ok, 4 events, .*\nrisk: ok, \d+ events, 0 snapshots, 0 answers\n$/);
    const spoilt = join(folder, 'spoilt.sqlite');
    const bytes = readFileSync(join(state, 'deep/execution.sqlite'));
    bytes.write('8', bytes.indexOf('{"cumQty":10}') + '{"cumQty":'.length);
    writeFileSync(spoilt, bytes);
    const damaged = await tickpath('journal', 'verify', folder, '--json');
    assert.equal(damaged.status, 1);
    const verdicts = damaged.stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as { ok: boolean; code?: string });
    assert.deepEqual(
      verdicts.map(({ ok, code }) => code ?? ok),
      ['JOURNAL_DAMAGED', true, true],
    );
    const shown = await tickpath('journal', 'cat', spoilt);
    assert.equal(shown.status, 1);
    assert.match(shown.lines.join('\n'), /^tickpath: JOURNAL_DAMAGED: .*spoilt\.sqlite: event \d /);
    rmSync(spoilt);
  });

  test('export writes lines of JSON that can be checked', async () => {
    const out = join(folder, 'out');
    const told = await tickpath('journal', 'export', state, '--out', out);
    assert.deepEqual([told.status, told.lines], [0, ['']]);
    assert.equal(told.stdout.split('\n')[0], `deep/execution: events 1 to 4 in ${join(out, 'deep/execution')}`);
    const checked = await tickpath('journal', 'verify', join(out, 'risk'));
    assert.equal(checked.status, 0);
    assert.match(checked.stdout, new RegExp(`ok, export of [0-9a-f-]{36}, events 1 to ${lastSeq}\n$`));
    const all = await tickpath('journal', 'verify', out);
    assert.equal(all.status, 0);
    assert.equal(all.stdout.match(/: ok, export of /g)?.length, 2, 'a folder of exports is checked whole');
    const again = await tickpath('journal', 'export', state, '--out', out);
    assert.equal(again.status, 1);
    assert.match(again.lines[0] ?? '', /is not empty: name another folder/);
    const events = join(out, 'risk/events.jsonl');
    const text = readFileSync(events, 'utf8');
    writeFileSync(events, text.replace('"orderQty":10', '"orderQty":11'));
    const spoilt = await tickpath('journal', 'verify', join(out, 'risk'));
    assert.equal(spoilt.status, 1);
    assert.match(spoilt.lines[0] ?? '', /JOURNAL_DAMAGED/);
  });

  test('says what is wrong with what it was asked', async () => {
    const usage = await tickpath('journal', 'cat', state, '--from=never');
    assert.equal(usage.status, 2);
    assert.match(usage.lines[0] ?? '', /^tickpath: --from: found "never"/);
    assert.match(usage.lines[1] ?? '', /^usage: tickpath journal /);
    const nothing = await tickpath('journal', 'ls', join(folder, 'nowhere'));
    assert.equal(nothing.status, 1);
    assert.match(nothing.lines[0] ?? '', /^tickpath: no journal at .*nowhere/);
    const help = await tickpath('journal', '--help');
    assert.deepEqual([help.status, help.stdout.startsWith('usage: tickpath journal ')], [0, true]);
  });
});

import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { freePortOffset, TestProcess } from '@tickpath/testkit';
import { tickpath } from './cli-process.ts';

const VENUE = join(import.meta.dirname, '../../../services/venue/src/main.ts');

describe('a stack of which only the venue runs', () => {
  let venue: TestProcess;
  let where: string;
  before(async () => {
    where = `--network.portOffset=${await freePortOffset()}`;
    venue = new TestProcess([process.execPath, VENUE, where, '--tracing.exporter=none']);
    await venue.line(/"lifecycle":"ready"/);
  });
  after(async () => {
    venue.kill('SIGTERM');
    await venue.ended;
  });

  test('shows its stages, and says which services do not answer', async () => {
    const { status, stdout } = await tickpath('latency', where);
    assert.equal(status, 0);
    const lines = stdout.trimEnd().split('\n');
    assert.equal(lines[0], 'latency by stage, since the start of each service');
    assert.match(lines[1] ?? '', /^stage +service +count +p50 +p99 +max +budget p50\/p99 +within$/);
    assert.ok(
      lines.some((line) => /^decode +market-data +0 +- +- +- +2 \/ 50 µs +-$/.test(line)),
      stdout,
    );
    assert.match(lines.at(-1) ?? '', /^no answer: market-data \(nothing listens there\), store \(.*, execution \(/);
  });

  test('shows the same as one object of JSON', async () => {
    const { status, stdout } = await tickpath('latency', '--json', where);
    assert.equal(status, 0);
    const { since, stages, down } = JSON.parse(stdout);
    assert.equal(since, 'start');
    assert.deepEqual(stages.find(({ stage }: { stage: string }) => stage === 'submit').budget, {
      p50: 100e-6,
      p99: 500e-6,
    });
    assert.deepEqual(Object.keys(down), ['market-data', 'store', 'signal', 'risk', 'execution']);
  });

  test('changes its log level, and says the level before', async () => {
    const first = await tickpath('log-level', 'venue', 'trace', where);
    assert.deepEqual([first.status, first.stdout], [0, 'venue: info → trace\n']);
    const second = await tickpath('log-level', 'venue', 'warn', where);
    assert.deepEqual([second.status, second.stdout], [0, 'venue: trace → warn\n']);
  });

  test('fails to change the level of all, but for the one that runs', async () => {
    const { status, stdout, lines } = await tickpath('log-level', 'all', 'info', where);
    assert.equal(status, 1);
    assert.match(stdout, /^venue: \w+ → info\n$/);
    assert.equal(lines.length, 5);
    assert.ok(lines.includes('tickpath: risk: nothing listens there'), lines.join('\n'));
  });
});

test('latency fails with one line when no service answers', async () => {
  const { status, stdout, lines } = await tickpath('latency', `--network.portOffset=${await freePortOffset()}`);
  assert.deepEqual([status, stdout, lines.length], [1, '', 1]);
  assert.match(lines[0] ?? '', /^tickpath: no service answers: venue \(nothing listens there\), /);
});

test('what makes no sense is answered with what is allowed, the usage and exit code 2', async () => {
  for (const [argv, fault] of [
    [['latency', 'venue'], /^tickpath: unknown argument venue$/],
    [['latency', '--jsonn'], /^tickpath: unknown flag --jsonn$/],
    [['latency', '--watch=1'], /^tickpath: /],
    [['log-level', 'venus', 'info'], /^tickpath: unknown service venus; allowed: venue, market-data, .*, all$/],
    [['log-level', 'venue', 'loud'], /^tickpath: unknown level loud; allowed: trace, debug, .*, silent$/],
    [['log-level', 'venue'], /^tickpath: no level given; allowed: trace, /],
    [['log-level'], /^tickpath: no service given; allowed: venue, /],
    [['log-level', 'venue', 'info', 'x'], /^tickpath: unknown argument x$/],
  ] as const) {
    const { status, lines, stdout } = await tickpath(...argv);
    assert.equal(status, 2, argv.join(' '));
    assert.match(lines[0] ?? '', fault);
    assert.match(lines.at(-1) ?? '', /^usage: tickpath (?:latency|log-level) /);
    assert.deepEqual([lines.length, stdout], [2, '']);
  }
});

test('a configuration that does not hold is answered with its faults', async () => {
  for (const command of [['latency'], ['log-level', 'venue', 'info'], ['trace', 'tp-1']]) {
    const { status, lines } = await tickpath(...command, '--network.portOffset=x');
    assert.equal(status, 1);
    assert.match(lines[0] ?? '', /^tickpath: network\.portOffset: found "x"/);
  }
});

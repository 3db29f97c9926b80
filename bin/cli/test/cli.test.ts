import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { STARTED_SERVICES, workspaceVersion } from '../src/workspace.ts';

const MAIN = pathToFileURL(join(import.meta.dirname, '../src/main.ts')).href;
const RUN = `import { main } from '${MAIN}'; process.exit(await main(process.argv.slice(1)));`;

/** Runs the command line behind the bootstrap, as a process of its own. */
function tickpath(...argv: string[]): { status: number | null; stdout: string; lines: string[] } {
  const args = ['--input-type=module', '--eval', RUN, '--', ...argv];
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' });
  return { status, stdout, lines: stderr.trimEnd().split('\n') };
}

describe('the command line', () => {
  test('tells its version and how it is used', () => {
    assert.equal(tickpath('--version').stdout.trim(), workspaceVersion());
    const help = tickpath('help');
    assert.equal(help.status, 0);
    for (const command of ['start', 'config', 'test', 'bench'])
      assert.match(help.stdout, new RegExp(`^tickpath ${command} `, 'm'));
  });

  test('answers what it does not know with one line, the usage and exit code 2', () => {
    for (const argv of [['strat'], [], ['start', '--jsonn'], ['bench', 'no-such-bench'], ['config', 'x']]) {
      const { status, lines, stdout } = tickpath(...argv);
      assert.equal(status, 2, argv.join(' '));
      assert.equal(lines.length, 2, lines.join('\n'));
      assert.match(lines[1] ?? '', /usage: tickpath/);
      assert.equal(stdout, '');
    }
  });

  test('starts nothing without its profile or the files to replay', () => {
    const profile = tickpath('start', '--profile=simm');
    assert.equal(profile.status, 1);
    assert.equal(profile.lines.length, 1);
    assert.match(
      profile.lines[0] ?? '',
      /^tickpath: profile "simm": no such file: .*simm\.yaml; profiles .*replay, sim/,
    );
    const replay = tickpath('start', '--replay=/nowhere/tape.zip');
    assert.equal(replay.status, 1);
    assert.deepEqual(replay.lines, ['tickpath: --replay: no such file: /nowhere/tape.zip']);
  });

  test('prints the configuration of every service', () => {
    const { status, stdout, lines } = tickpath('config', '--installation.prefix=mine');
    assert.equal(status, 0, lines.join('\n'));
    const printed = JSON.parse(stdout);
    assert.equal(printed.installation.prefix, 'mine');
    for (const service of STARTED_SERVICES) assert.equal(typeof printed[service], 'object', service);
  });

  test('tells the faults of every service at once', () => {
    const { status, lines } = tickpath('config', '--risk.nothing=1', '--venue.nothing=1');
    assert.equal(status, 1);
    assert.deepEqual(lines.map((line) => line.split(': unknown')[0]).sort(), [
      'risk: --risk.nothing',
      'venue: --venue.nothing',
    ]);
  });

  test('runs no test when no file matches', () => {
    const { status, lines } = tickpath('test', 'no-such-file');
    assert.equal(status, 1);
    assert.deepEqual(lines, ['tickpath: no test file matches no-such-file']);
  });
});

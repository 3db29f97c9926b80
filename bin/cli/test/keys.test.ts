import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { pathToFileURL } from 'node:url';

const MAIN = pathToFileURL(join(import.meta.dirname, '../src/main.ts')).href;
const RUN = `import { main } from '${MAIN}'; process.exit(await main(process.argv.slice(1)));`;
const HOLDERS = ['market-data', 'store', 'signal', 'risk', 'execution', 'gateway', 'cli'];

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tickpath-cli-keys-'));
});

afterEach(() => rmSync(folder, { recursive: true }));

/** Gives the command in `folder`. Whatever it says, no secret that then lies in `dir` may be in it. */
function keys(argv: readonly string[], { dir = join(folder, 'keys'), env = {} } = {}) {
  const args = ['--input-type=module', '--eval', RUN, '--', 'keys', ...argv];
  const { status, stdout, stderr } = spawnSync(process.execPath, args, {
    encoding: 'utf8',
    cwd: folder,
    env: { ...process.env, npm_lifecycle_event: undefined, TICKPATH_PROFILE: undefined, ...env },
  });
  for (const secret of secretsIn(dir)) assert.ok(!`${stdout}${stderr}`.includes(secret));
  return { status, stdout, lines: stderr.trimEnd().split('\n') };
}

function secretsIn(dir: string): string[] {
  const files = statSync(dir, { throwIfNoEntry: false }) === undefined ? [] : readdirSync(dir);
  return files
    .filter((file) => file.endsWith('.key'))
    .map((file) => (JSON.parse(readFileSync(join(dir, file), 'utf8')) as { secretKey: string }).secretKey);
}

function listedIn(dir: string): string[] {
  return Object.keys(JSON.parse(readFileSync(join(dir, 'allowed.json'), 'utf8')) as object);
}

describe('tickpath keys', () => {
  test('makes a key for each process that has sockets, and tells how to switch them on', () => {
    const { status, stdout } = keys([]);
    const dir = join(folder, 'keys');
    assert.equal(status, 0);
    assert.deepEqual(listedIn(dir), HOLDERS);
    assert.equal(secretsIn(dir).length, HOLDERS.length);
    assert.ok(stdout.includes(`wrote to ${dir} a key file each for ${HOLDERS.join(', ')}\n`), stdout);
    assert.match(stdout, /^to switch it on, set security\.keysDir: .*\/keys in the profile/m);
  });

  test('writes to the folder that is given, or that the configuration names', () => {
    const given = join(folder, 'given');
    assert.equal(keys(['given'], { dir: given }).status, 0);
    assert.deepEqual(listedIn(given), HOLDERS);
    const configured = join(folder, 'configured');
    const profile = join(folder, 'mine.yaml');
    writeFileSync(profile, `security:\n  keysDir: ${configured}\n`);
    assert.equal(keys(['--profile', 'mine.yaml'], { dir: configured }).status, 0);
    assert.deepEqual(listedIn(configured), HOLDERS);
    const ofEnvironment = join(folder, 'environment');
    assert.equal(keys([], { dir: ofEnvironment, env: { TICKPATH_SECURITY_KEYS_DIR: ofEnvironment } }).status, 0);
    assert.deepEqual(listedIn(ofEnvironment), HOLDERS);
  });

  test('does not overwrite a set, and says what would', () => {
    const dir = join(folder, 'keys');
    keys([]);
    const before = secretsIn(dir);
    const { status, lines } = keys([]);
    assert.equal(status, 1);
    assert.deepEqual(lines, [
      `tickpath: ${dir} holds a set of keys already; --force makes a new one in its place, --add NAME adds one key`,
    ]);
    assert.deepEqual(secretsIn(dir), before);
  });

  test('adds a key, and with --force makes a new set that does not list it', () => {
    const dir = join(folder, 'keys');
    keys([]);
    const added = keys(['--add', 'bob']);
    assert.equal(added.status, 0);
    assert.match(added.stdout, /^wrote .*\/keys\/bob\.key and added its public key to allowed\.json/);
    assert.deepEqual(listedIn(dir), [...HOLDERS, 'bob']);
    const before = secretsIn(dir);
    const forced = keys(['--force']);
    assert.equal(forced.status, 0);
    assert.match(forced.stdout, /^no longer listed: bob$/m);
    assert.match(forced.stdout, /restart them all$/m);
    assert.deepEqual(listedIn(dir), HOLDERS);
    assert.ok(secretsIn(dir).every((secret) => !before.includes(secret)));
  });

  test('answers what it cannot do with one line', () => {
    writeFileSync(join(folder, 'file'), '');
    for (const [argv, line] of [
      [['--add', 'bob'], /^tickpath: no such file: .*allowed\.json; `tickpath keys` makes a set$/],
      [['file'], /^tickpath: ENOTDIR/],
      [['.'], /^tickpath: .* holds other files; keys need a folder of their own$/],
      [['--profile=nope'], /^tickpath: profile "nope": no such file/],
    ] as const) {
      const { status, lines } = keys(argv);
      assert.equal(status, 1, argv.join(' '));
      assert.equal(lines.length, 1, lines.join('\n'));
      assert.match(lines[0] ?? '', line);
    }
  });

  test('answers what makes no sense with one line, the usage and exit code 2', () => {
    for (const argv of [['a', 'b'], ['--add', 'Bob'], ['--add'], ['--add=bob', '--force'], ['--forced']]) {
      const { status, lines, stdout } = keys(argv);
      assert.equal(status, 2, argv.join(' '));
      assert.equal(lines.length, 2, lines.join('\n'));
      assert.match(lines[1] ?? '', /^tickpath: usage: tickpath keys /);
      assert.equal(stdout, '');
    }
  });
});

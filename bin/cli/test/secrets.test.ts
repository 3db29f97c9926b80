import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { createKeySet, loadKeys } from '@tickpath/wire';
import { SECRET_HOLDERS } from '../src/commands/secrets.ts';
import { keepSecrets, SecretsError } from '../src/secret-folders.ts';

const TICKPATH = join(import.meta.dirname, '../../tickpath');

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'tickpath-secrets-'));
});
afterEach(() => rmSync(dir, { recursive: true }));

/** Every file below a folder with its content. */
function filesIn(folder: string): Map<string, string> {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  return new Map(
    entries
      .map(({ parentPath, name }) => join(parentPath, name))
      .sort()
      .map((path) => [path, readFileSync(path, 'utf8')]),
  );
}

function secret(holder: string, name: string): string {
  return readFileSync(join(dir, holder, name), 'utf8').trim();
}

describe('the secrets of a stack', () => {
  test('each holder gets its share and nothing of the others', () => {
    assert.equal(keepSecrets(dir, SECRET_HOLDERS).set, 'made');
    const shares = SECRET_HOLDERS.map(({ name }) => [name, [...filesIn(join(dir, name)).keys()]] as const);
    const relative = shares.map(([name, files]) => [name, files.map((file) => file.slice(join(dir, name).length + 1))]);
    const venueKeys = ['alpaca-key-id', 'alpaca-secret-key'];
    assert.deepEqual(Object.fromEntries(relative), {
      venue: venueKeys,
      'market-data': [...venueKeys, 'keys/allowed.json', 'keys/market-data.key'],
      store: ['keys/allowed.json', 'keys/store.key'],
      signal: ['keys/allowed.json', 'keys/signal.key'],
      risk: ['keys/allowed.json', 'keys/risk.key'],
      execution: [...venueKeys, 'keys/allowed.json', 'keys/execution.key'],
      cli: ['keys/allowed.json', 'keys/cli.key'],
      grafana: ['admin-password'],
    });
    for (const { name, hasCurvePair } of SECRET_HOLDERS) if (hasCurvePair) loadKeys(join(dir, name, 'keys'), name);
    assert.equal(secret('venue', 'alpaca-secret-key'), secret('execution', 'alpaca-secret-key'));
  });

  test('only their owner reads them, and of the password its group', () => {
    keepSecrets(dir, SECRET_HOLDERS);
    const modes = [...filesIn(dir).keys()].map((file) => [
      file.slice(dir.length + 1),
      (statSync(file).mode & 0o777).toString(8),
    ]);
    const open = modes.filter(([file, mode]) => mode !== '600' && !/allowed\.json$|\.gitignore$/.test(file ?? ''));
    assert.deepEqual(open, [['grafana/admin-password', '640']]);
  });

  test('are other ones in every stack, and long', () => {
    keepSecrets(dir, SECRET_HOLDERS);
    const first = secret('grafana', 'admin-password');
    assert.ok(first.length >= 32 && secret('venue', 'alpaca-secret-key').length >= 40);
    rmSync(join(dir, 'master'), { recursive: true });
    assert.equal(keepSecrets(dir, SECRET_HOLDERS).set, 'made');
    assert.notEqual(secret('grafana', 'admin-password'), first);
  });

  test('stay the same from run to run', () => {
    keepSecrets(dir, SECRET_HOLDERS);
    const before = filesIn(dir);
    assert.deepEqual(keepSecrets(dir, SECRET_HOLDERS), { set: 'kept', handedOut: [] });
    assert.deepEqual(filesIn(dir), before);
  });

  test('of a run that was cut short before the end are made anew, whatever it left', () => {
    keepSecrets(dir, SECRET_HOLDERS);
    const old = secret('grafana', 'admin-password');
    const files = [...filesIn(join(dir, 'master')).keys()];
    for (const lost of files) {
      rmSync(join(dir, 'master'), { recursive: true });
      keepSecrets(dir, SECRET_HOLDERS);
      rmSync(join(dir, 'master/complete'));
      if (lost.endsWith('.key')) rmSync(lost);
      else writeFileSync(lost.endsWith('/complete') ? `${lost}.partial` : lost, '');
      assert.equal(keepSecrets(dir, SECRET_HOLDERS).set, 'made');
      assert.equal(keepSecrets(dir, SECRET_HOLDERS).set, 'kept');
    }
    assert.notEqual(secret('grafana', 'admin-password'), old);
  });

  test("lost from a holder's folder, or half written there, are handed out again", () => {
    keepSecrets(dir, SECRET_HOLDERS);
    const before = filesIn(dir);
    rmSync(join(dir, 'risk'), { recursive: true });
    writeFileSync(join(dir, 'venue/alpaca-key-id'), 'PK');
    const { set, handedOut } = keepSecrets(dir, SECRET_HOLDERS);
    assert.deepEqual([set, handedOut.length], ['kept', 3]);
    assert.deepEqual(filesIn(dir), before);
  });

  test('of a finished set with a fault are refused, with the file and without its content', () => {
    for (const file of ['keys/risk.key', 'keys/allowed.json', 'alpaca-secret-key', 'admin-password']) {
      rmSync(join(dir, 'master'), { recursive: true, force: true });
      keepSecrets(dir, SECRET_HOLDERS);
      const path = join(dir, 'master', file);
      const content = readFileSync(path, 'utf8');
      writeFileSync(path, content.slice(0, file.startsWith('keys/') ? content.length / 2 : 0));
      assert.throws(
        () => keepSecrets(dir, SECRET_HOLDERS),
        (error) => error instanceof SecretsError && error.message.includes(path) && !error.message.includes('{'),
      );
      rmSync(path);
      assert.throws(() => keepSecrets(dir, SECRET_HOLDERS), SecretsError);
    }
  });

  test('for a holder that is new are added, and the others know its public key', () => {
    const before = SECRET_HOLDERS.filter(({ name }) => name !== 'signal');
    keepSecrets(dir, before);
    const risk = loadKeys(join(dir, 'risk/keys'), 'risk').own.publicKey;
    assert.equal(keepSecrets(dir, SECRET_HOLDERS).set, 'kept');
    const { own } = loadKeys(join(dir, 'signal/keys'), 'signal');
    const { own: riskNow, peers } = loadKeys(join(dir, 'risk/keys'), 'risk');
    assert.deepEqual([riskNow.publicKey, peers.signal], [risk, own.publicKey]);
  });
});

describe('tickpath secrets', () => {
  const run = (...args: string[]) => spawnSync(process.execPath, [TICKPATH, 'secrets', ...args], { encoding: 'utf8' });

  test('says what it did and no secret', () => {
    const first = run(dir);
    assert.equal(first.status, 0, first.stderr);
    assert.match(first.stdout, /made a new set; wrote \d+ files/);
    assert.match(run(dir).stdout, /kept the set\n$/);
    for (const content of filesIn(dir).values()) {
      assert.ok(content.trim() === '' || !`${first.stdout}${first.stderr}`.includes(content.trim()));
    }
  });

  test('refuses a damaged set with one line and exit code 1', () => {
    run(dir);
    rmSync(join(dir, 'master/keys'), { recursive: true });
    createKeySet(join(dir, 'master/keys'), ['risk']);
    writeFileSync(join(dir, 'master/alpaca-key-id'), '');
    const { status, stderr } = run(dir);
    assert.equal(status, 1);
    assert.match(stderr, /^tickpath: .*alpaca-key-id is empty; without .*master a new set is made\n$/);
  });

  test('needs a folder', () => {
    assert.equal(run().status, 2);
    assert.equal(run('--force').status, 2);
  });
});

import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { ConfigError, defineSchema, loadConfig } from '../src/index.ts';

const schema = defineSchema({
  password: { format: 'any-text', default: '', sensitive: true },
  note: { format: 'any-text', default: '' },
});
const dir = mkdtempSync(join(tmpdir(), 'tickpath-secrets-'));
writeFileSync(join(dir, 'sim.yaml'), '');
after(() => rmSync(dir, { recursive: true }));

function file(name: string, content: string): string {
  const path = join(dir, name);
  writeFileSync(path, content);
  return path;
}

function load(env: Record<string, string>) {
  return loadConfig({ section: 'venue', schema, argv: [], env, configDir: dir });
}

function faultsOf(env: Record<string, string>): readonly string[] {
  try {
    load(env);
  } catch (error) {
    assert.ok(error instanceof ConfigError);
    return error.faults;
  }
  return [];
}

describe('a secret in a file', () => {
  test('is read without the line break at its end, for keys with a variable of their own and for all others', () => {
    const { config, shared } = load({
      APCA_API_KEY_ID_FILE: file('id', 'PKPUBLIC\n'),
      APCA_API_SECRET_KEY_FILE: file('secret', ' a secret with spaces \r\n'),
      TICKPATH_VENUE_PASSWORD_FILE: file('password', 'two\nlines'),
    });
    assert.deepEqual(shared.alpaca, { keyId: 'PKPUBLIC', secretKey: ' a secret with spaces ' });
    assert.equal(config.password, 'two\nlines');
  });

  test('is not printed', () => {
    const printed = load({ TICKPATH_VENUE_PASSWORD_FILE: file('password', 'very secret') }).print();
    assert.ok(!printed.includes('very secret'), printed);
  });

  test('gives way to a flag', () => {
    const env = { TICKPATH_VENUE_PASSWORD_FILE: file('password', 'from a file') };
    const argv = ['--venue.password=from a flag'];
    assert.equal(loadConfig({ section: 'venue', schema, argv, env, configDir: dir }).config.password, 'from a flag');
  });

  test('and in the variable itself as well is a fault, without the secret', () => {
    const path = file('password', 'in the file');
    assert.deepEqual(faultsOf({ TICKPATH_VENUE_PASSWORD: 'in the variable', TICKPATH_VENUE_PASSWORD_FILE: path }), [
      'venue.password: set twice, by TICKPATH_VENUE_PASSWORD and by TICKPATH_VENUE_PASSWORD_FILE; allowed: one of them',
    ]);
  });

  test('that is missing, empty, unreadable or not named is one fault each', () => {
    const missing = join(dir, 'missing');
    const empty = file('empty', '\n');
    assert.deepEqual(faultsOf({ APCA_API_KEY_ID_FILE: missing, APCA_API_SECRET_KEY_FILE: empty }), [
      `alpaca.keyId: no such file: ${missing} (environment APCA_API_KEY_ID_FILE)`,
      `alpaca.secretKey: ${empty} is empty (environment APCA_API_SECRET_KEY_FILE)`,
    ]);
    assert.deepEqual(faultsOf({ APCA_API_KEY_ID_FILE: dir, APCA_API_SECRET_KEY_FILE: '' }), [
      `alpaca.keyId: ${dir} cannot be read: EISDIR (environment APCA_API_KEY_ID_FILE)`,
      'alpaca.secretKey: no file named (environment APCA_API_SECRET_KEY_FILE)',
    ]);
  });

  const isRoot = process.getuid?.() === 0;
  test('that this user may not read is a fault', { skip: isRoot && 'root may read every file' }, () => {
    const path = file('closed', 'secret');
    chmodSync(path, 0);
    assert.match(faultsOf({ APCA_API_KEY_ID_FILE: path }).join(), /cannot be read: EACCES/);
  });

  test('is for secrets only: of any other key it is unknown', () => {
    assert.match(
      faultsOf({ TICKPATH_VENUE_NOTE_FILE: file('note', 'text') }).join(),
      /^TICKPATH_VENUE_NOTE_FILE: unknown/,
    );
  });
});

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterEach, beforeEach, describe, test } from 'node:test';
import fc from 'fast-check';
import { FatalStartError, readVenueKeys, type VenueKeys, venueKeys, venueKeysFile } from '../src/index.ts';

const SEED = Number(process.env.TICKPATH_SEED ?? Math.floor(Math.random() * 2 ** 31));
console.log(`TICKPATH_SEED=${SEED}`);

const NOT_CONFIGURED = { alpaca: { keyId: '', secretKey: '' } };

let folder: string;
let dir: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tickpath-venue-keys-'));
  dir = join(folder, 'data');
});
afterEach(() => rmSync(folder, { recursive: true }));

/** The fault of a start with this file in the folder. */
function faultOf(content: string, mode = 0o600): FatalStartError {
  mkdirSync(dir, { recursive: true });
  writeFileSync(venueKeysFile(dir), content);
  chmodSync(venueKeysFile(dir), mode);
  try {
    venueKeys(NOT_CONFIGURED, dir);
  } catch (error) {
    assert.ok(error instanceof FatalStartError, String(error));
    return error;
  }
  return assert.fail(`taken: ${content}`);
}

describe('the keys of a venue', () => {
  test('are made once, for their owner only, and stay the same', () => {
    const made = venueKeys(NOT_CONFIGURED, dir);
    assert.match(made.keyId, /^PK[0-9A-F]{18}$/);
    assert.match(made.secretKey, /^[0-9a-f]{40}$/);
    assert.equal(statSync(venueKeysFile(dir)).mode & 0o777, 0o600);
    assert.deepEqual(venueKeys(NOT_CONFIGURED, dir), made);
    assert.deepEqual(readVenueKeys(dir), made);
    assert.deepEqual(readdirSync(dir), ['venue-keys.json']);
  });

  test('are other ones in another folder', () => {
    const one = venueKeys(NOT_CONFIGURED, dir);
    const other = venueKeys(NOT_CONFIGURED, join(folder, 'other'));
    assert.ok(one.keyId !== other.keyId && one.secretKey !== other.secretKey);
  });

  test('are the configured ones where there are any, and then nothing is written', () => {
    const configured = { keyId: 'PKMINE', secretKey: 'mine' };
    assert.deepEqual(venueKeys({ alpaca: configured }, dir), configured);
    assert.equal(statSync(dir, { throwIfNoEntry: false }), undefined);
    assert.equal(readVenueKeys(dir), undefined);
    venueKeys(NOT_CONFIGURED, dir);
    assert.deepEqual(venueKeys({ alpaca: configured }, dir), configured);
  });

  test('are the same for all processes that come at the same moment', { timeout: 30_000 }, async () => {
    const program = join(import.meta.dirname, 'venue-keys-process.ts');
    const children = Array.from({ length: 6 }, () => {
      const child = spawn(process.execPath, [program, dir], { stdio: ['pipe', 'pipe', 'inherit'] });
      return {
        child,
        lines: createInterface({ input: child.stdout })[Symbol.asyncIterator](),
        ended: once(child, 'close'),
      };
    });
    for (const { lines } of children) assert.equal((await lines.next()).value, 'ready');
    for (const { child } of children) child.stdin.write('go\n');
    const pairs = await Promise.all(
      children.map(async ({ lines, ended }) => {
        const pair = JSON.parse(String((await lines.next()).value)) as VenueKeys;
        assert.deepEqual(await ended, [0, null]);
        return pair;
      }),
    );
    for (const pair of pairs) assert.deepEqual(pair, pairs[0]);
    assert.deepEqual(readVenueKeys(dir), pairs[0]);
    assert.deepEqual(readdirSync(dir), ['venue-keys.json'], 'nothing is left of those that came too late');
  });

  test('a damaged file stops the start with its name and what is wrong, and not with its content', () => {
    const file = venueKeysFile(dir);
    for (const [content, fault] of [
      ['', 'is not JSON'],
      ['{"keyId":"PKSECRET","secretKey":"sec', 'is not JSON'],
      ['null', 'has no keyId of 1 to 128 visible ASCII characters'],
      ['["PKSECRET"]', 'has no keyId of 1 to 128 visible ASCII characters'],
      ['{"keyId":"PKSECRET"}', 'has no secretKey of 1 to 128 visible ASCII characters'],
      ['{"keyId":"PK SECRET","secretKey":"s"}', 'has no keyId of 1 to 128 visible ASCII characters'],
      ['{"keyId":"PKSECRET","secretKey":7}', 'has no secretKey of 1 to 128 visible ASCII characters'],
    ] as const) {
      const { code, message, cause } = faultOf(content);
      assert.equal(code, 'VENUE_KEYS_INVALID');
      assert.equal(message, `${file} ${fault}; without it, new keys are made`);
      assert.equal(cause, undefined);
      assert.equal(readFileSync(file, 'utf8'), content, 'it is left as it is');
    }
  });

  test('no text in the file is taken for a pair unless it is one, or told', () => {
    const anyText = fc.oneof(fc.string({ unit: 'binary', minLength: 8 }), fc.json());
    fc.assert(
      fc.property(anyText, (content) => {
        const { code, message } = faultOf(content);
        assert.equal(code, 'VENUE_KEYS_INVALID');
        assert.ok(content.length < 8 || !message.includes(content));
      }),
      { seed: SEED },
    );
  });

  test('a file that others can read is refused', { skip: process.platform === 'win32' && 'no file modes' }, () => {
    const { code, message } = faultOf('{"keyId":"PK","secretKey":"s"}', 0o640);
    assert.equal(code, 'VENUE_KEYS_EXPOSED');
    assert.equal(message, `${venueKeysFile(dir)} is open to others: its mode is 0640; allowed: 0600`);
  });

  test('what cannot be read or made is named with what the system says', () => {
    mkdirSync(venueKeysFile(dir), { recursive: true, mode: 0o700 });
    assert.throws(() => venueKeys(NOT_CONFIGURED, dir), {
      code: 'VENUE_KEYS_UNUSABLE',
      message: `${venueKeysFile(dir)} cannot be read: EISDIR`,
    });
    const file = join(folder, 'file');
    writeFileSync(file, '');
    assert.throws(() => venueKeys(NOT_CONFIGURED, file), { code: 'DATA_DIR_UNUSABLE' });
  });
});

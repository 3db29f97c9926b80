import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { inspect } from 'node:util';
import { curveKeyPair, Publisher, Subscriber } from 'zeromq';
import { addKey, createKeySet, loadKeys } from '../src/key-files.ts';
import { NO_SECURITY, securityFrom } from '../src/security.ts';
import type { SecurityError, SecurityFault } from '../src/security-error.ts';

const NAMES = ['risk', 'market-data', 'cli'];
const isWindows = process.platform === 'win32' ? 'Windows has no file modes' : false;

let folder: string;
let dir: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tickpath-keys-'));
  dir = join(folder, 'keys');
});

afterEach(() => rmSync(folder, { recursive: true }));

function modeOf(path: string): string {
  return (statSync(path).mode & 0o777).toString(8);
}

function readAllowed(): Record<string, string> {
  return JSON.parse(readFileSync(join(dir, 'allowed.json'), 'utf8')) as Record<string, string>;
}

function secretIn(name: string): string {
  return (JSON.parse(readFileSync(join(dir, `${name}.key`), 'utf8')) as { secretKey: string }).secretKey;
}

/** What loading throws, which never names the secret, whatever is wrong with its file. */
function faultOfLoading(name: string, secret: string): { code: SecurityFault; message: string } {
  try {
    loadKeys(dir, name);
  } catch (error) {
    assert.ok(!inspect(error, { depth: 9, showHidden: true }).includes(secret.slice(0, 12)), inspect(error));
    const { code, message } = error as SecurityError;
    return { code, message: message.replaceAll(`${dir}/`, '') };
  }
  throw new Error('loaded without a fault');
}

describe('a set of keys', () => {
  test('has a pair for each name, and the public halves in the list', () => {
    assert.deepEqual(createKeySet(dir, NAMES), { written: NAMES, unlisted: [] });
    assert.deepEqual(Object.keys(readAllowed()), NAMES);
    for (const name of NAMES) {
      const { own, peers } = loadKeys(dir, name);
      assert.deepEqual(peers, readAllowed());
      assert.equal(own.publicKey, peers[name]);
      assert.equal(own.secretKey, secretIn(name));
      for (const shown of [JSON.stringify(own), inspect(own, { showHidden: true })]) {
        assert.ok(!shown.includes(own.secretKey));
      }
    }
    assert.equal(new Set(NAMES.map(secretIn)).size, NAMES.length);
  });

  test('is closed to others but for its list, and kept out of a repository', { skip: isWindows }, () => {
    const umask = process.umask(0);
    createKeySet(dir, NAMES);
    process.umask(umask);
    assert.equal(modeOf(dir), '700');
    for (const name of NAMES) assert.equal(modeOf(join(dir, `${name}.key`)), '600');
    assert.equal(modeOf(join(dir, 'allowed.json')), '644');
    assert.equal(readFileSync(join(dir, '.gitignore'), 'utf8'), '*\n');
  });

  test('is not overwritten unless that is asked for', () => {
    createKeySet(dir, NAMES);
    addKey(dir, 'bob');
    const before = NAMES.map(secretIn);
    assert.throws(() => createKeySet(dir, NAMES), { code: 'KEYS_EXIST' });
    assert.deepEqual(NAMES.map(secretIn), before);
    assert.deepEqual(createKeySet(dir, NAMES, { replace: true }), { written: NAMES, unlisted: ['bob'] });
    for (const [n, name] of NAMES.entries()) assert.notEqual(secretIn(name), before[n]);
    assert.deepEqual(
      readdirSync(dir).sort(),
      ['.gitignore', 'allowed.json', ...NAMES.map((name) => `${name}.key`)].sort(),
    );
  });

  test('of which only a part was written counts as one', () => {
    createKeySet(dir, NAMES);
    rmSync(join(dir, 'allowed.json'));
    assert.throws(() => createKeySet(dir, NAMES), { code: 'KEYS_EXIST' });
    assert.deepEqual(createKeySet(dir, NAMES, { replace: true }), { written: NAMES, unlisted: [] });
  });

  test('is not made among other files', () => {
    mkdirSync(dir);
    writeFileSync(join(dir, 'notes.txt'), '');
    for (const replace of [false, true]) {
      assert.throws(() => createKeySet(dir, NAMES, { replace }), { code: 'KEYS_FOLDER_TAKEN' });
    }
  });

  test('takes one more pair and leaves the others alone', () => {
    assert.throws(() => addKey(dir, 'bob'), { code: 'KEYS_MISSING' });
    createKeySet(dir, NAMES);
    const before = readAllowed();
    addKey(dir, 'bob');
    assert.deepEqual(readAllowed(), { ...before, bob: loadKeys(dir, 'bob').own.publicKey });
    assert.throws(() => addKey(dir, 'bob'), { code: 'KEYS_EXIST' });
  });
});

describe('keys are not loaded', () => {
  test('that are not there', () => {
    assert.equal(faultOfLoading('risk', 'none').code, 'KEYS_MISSING');
    createKeySet(dir, NAMES);
    assert.equal(faultOfLoading('store', 'none').code, 'KEYS_MISSING');
    rmSync(join(dir, 'allowed.json'));
    assert.match(faultOfLoading('risk', secretIn('risk')).message, /^no such file: allowed\.json/);
  });

  test('that others can read, or a list that others can write', { skip: isWindows }, () => {
    createKeySet(dir, NAMES);
    for (const [mode, shown] of [
      [0o640, '0640'],
      [0o604, '0604'],
      [0o660, '0660'],
    ] as const) {
      chmodSync(join(dir, 'risk.key'), mode);
      assert.deepEqual(faultOfLoading('risk', secretIn('risk')), {
        code: 'KEYS_EXPOSED',
        message: `risk.key is open to others: its mode is ${shown}; allowed: 0600`,
      });
    }
    chmodSync(join(dir, 'risk.key'), 0o400);
    assert.equal(loadKeys(dir, 'risk').own.secretKey, secretIn('risk'));
    chmodSync(join(dir, 'allowed.json'), 0o664);
    assert.deepEqual(faultOfLoading('risk', secretIn('risk')), {
      code: 'KEYS_EXPOSED',
      message: 'allowed.json can be written by others: its mode is 0664; allowed: 0644',
    });
  });

  test('that make no sense, and the secret in them is not told', () => {
    createKeySet(dir, NAMES);
    const secretKey = secretIn('risk');
    const { risk: publicKey } = readAllowed();
    const other = curveKeyPair().publicKey;
    const wrong: [content: string, message: RegExp][] = [
      [`{"secretKey":"${secretKey}"`, /^risk\.key is not JSON$/],
      [`${secretKey}`, /^risk\.key is not JSON$/],
      [`"${secretKey}"`, /^risk\.key is not {"publicKey"/],
      [JSON.stringify({ publicKey, secretKey: `${secretKey} ` }), /^risk\.key is not {"publicKey"/],
      [JSON.stringify({ publicKey: other, secretKey }), /^risk\.key has a public key that is not that of its secret/],
    ];
    for (const [content, message] of wrong) {
      writeFileSync(join(dir, 'risk.key'), content);
      const fault = faultOfLoading('risk', secretKey);
      assert.equal(fault.code, 'KEYS_INVALID');
      assert.match(fault.message, message);
    }
  });

  test('with a list that makes no sense or does not have the own key', () => {
    createKeySet(dir, NAMES);
    const secret = secretIn('risk');
    const wrong: [list: unknown, message: RegExp][] = [
      [[], /^allowed\.json is not an object of public keys by name$/],
      [{ ...readAllowed(), Bob: secret }, /^allowed\.json has the name "Bob"/],
      [{ ...readAllowed(), bob: `${secret}!` }, /^allowed\.json has no public key of 40 Z85 characters for bob$/],
      [{ cli: readAllowed().cli }, /^allowed\.json does not list risk with the public key of risk\.key$/],
      [{ ...readAllowed(), risk: curveKeyPair().publicKey }, /^allowed\.json does not list risk with the public key/],
    ];
    for (const [list, message] of wrong) {
      writeFileSync(join(dir, 'allowed.json'), JSON.stringify(list));
      const fault = faultOfLoading('risk', secret);
      assert.equal(fault.code, 'KEYS_INVALID');
      assert.match(fault.message, message);
    }
  });
});

test('without a folder sockets stay plain', async () => {
  assert.equal(await securityFrom(null, 'risk', { onRefused: () => {} }), NO_SECURITY);
  await assert.rejects(securityFrom(dir, 'risk', { onRefused: () => {} }), { code: 'KEYS_MISSING' });
});

test("a foreign client gets in with its own key once that is in the operator's list", async () => {
  createKeySet(dir, NAMES);
  const foreign = curveKeyPair();
  writeFileSync(join(dir, 'allowed.json'), JSON.stringify({ ...readAllowed(), 'bob-laptop': foreign.publicKey }));

  const refusals: unknown[] = [];
  const security = await securityFrom(dir, 'risk', { onRefused: (refusal) => void refusals.push(refusal) });
  const pub = new Publisher({ linger: 0, ...security.serverOptions() });
  await pub.bind('tcp://127.0.0.1:*');
  // As anyone would write it who has ZeroMQ, a key of its own and the public key of the service.
  const sub = new Subscriber({ linger: 0, receiveTimeout: 10_000 });
  sub.curveServerKey = readAllowed().risk ?? null;
  sub.curvePublicKey = foreign.publicKey;
  sub.curveSecretKey = foreign.secretKey;
  sub.connect(pub.lastEndpoint ?? '');
  sub.subscribe();
  const publishing = setInterval(() => void pub.send('tick'), 5);
  const [message] = await sub.receive();
  clearInterval(publishing);
  assert.equal(String(message), 'tick');
  assert.deepEqual(refusals, []);
  for (const socket of [pub, sub]) socket.close();
  security.close();
});

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { venueKeys, venueKeysFile } from '@tickpath/runtime';
import { tickpath } from './cli-process.ts';

function dataFolder(t: TestContext): string {
  const dir = mkdtempSync(join(tmpdir(), 'tickpath-venue-keys-'));
  t.after(() => rmSync(dir, { recursive: true }));
  return dir;
}

test('the keys of the venue are shown only when that is asked for', async (t) => {
  const dir = dataFolder(t);
  const { keyId, secretKey } = venueKeys({ alpaca: { keyId: '', secretKey: '' } }, dir);
  const where = [`--data.dir=${dir}`, '--network.portOffset=100'];
  const told = await tickpath('venue-keys', ...where);
  assert.equal(told.status, 0);
  assert.equal(
    told.stdout,
    `the keys of the venue at http://127.0.0.1:5680 are in ${venueKeysFile(dir)}; --show prints them\n`,
  );
  const shown = await tickpath('venue-keys', '--show', ...where);
  assert.deepEqual(shown.stdout.trimEnd().split('\n'), [
    `APCA_API_KEY_ID=${keyId}`,
    `APCA_API_SECRET_KEY=${secretKey}`,
    'APCA_API_BASE_URL=http://127.0.0.1:5680',
    'APCA_API_DATA_URL=http://127.0.0.1:5680',
  ]);
});

test('configured keys are said to be so, and no file is read', async (t) => {
  const dir = dataFolder(t);
  writeFileSync(venueKeysFile(dir), 'damaged');
  const configured = ['--alpaca.keyId=PKMINE', '--alpaca.secretKey=mine', `--data.dir=${dir}`];
  const told = await tickpath('venue-keys', ...configured);
  assert.match(told.stdout, /are in the configuration \(alpaca\.keyId, alpaca\.secretKey\); --show prints them\n$/);
  assert.match((await tickpath('venue-keys', '--show', ...configured)).stdout, /^APCA_API_KEY_ID=PKMINE\n/);
});

test('what is missing or damaged is answered with one line that does not show it', async (t) => {
  const dir = dataFolder(t);
  const missing = await tickpath('venue-keys', `--data.dir=${dir}`);
  assert.deepEqual([missing.status, missing.stdout], [1, '']);
  assert.deepEqual(missing.lines, [
    `tickpath: no such file: ${venueKeysFile(dir)}; the first start of the venue makes it`,
  ]);
  writeFileSync(venueKeysFile(dir), '{"keyId":"PKSECRET"', { mode: 0o600 });
  for (const argv of [['venue-keys', '--show'], ['start']]) {
    const damaged = await tickpath(...argv, `--data.dir=${dir}`);
    assert.deepEqual([damaged.status, damaged.stdout], [1, ''], argv.join(' '));
    assert.deepEqual(damaged.lines, [`tickpath: ${venueKeysFile(dir)} is not JSON; without it, new keys are made`]);
  }
});

test('what makes no sense is answered with one line, the usage and exit code 2', async () => {
  for (const argv of [['--shown'], ['DIR'], ['--show=yes']]) {
    const { status, stdout, lines } = await tickpath('venue-keys', ...argv);
    assert.deepEqual([status, stdout, lines.length], [2, '', 2], lines.join('\n'));
    assert.match(lines[1] ?? '', /^tickpath: usage: tickpath venue-keys /);
  }
});

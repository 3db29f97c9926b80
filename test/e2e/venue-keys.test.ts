import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { addresses, EXIT_UNRECOVERABLE, readVenueKeys, type VenueKeys, venueKeysFile } from '@tickpath/runtime';
import { eventually, freePortOffset, networkAt, REMOVAL, TestProcess, TestStack } from '@tickpath/testkit';

const WORKSPACE = join(import.meta.dirname, '../..');
const VENUE = join(WORKSPACE, 'services/venue/src/main.ts');
/** Keys that the environment of the tests may have are not those of a venue that has none. */
const ENV = { ...process.env, APCA_API_KEY_ID: '', APCA_API_SECRET_KEY: '' };

function dataFolder(t: TestContext): string {
  const dir = mkdtempSync(join(tmpdir(), 'tickpath-keys-'));
  t.after(() => rmSync(dir, REMOVAL));
  return dir;
}

async function startVenue(t: TestContext, dataDir: string): Promise<{ venue: TestProcess; url: string }> {
  const portOffset = await freePortOffset();
  const flags = [`--network.portOffset=${portOffset}`, `--data.dir=${dataDir}`, '--tracing.exporter=none'];
  const venue = new TestProcess([process.execPath, VENUE, ...flags, '--log.level=trace'], { cwd: WORKSPACE, env: ENV });
  t.after(() => venue.kill('SIGKILL'));
  return { venue, url: addresses(networkAt(portOffset)).httpUrl('venue') };
}

function headersOf({ keyId, secretKey }: VenueKeys): Record<string, string> {
  return { 'apca-api-key-id': keyId, 'apca-api-secret-key': secretKey };
}

async function statusOf(url: string, headers: Record<string, string> = {}): Promise<number> {
  const response = await fetch(`${url}/v2/account`, { headers });
  await response.text();
  return response.status;
}

test('a venue without configured keys makes its own, lets nobody in without them, and keeps them', async (t) => {
  const dataDir = dataFolder(t);
  const first = await startVenue(t, dataDir);
  await first.venue.line(/"msg":"market open"/, { boundMs: 60_000 });
  const keys = readVenueKeys(dataDir);
  assert.ok(keys !== undefined);
  assert.equal(statSync(venueKeysFile(dataDir)).mode & 0o077, 0);
  assert.deepEqual(
    readdirSync(dataDir).filter((file) => file.startsWith('venue-keys')),
    ['venue-keys.json'],
  );
  assert.equal(await statusOf(first.url), 401);
  assert.equal(await statusOf(first.url, headersOf({ keyId: '', secretKey: '' })), 401);
  assert.equal(await statusOf(first.url, headersOf({ ...keys, secretKey: 'another' })), 401);
  assert.equal(await statusOf(first.url, headersOf(keys)), 200);
  first.venue.kill('SIGKILL');
  await first.venue.ended;

  const again = await startVenue(t, dataDir);
  await again.venue.line(/"msg":"market open"/, { boundMs: 60_000 });
  assert.equal(await statusOf(again.url, headersOf(keys)), 200);
  again.venue.kill('SIGTERM');
  await again.venue.ended;
  for (const line of [...first.venue.lines, ...again.venue.lines]) {
    assert.ok(!line.includes(keys.keyId) && !line.includes(keys.secretKey), 'a key is in a line of the log');
  }
});

test('a venue with a damaged file of keys ends with 78 and one line that names it', async (t) => {
  const dataDir = dataFolder(t);
  writeFileSync(venueKeysFile(dataDir), '{"keyId":"PKSECRET"', { mode: 0o600 });
  const { venue } = await startVenue(t, dataDir);
  assert.equal((await venue.ended).code, EXIT_UNRECOVERABLE);
  assert.deepEqual(venue.lines, [`venue: ${venueKeysFile(dataDir)} is not JSON; without it, new keys are made`]);
});

test('a stack meets at its venue under the keys of its data folder', { timeout: 120_000 }, async (t) => {
  const stack = await TestStack.start([], { env: ENV });
  t.after(() => stack.stop());
  await stack.process.line(/"msg":"market open"/, { boundMs: 60_000 });
  const keys = readVenueKeys(stack.dataDir);
  assert.ok(keys !== undefined);
  const url = addresses(networkAt(stack.portOffset)).httpUrl('venue');
  assert.equal(await statusOf(url, headersOf(keys)), 200);
  const { pid } = await stack.health('venue');
  process.kill(pid, 'SIGKILL');
  const back = () => statusOf(url, headersOf(keys)).catch(() => undefined);
  assert.equal(await eventually('the venue to be back', back, 60_000), 200);
  await stack.process.line(/"service":"execution".*"lifecycle":"ready"/, { boundMs: 60_000 });
});

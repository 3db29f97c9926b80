import assert from 'node:assert/strict';
import fs, { closeSync, mkdtempSync, openSync, rmSync } from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { Flusher } from '../src/flusher.ts';

/** The real call, counted; the syncs named in `failing` end with an error, as those of a broken disk. */
function countSyncs(t: TestContext, failing: readonly number[] = []): { begun: number; ended: number } {
  const counts = { begun: 0, ended: 0 };
  const sync = fs.fdatasync;
  const counted: typeof sync = Object.assign(
    (descriptor: number, done: fs.NoParamCallback) => {
      counts.begun += 1;
      const number = counts.begun;
      sync(descriptor, (error) => {
        counts.ended += 1;
        done(failing.includes(number) ? new Error(`sync ${number} failed`) : error);
      });
    },
    { __promisify__: sync.__promisify__ },
  );
  fs.fdatasync = counted;
  syncBuiltinESMExports();
  t.after(() => {
    fs.fdatasync = sync;
    syncBuiltinESMExports();
  });
  return counts;
}

function openFlusher(t: TestContext): { readonly flusher: Flusher; readonly released: number[]; faults: Error[] } {
  const folder = mkdtempSync(join(tmpdir(), 'tickpath-flusher-'));
  const descriptor = openSync(join(folder, 'wal'), 'w');
  const released: number[] = [];
  const faults: Error[] = [];
  const flusher = new Flusher(
    descriptor,
    (waiters) => released.push(waiters),
    (error) => {
      faults.push(error);
      return error;
    },
  );
  t.after(async () => {
    await flusher.idle();
    closeSync(descriptor);
    rmSync(folder, { recursive: true });
  });
  return { flusher, released, faults };
}

test('who waits is told after two syncs that began after it came; who comes amid a sync shares the second', async (t) => {
  const syncs = countSyncs(t);
  const { flusher, released } = openFlusher(t);
  const first = flusher.flush('at-once').then(() => ({ ...syncs }));
  assert.deepEqual(syncs, { begun: 1, ended: 0 }, 'at once');
  const others = [flusher.flush(), flusher.flush('at-once')].map((flush) => flush.then(() => ({ ...syncs })));
  assert.equal((await first).ended, 2);
  assert.deepEqual(
    (await Promise.all(others)).map(({ ended }) => ended),
    [3, 3],
  );
  await flusher.idle();
  assert.deepEqual([syncs, released], [{ begun: 3, ended: 3 }, [1, 2]]);
});

test('those who come in one turn share both syncs', async (t) => {
  const syncs = countSyncs(t);
  const { flusher, released } = openFlusher(t);
  const all = [flusher.flush(), flusher.flush(), flusher.flush()];
  assert.equal(syncs.begun, 0, 'behind the turn');
  await Promise.all(all);
  assert.deepEqual([syncs, released], [{ begun: 2, ended: 2 }, [3]]);
});

for (const failing of [1, 2]) {
  test(`when sync ${failing} of two fails, all who wait hear of it and nothing is synced again`, async (t) => {
    const syncs = countSyncs(t, [failing]);
    const { flusher, released, faults } = openFlusher(t);
    const waiting = [flusher.flush('at-once'), flusher.flush()];
    for (const flush of waiting) await assert.rejects(flush, new Error(`sync ${failing} failed`));
    await assert.rejects(flusher.flush(), new Error(`sync ${failing} failed`));
    await flusher.idle();
    assert.deepEqual([syncs.begun, released, faults.length], [failing, [], 1]);
  });
}

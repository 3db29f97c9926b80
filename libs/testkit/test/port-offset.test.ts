import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { PORTS } from '@tickpath/runtime';
import { freePortOffset, OFFSET_STEP, TestProcess } from '../src/index.ts';

const TAKER = `
  import { freePortOffset } from '${join(import.meta.dirname, '../src/index.ts')}';
  const offsets = [];
  while (offsets.length < 20) offsets.push(await freePortOffset());
  console.log(JSON.stringify({ offsets }));
  setInterval(() => {}, 1000);
`;

test('stacks at two offsets have no port in common', () => {
  const ports = Object.values(PORTS).map(({ port }) => port);
  const apart = ports.flatMap((port) => ports.map((other) => Math.abs(port - other)));
  assert.deepEqual(
    apart.filter((distance) => distance > 0 && distance % OFFSET_STEP === 0),
    [],
  );
});

test('no two processes get the same offset while both live', async (t) => {
  const takers = [1, 2, 3].map(
    () => new TestProcess([process.execPath, '--input-type=module-typescript', '-e', TAKER]),
  );
  t.after(async () => {
    for (const taker of takers) taker.kill('SIGKILL');
    await Promise.all(takers.map(({ ended }) => ended));
  });
  const lines = await Promise.all(takers.map((taker) => taker.line(/"offsets"/)));
  const offsets = lines.flatMap((line) => (JSON.parse(line) as { readonly offsets: readonly number[] }).offsets);
  offsets.push(await freePortOffset());
  assert.equal(new Set(offsets).size, 61, offsets.join(' '));
});

import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { eventually, freePortOffset, TestProcess } from '@tickpath/testkit';

const MEGABYTE = 1024 * 1024;
const FLOOD = 1_500_000;
/** 12 MB of ring, queue and socket, and what the garbage collector lets lie: far below the flood, however long it lasts. */
const ALLOWED_BYTES = 200 * MEGABYTE;
/** About what one message is on the wire: without bounds the publisher would have to keep this much for each. */
const MESSAGE_BYTES = 280;

interface SlowState {
  readonly at: number;
  readonly delivered: number;
  readonly lost: number;
  readonly rebased: number;
  readonly counted: number;
}

test('a subscriber 100 times too slow loses by policy, counts it and recovers; the publisher stays small', {
  timeout: 180_000,
}, async () => {
  const base = 5_555 + (await freePortOffset());
  const addresses = [`tcp://127.0.0.1:${base}`, `tcp://127.0.0.1:${base + 1}`];
  const start = (script: string, ...args: string[]) =>
    new TestProcess([process.execPath, join(import.meta.dirname, script), ...addresses, ...args]);
  const publisher = start('flood-process.ts', String(FLOOD));
  const subscriber = start('slow-process.ts');
  const state = (): SlowState | undefined => {
    if (!subscriber.running) throw new Error(subscriber.lines.slice(-10).join('\n'));
    const line = subscriber.lines.at(-1);
    return line === undefined ? undefined : JSON.parse(line);
  };
  try {
    const { flooded, grownBytes } = JSON.parse(await publisher.line(/flooded/, { boundMs: 120_000 }));
    assert.ok(flooded * MESSAGE_BYTES > 1.5 * ALLOWED_BYTES, 'the flood is larger than what may be kept of it');
    assert.ok(grownBytes < ALLOWED_BYTES, `the publisher grew by ${Math.round(grownBytes / MEGABYTE)} MB`);
    const during = await eventually('the slow subscriber to say where it is', state);
    assert.ok(during.at < flooded / 10, `it is at ${during.at} of ${flooded}`);

    subscriber.write('over\n');
    const end = await eventually(
      'the subscriber at the end',
      () => {
        const now = state();
        return now?.at === flooded ? now : undefined;
      },
      60_000,
    );
    console.log(
      `${end.delivered} delivered, ${end.lost} lost of ${flooded}; the publisher grew by ${Math.round(grownBytes / MEGABYTE)} MB`,
    );
    assert.equal(end.delivered + end.lost, flooded, 'every message is delivered or named as lost');
    assert.equal(end.counted, end.lost, 'the metric says the same');
    assert.ok(end.lost > flooded / 10);
    assert.ok(end.rebased >= 1, 'it has recovered by snapshot');
  } finally {
    for (const child of [publisher, subscriber]) {
      child.kill('SIGKILL');
      await child.ended;
    }
  }
});

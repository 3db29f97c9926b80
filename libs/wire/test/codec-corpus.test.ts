import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { decodeChecked } from './codec-invariants.ts';

/** Files of one frame in hex; `# expect:` says what becomes of it, `any` where only the invariants count. */
const corpus = new URL('corpus/', import.meta.url);
const names = readdirSync(corpus).filter((name) => name.endsWith('.hex'));

test('there is a corpus', () => {
  assert.ok(names.length >= 12, `${names.length}`);
});

for (const name of names) {
  test(`${name} is dropped or delivered as it says`, () => {
    const text = readFileSync(new URL(name, corpus), 'utf8');
    const expected = /^# expect: (.+)$/m.exec(text)?.[1];
    assert.ok(expected !== undefined, 'no "# expect:" line');
    const frame = Buffer.from(text.replace(/^#.*$/gm, '').replace(/\s/g, ''), 'hex');
    const outcome = decodeChecked(frame);
    if (expected !== 'any') assert.deepEqual(outcome, expected.split(' '));
  });
}

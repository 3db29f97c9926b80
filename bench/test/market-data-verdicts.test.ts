import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isKept, textOf, type Verdict } from '../market-data/section.ts';

for (const [sense, found, kept] of [
  ['at most', 1_000, true],
  ['at most', 1_001, false],
  ['at least', 1_000, true],
  ['at least', 999, false],
] as const) {
  test(`${found} where ${sense} 1000 is allowed is ${kept ? 'kept' : 'missed'}, and said so with both`, () => {
    const verdict: Verdict = { what: 'a part', found, allowed: 1_000, sense, unit: 'ns' };
    assert.equal(isKept(verdict), kept);
    const text = textOf({ rows: [['a']], results: {}, baseline: {}, ratios: {}, verdicts: [verdict] });
    const word = kept ? 'kept  ' : 'MISSED';
    assert.ok(text.includes(`${word}  a part: found ${found} ns, allowed ${sense} 1000`), text);
  });
}

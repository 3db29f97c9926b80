import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { recentTexts, timesTold } from '../../src/core/feeds/recent-texts.ts';
import '../seed.ts';

/** Messages of few times, so that many come again; what is told of a time begins with it. */
const told = fc.array(fc.tuple(fc.integer({ min: 100, max: 120 }), fc.constantFrom('a', 'b', 'c')), { maxLength: 200 });

test('a text is known as often as it was told, in whatever order of times it comes', () => {
  fc.assert(
    fc.property(told, (messages) => {
      const recent = recentTexts();
      const naive = new Map<string, number>();
      for (const [time, what] of messages) {
        const text = `${time} ${what}`;
        const before = naive.get(text) ?? 0;
        assert.equal(timesTold(recent, text, String(time)), before);
        naive.set(text, before + 1);
      }
    }),
  );
});

test('the oldest of many texts is forgotten, the newest are not', () => {
  const recent = recentTexts();
  for (let time = 1_000; time < 1_257; time += 1) assert.equal(timesTold(recent, `${time}`, `${time}`), 0);
  assert.equal(timesTold(recent, '1256', '1256'), 1);
  assert.equal(timesTold(recent, '1001', '1001'), 1);
  assert.equal(timesTold(recent, '1000', '1000'), 0);
});

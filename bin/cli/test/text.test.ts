import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { durationPairText, durationText } from '../src/duration-text.ts';
import { cutOff, tableLines, widthOf } from '../src/text-table.ts';

test('a duration is told in the unit that keeps it short', () => {
  const told = [0, 1e-7, 0.83e-6, 1e-6, 12.4e-6, 999.4e-6, 999.6e-6, 1.25e-3, 0.35, 0.9999, 1.5, 90].map((each) =>
    durationText(each),
  );
  assert.deepEqual(told, [
    '0 µs',
    '0.1 µs',
    '0.83 µs',
    '1 µs',
    '12 µs',
    '999 µs',
    '1 ms',
    '1.3 ms',
    '350 ms',
    '1 s',
    '1.5 s',
    '90 s',
  ]);
  assert.equal(durationText(1.234e-3, 3), '1.23 ms');
  assert.equal(durationPairText(2e-6, 50e-6), '2 / 50 µs');
  assert.equal(durationPairText(500e-6, 2e-3), '500 µs / 2 ms');
});

test('a duration read back is the one told, to its digits', () => {
  const sizes: Readonly<Record<string, number>> = { µs: 1e-6, ms: 1e-3, s: 1 };
  fc.assert(
    fc.property(fc.double({ min: -6, max: 3, noNaN: true }), (power) => {
      const seconds = 10 ** power;
      const [value = '', unit = ''] = durationText(seconds).split(' ');
      const read = Number(value) * (sizes[unit] ?? Number.NaN);
      assert.ok(Math.abs(read - seconds) <= 0.051 * seconds, `${seconds} told as ${value} ${unit}`);
    }),
  );
});

test('a table is as wide as its widest cells, and its lines end without blanks', () => {
  const columns = [
    { title: 'name', align: 'left' },
    { title: 'n', align: 'right' },
    { title: 'note', align: 'left' },
  ] as const;
  assert.deepEqual(
    tableLines(columns, [
      ['a', '1', ''],
      ['µs…', '1,000', 'x'],
    ]),
    ['name      n  note', 'a         1', 'µs…   1,000  x'],
  );
});

test('a text cut off is never wider than allowed', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), fc.integer({ min: -1, max: 20 }), (text, width) => {
      const cut = cutOff(text, width);
      assert.ok(widthOf(cut) <= Math.max(0, width));
      assert.ok(cut === text || cut === '' || cut.endsWith('…'));
    }),
  );
});

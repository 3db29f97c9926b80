import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import fc from 'fast-check';
import { BAR_CONDITIONS, type BarPeriod, barRuleOf } from '../src/bar-conditions.ts';
import { absent } from './recorded-data.ts';
import './seed.ts';

const FILE = 'alpaca/bar-aggregation-rules.json';

interface Facts {
  readonly rules: readonly [string, string, string, string, string, string][];
  readonly worked_example_from_docs: readonly {
    readonly conditions: string[];
    readonly tape: string;
    readonly bar: string;
    readonly open_close: string;
    readonly high_low: string;
    readonly volume: string;
  }[];
}

function facts(): Facts {
  return JSON.parse(readFileSync(new URL(`../../../../shared/data/${FILE}`, import.meta.url), 'utf8'));
}

const PERIODS: Readonly<Record<string, BarPeriod>> = { M: 'minute', D: 'daily' };
const LETTERS = { always: 'y', first: 'f', never: 'n' };
const letter = (is: boolean) => (is ? 'y' : 'n');

test("the table holds Alpaca's rules and no others", { skip: absent(FILE) }, () => {
  const expected = facts().rules.flatMap(([condition, tapes, periods, ...effect]) =>
    [...tapes].flatMap((tape) => [...periods].map((period) => [condition, tape, PERIODS[period], ...effect].join('|'))),
  );
  const found = BAR_CONDITIONS.flatMap(({ conditions, tapes, periods, openClose, highLow, volume }) =>
    [...conditions].flatMap((condition) =>
      [...tapes].flatMap((tape) =>
        periods.map((period) =>
          [condition, tape, period, LETTERS[openClose], letter(highLow), letter(volume)].join('|'),
        ),
      ),
    ),
  );
  assert.deepEqual(found.sort(), expected.sort());
});

test('the strictest of several conditions counts, as in the worked examples', { skip: absent(FILE) }, () => {
  for (const { conditions, tape, bar, open_close, high_low, volume } of facts().worked_example_from_docs) {
    const rule = barRuleOf(PERIODS[bar] ?? 'minute', conditions, tape);
    assert.deepEqual(
      [LETTERS[rule.openClose], letter(rule.highLow), letter(rule.volume)],
      [open_close, high_low, volume],
    );
  }
});

test('what the table does not know counts as a regular sale', () => {
  const regular = { openClose: 'always', highLow: true, volume: true };
  assert.deepEqual(barRuleOf('minute', [], 'C'), regular);
  assert.deepEqual(barRuleOf('daily', ['?'], 'A'), regular);
  assert.deepEqual(barRuleOf('minute', ['I'], ''), regular);
});

test('neither order nor repetition of conditions matters, and one more never allows more', () => {
  const conditions = fc.array(fc.constantFrom(...' @ABCDEFGHIKLMNOPQRTUVWXYZ45679?'), { maxLength: 5 });
  const strictness = { always: 0, first: 1, never: 2 };
  fc.assert(
    fc.property(
      conditions,
      fc.constantFrom('A', 'B', 'C', 'O'),
      fc.constantFrom('minute', 'daily'),
      (list, tape, period) => {
        const rule = barRuleOf(period as BarPeriod, list, tape);
        assert.deepEqual(barRuleOf(period as BarPeriod, [...list, ...list].reverse(), tape), rule);
        const more = barRuleOf(period as BarPeriod, [...list, 'M'], tape);
        assert.ok(strictness[more.openClose] >= strictness[rule.openClose]);
        assert.ok(more.highLow <= rule.highLow && more.volume <= rule.volume);
      },
    ),
  );
});

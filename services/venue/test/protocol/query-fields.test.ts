import '../seed.ts';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { QueryFields } from '../../src/core/protocol/query-fields.ts';

function reading<T>(query: Record<string, unknown>, read: (fields: QueryFields) => T): T | string {
  const fields = new QueryFields(query);
  const value = read(fields);
  return fields.refusal()?.message ?? value;
}

test('a time may be a date, in UTC or with an offset, its plus encoded or not', () => {
  const time = (at: string) => reading({ at }, (fields) => fields.time('at'));
  const ns = 1_767_277_800_123_000_000n;
  for (const text of [
    '2026-01-01T14:30:00.123Z',
    '2026-01-01T09:30:00.123-05:00',
    '2026-01-01T15:30:00.123+01:00',
    '2026-01-01T15:30:00.123 01:00',
  ]) {
    assert.equal(time(text), ns, text);
  }
  assert.equal(time('2026-01-01'), 1_767_225_600_000_000_000n);
  for (const text of ['yesterday', '2026-02-30', '2026-01-01T09:30:00', '2026-01-01T09:30:00-24:00', '1767277800']) {
    assert.equal(time(text), `invalid at: ${JSON.stringify(text)}`);
  }
});

test('a count is a whole number within its bounds', () => {
  const count = (limit: string) => reading({ limit }, (fields) => fields.count('limit', 500, 50));
  assert.equal(count('500'), 500);
  assert.equal(count(''), 50);
  for (const text of ['0', '501', '-1', '1.5', '1e2', ' 5', '99999999999', 'x'.repeat(90)]) {
    assert.match(String(count(text)), /^limit ".*"…? is not between 1 and 500$/);
  }
});

test('flags, lists and choices are read as Go and Python write them', () => {
  assert.equal(
    reading({ all: 'True' }, (fields) => fields.flag('all')),
    true,
  );
  assert.equal(
    reading({ all: '0' }, (fields) => fields.flag('all')),
    false,
  );
  assert.equal(
    reading({ all: 'yes' }, (fields) => fields.flag('all')),
    'invalid all: "yes"',
  );
  assert.deepEqual(
    reading({ symbols: ['AAPL,MSFT', 'SPY,'] }, (fields) => fields.list('symbols')),
    ['AAPL', 'MSFT', 'SPY'],
  );
  assert.equal(
    reading({ side: 'hold' }, (fields) => fields.choice('side', ['buy', 'sell'])),
    'invalid side: "hold"',
  );
  assert.equal(
    reading({ side: ['buy', 'sell'] }, (fields) => fields.text('side')),
    'side must be given once',
  );
});

test('what a query inherits is no field of it', () => {
  for (const name of ['constructor', 'toString', '__proto__']) {
    assert.equal(
      reading({}, (fields) => fields.text(name)),
      null,
    );
    assert.equal(
      reading({}, (fields) => fields.list(name)),
      null,
    );
  }
});

test('no value makes a reader throw', () => {
  fc.assert(
    fc.property(fc.oneof(fc.string({ unit: 'binary' }), fc.array(fc.string())), (value) => {
      const fields = new QueryFields({ value });
      fields.text('value');
      fields.list('value');
      fields.flag('value');
      fields.time('value');
      fields.date('value');
      fields.decimal('value');
      fields.count('value', 10);
      fields.refusal();
    }),
  );
});

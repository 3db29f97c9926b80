import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { rfc3339ToNs } from '../src/index.ts';
import './seed.ts';

const SECOND_NS = 1_000_000_000n;

test('a time with zero to nine decimals is read to the nanosecond', () => {
  assert.equal(rfc3339ToNs('1970-01-01T00:00:00Z'), 0n);
  assert.equal(rfc3339ToNs('2026-10-06T22:36:01.216274112Z'), 1791326161216274112n);
  assert.equal(rfc3339ToNs('2023-04-06T11:54:26.83915973Z'), 1680782066839159730n);
  assert.equal(rfc3339ToNs('1969-12-31T23:59:59.5Z'), -SECOND_NS / 2n);
  const seconds = fc.integer({ min: Date.UTC(1000, 0) / 1000, max: Date.UTC(9999, 11, 31) / 1000 });
  const times = fc.tuple(seconds, fc.string({ unit: fc.constantFrom(...'0123456789'), maxLength: 9 }));
  // Several of each second, out of order: what is remembered of one must not show in another.
  fc.assert(
    fc.property(fc.array(times, { minLength: 1, maxLength: 8 }), (list) => {
      for (const [second, fraction] of [...list, ...list.toReversed()]) {
        const text = new Date(second * 1000).toISOString().replace('.000Z', fraction === '' ? 'Z' : `.${fraction}Z`);
        assert.equal(rfc3339ToNs(text), BigInt(second) * SECOND_NS + BigInt(fraction.padEnd(9, '0')), text);
      }
    }),
  );
});

test('dates that the calendar does not have are refused', () => {
  const impossible = '2023-02-29 2024-02-30 2023-04-31 2023-13-01 2023-00-10 2023-01-00 2023-01-32 2100-02-29'.split(
    ' ',
  );
  for (const date of impossible) assert.equal(rfc3339ToNs(`${date}T00:00:00Z`), undefined, date);
  for (const time of ['24:00:00', '23:60:00', '23:59:60', '99:99:99']) {
    assert.equal(rfc3339ToNs(`2023-01-01T${time}Z`), undefined, time);
  }
  assert.equal(rfc3339ToNs('2024-02-29T00:00:00Z'), BigInt(Date.UTC(2024, 1, 29)) * 1_000_000n);
});

test('a refused time leaves nothing behind for the next', () => {
  const good = '2023-04-06T11:54:26.5Z';
  const expected = rfc3339ToNs(good);
  assert.equal(rfc3339ToNs('2023-02-30T11:54:26.5Z'), undefined);
  assert.equal(rfc3339ToNs('2023-02-30T11:54:26.5Z'), undefined);
  assert.equal(rfc3339ToNs(good), expected);
});

test('offsets, other notations and what is no text are refused', () => {
  const base = '2023-04-06T11:54:26';
  const tails = ['', '+00:00', '-04:00', 'z', ' Z', 'Z ', 'Z\n', '.Z', '.1234567890Z', '.12a4Z', ',5Z', '.-5Z'];
  for (const tail of tails) assert.equal(rfc3339ToNs(base + tail), undefined, tail);
  const forms = [
    '2023-04-06',
    '2023-04-06 11:54:26Z',
    '2023-04-06t11:54:26Z',
    '23-04-06T11:54:26Z',
    '+2023-04-06T11:54:26Z',
  ];
  for (const text of forms) assert.equal(rfc3339ToNs(text), undefined, text);
  for (const value of [undefined, null, 1680782066, 1n, new Date(0), ['1970-01-01T00:00:00Z'], {}]) {
    assert.equal(rfc3339ToNs(value), undefined);
  }
  const change = fc.record({
    at: fc.nat(base.length),
    to: fc.string({ unit: 'grapheme', minLength: 1, maxLength: 1 }),
  });
  fc.assert(
    fc.property(change, ({ at, to }) => {
      fc.pre(!/^[0-9]$/.test(to) && to !== `${base}Z`[at]);
      assert.equal(rfc3339ToNs(`${base.slice(0, at)}${to}${`${base}Z`.slice(at + 1)}`), undefined);
    }),
  );
});

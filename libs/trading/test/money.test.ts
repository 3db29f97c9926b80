import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Decimal, decimal, decimalText, decimalTextOfNumber, divide, isDecimalText, ZERO } from '../src/index.ts';
import { halfEven, plain } from './fixed-point.ts';
import './seed.ts';

/** An amount as the wire has it: up to 18 digits, of which up to 9 are decimals. */
const amounts = fc.record({
  units: fc.bigInt({ min: -(10n ** 18n), max: 10n ** 18n }),
  decimals: fc.integer({ min: 0, max: 9 }),
});

test('sums and products of wire amounts are exact', () => {
  assert.equal(decimalText(decimal('0.1').plus(decimal('0.2'))), '0.3');
  assert.equal(decimalText(decimal('99999999999999.99').plus(decimal('0.01'))), '100000000000000');
  fc.assert(
    fc.property(amounts, amounts, (a, b) => {
      const [x, y] = [decimal(plain(a.units, a.decimals)), decimal(plain(b.units, b.decimals))];
      const sum = a.units * 10n ** BigInt(9 - a.decimals) + b.units * 10n ** BigInt(9 - b.decimals);
      assert.equal(decimalText(x.plus(y)), plain(sum, 9));
      assert.equal(decimalText(x.times(y)), plain(a.units * b.units, a.decimals + b.decimals));
    }),
  );
});

test('a thousand small amounts add up without drift', () => {
  let sum = ZERO;
  for (let i = 0; i < 1000; i += 1) sum = sum.plus(decimal('0.000000000001'));
  assert.equal(decimalText(sum), '0.000000001');
});

test('the text of an amount is plain and the shortest, whatever its size', () => {
  assert.equal(decimalText(new Decimal('1e-30')), `0.${'0'.repeat(29)}1`);
  assert.equal(decimalText(new Decimal('-1.2e25')), '-12000000000000000000000000');
  assert.equal(decimalText(new Decimal('-0')), '0');
  assert.equal(decimalText(decimal('-0.000')), '0');
  fc.assert(
    fc.property(amounts, fc.nat(5), ({ units, decimals }, zeros) => {
      const canonical = plain(units, decimals);
      const padded = canonical.includes('.') ? canonical + '0'.repeat(zeros) : canonical;
      assert.equal(decimalText(decimal(padded)), canonical);
    }),
  );
});

test('text that is not a plain decimal is refused by name', () => {
  const bad = ['', ' 1', '1 ', '1\n', '+1', '--1', '-', '.5', '5.', '01', '-00', '1e5', '1E5', '0x10', '1_0', '1,0'];
  for (const text of [...bad, 'NaN', 'Infinity', '١', '1'.repeat(49)]) {
    assert.equal(isDecimalText(text), false, text);
    assert.throws(() => decimal(text), new RangeError(`not a decimal number: ${JSON.stringify(text)}`));
  }
  for (const value of [1, 1n, null, undefined, ['1'], { toString: () => '1' }])
    assert.equal(isDecimalText(value), false);
  for (const text of ['0', '-0', '0.0', '10', '-3.50', '1'.repeat(48)]) assert.equal(isDecimalText(text), true, text);
});

test('text is decimal exactly when the grammar says so', () => {
  const grammar = /^-?(?:0|[1-9]\d*)(?:\.\d+)?$/;
  const texts = fc.string({ unit: fc.constantFrom(...'00123459--..e+ '), maxLength: 8 });
  fc.assert(
    fc.property(texts, (text) => assert.equal(isDecimalText(text), grammar.test(text))),
    { numRuns: 2000 },
  );
});

test('every decimal of up to 15 digits comes back from a JSON number as it was written', () => {
  const digits = fc.bigInt({ min: 1n, max: 10n ** 15n - 1n });
  fc.assert(
    fc.property(digits, fc.integer({ min: -25, max: 30 }), fc.boolean(), (units, exponent, negative) => {
      const signed = negative ? -units : units;
      const text = exponent < 0 ? plain(signed, -exponent) : plain(signed * 10n ** BigInt(exponent), 0);
      assert.equal(decimalTextOfNumber(JSON.parse(text)), text);
    }),
    { numRuns: 1000 },
  );
});

test('JSON numbers that no amount stands for are refused, and minus zero is zero', () => {
  for (const value of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) {
    assert.throws(() => decimalTextOfNumber(value), new RangeError(`not a finite number: ${value}`));
  }
  assert.equal(decimalTextOfNumber(-0), '0');
  assert.equal(decimalTextOfNumber(1e-7), '0.0000001');
  assert.equal(decimalTextOfNumber(1e21), '1000000000000000000000');
});

test('a division rounds half to even at the place it is asked for', () => {
  const quotient = (a: string, b: string, decimals?: number) => decimalText(divide(decimal(a), decimal(b), decimals));
  assert.equal(quotient('1', '8', 2), '0.12');
  assert.equal(quotient('3', '8', 2), '0.38');
  assert.equal(quotient('-1', '8', 2), '-0.12');
  assert.equal(quotient('1', '3'), '0.333333333333');
  assert.equal(quotient('2', '3'), '0.666666666667');
  fc.assert(
    fc.property(amounts, amounts, fc.integer({ min: 0, max: 12 }), (a, b, decimals) => {
      fc.pre(b.units !== 0n);
      const numerator = a.units * 10n ** BigInt(b.decimals + decimals);
      const denominator = b.units * 10n ** BigInt(a.decimals);
      const [x, y] = [plain(a.units, a.decimals), plain(b.units, b.decimals)];
      assert.equal(quotient(x, y, decimals), plain(halfEven(numerator, denominator), decimals));
    }),
  );
});

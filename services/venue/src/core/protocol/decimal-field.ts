import { type Decimal, Decimal as DecimalValue, decimalTextOfNumber } from '@tickpath/trading';

/** What Alpaca's decimal reader takes: a sign, digits with a point anywhere, an exponent. */
const FORM = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,2})?$/;
/** As much as an amount on the wire may have (`isDecimalText`). */
const MAX_LENGTH = 48;

/** A decimal as clients write it, `1e-05` of Python's included; `undefined` for anything else. */
export function decimalOfText(text: string): Decimal | undefined {
  return text.length <= MAX_LENGTH && FORM.test(text) ? new DecimalValue(text) : undefined;
}

/** The same of a field of a body, where a number may come as a JSON number or as text. */
export function decimalOfField(value: unknown): Decimal | undefined {
  if (typeof value === 'string') return decimalOfText(value);
  return typeof value === 'number' && Number.isFinite(value) ? decimalOfText(decimalTextOfNumber(value)) : undefined;
}

import { type Instrument, isDecimalText, unitsOf } from '@tickpath/trading';

/** Columns of a row as numbers. Every function throws `RangeError` that names the column and what was found in it. */

const WHOLE = /^(?:0|[1-9]\d*)$/;
const NO_CONDITIONS: readonly string[] = [];

export function columnsOf(line: string, expected: number): string[] {
  const columns = line.split(',');
  if (columns.length !== expected) throw new RangeError(`found ${columns.length} columns, expected ${expected}`);
  return columns;
}

/** What was found, for an error: quoted and not too long. */
export function shown(text: unknown): string {
  if (typeof text !== 'string') return JSON.stringify(text) ?? 'nothing';
  return JSON.stringify(text.length <= 60 ? text : `${text.slice(0, 60)}…`);
}

/** Decimal text from 0 in whole units of 10^-decimals. */
function unitsIn(name: string, text: unknown, decimals: number): number {
  if (typeof text !== 'string' || !isDecimalText(text) || text.startsWith('-')) {
    throw new RangeError(`${name} is ${shown(text)}, expected a decimal`);
  }
  try {
    return unitsOf(text, decimals);
  } catch (error) {
    throw new RangeError(`${name}: ${(error as Error).message}`, { cause: error });
  }
}

export function priceIn(name: string, text: unknown, { priceDecimals }: Instrument): number {
  return unitsIn(name, text, priceDecimals);
}

export function sizeIn(name: string, text: unknown, { qtyDecimals }: Instrument): number {
  return unitsIn(name, text, qtyDecimals);
}

/** A price or size above zero, which every trade has. */
export function aboveZero(name: string, text: unknown, units: number): number {
  if (units === 0) throw new RangeError(`${name} is ${shown(text)}, expected more than 0`);
  return units;
}

/** A whole number that is given as text. */
export function wholeIn(name: string, text: unknown): number {
  const value = typeof text === 'string' && WHOLE.test(text) ? Number(text) : Number.NaN;
  if (!Number.isSafeInteger(value)) throw new RangeError(`${name} is ${shown(text)}, expected a whole number`);
  return value;
}

/** Equal lists of conditions share one array: a day has a handful of them. */
export function conditionLists(separator: string): (text: string) => readonly string[] {
  const lists = new Map<string, readonly string[]>();
  return (text) => {
    if (text === '') return NO_CONDITIONS;
    const known = lists.get(text);
    if (known !== undefined) return known;
    const list = text.split(separator);
    if (lists.size < 1000) lists.set(text, list);
    return list;
  };
}

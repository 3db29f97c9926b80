import type { DecimalText } from '@tickpath/trading';
import type { Level, Rejected } from './protocol.ts';
import { positiveText, rejected, sizeText } from './reading.ts';

/**
 * Levels of one side, as `[price, size, …]` or another form that `read` takes apart. A single level that cannot be read
 * spoils the message: half a change would leave a wrong book.
 */
export function levelsOf(
  value: unknown,
  read: (level: unknown) => readonly [price: unknown, size: unknown] = pairOf,
  amounts: Amounts = TEXT_AMOUNTS,
): readonly Level[] | Rejected {
  if (!Array.isArray(value)) return rejected('shape', value);
  const levels: Level[] = [];
  for (const one of value) {
    const [price, size] = read(one);
    const priceText = amounts.price(price);
    if (priceText === undefined) return rejected('price', price);
    const text = amounts.size(size);
    if (text === undefined) return rejected('size', size);
    levels.push([priceText, text]);
  }
  return levels;
}

export interface Amounts {
  price(value: unknown): DecimalText | undefined;
  size(value: unknown): DecimalText | undefined;
}

const TEXT_AMOUNTS: Amounts = { price: positiveText, size: sizeText };
const NOTHING = [undefined, undefined] as const;

function pairOf(level: unknown): readonly [unknown, unknown] {
  return Array.isArray(level) ? [level[0], level[1]] : NOTHING;
}

export function isRejected<T extends object>(value: T | Rejected): value is Rejected {
  return 'kind' in value && value.kind === 'rejected';
}

import { type Decimal, decimalText, unitsOf, unitsText } from '@tickpath/trading';
import type { Trail } from '../matching/types.ts';
import type { Asset } from '../reference/asset.ts';
import { badField, type Refusal, unprocessable } from '../refusal.ts';
import { decimalOfField } from './decimal-field.ts';
import { shown } from './shown.ts';

/** Alpaca's own limit. */
const MAX_CLIENT_ORDER_ID_LENGTH = 128;
const MILLI_PERCENT_DECIMALS = 3;
const LEAST_TRAIL_MILLI_PERCENT = 100;
const WHOLE_MILLI_PERCENT = 100_000;

/** Ends the reading of a body; never leaves this folder. */
export class RequestFault extends Error {
  readonly refusal: Refusal;
  constructor(refusal: Refusal) {
    super(refusal.message);
    this.refusal = refusal;
  }
}

/** What a reading came to: its value or the refusal that ended it. */
export function readingOf<T>(read: () => T): T | RequestFault {
  try {
    return read();
  } catch (error) {
    if (error instanceof RequestFault) return error;
    throw error;
  }
}

/** Reads the fields of a JSON body. `null`, empty text and what is absent are the same; each method throws `RequestFault`. */
export class BodyFields {
  readonly #fields: Readonly<Record<string, unknown>>;

  constructor(body: unknown) {
    if (typeof body !== 'object' || body === null || Array.isArray(body)) {
      throw new RequestFault(badField('request body must be a JSON object'));
    }
    this.#fields = body as Record<string, unknown>;
  }

  /** `null` when it is absent. What a body inherits is no field of it. */
  value(name: string): unknown {
    const value = Object.hasOwn(this.#fields, name) ? this.#fields[name] : undefined;
    return value === undefined || value === '' ? null : value;
  }

  has(name: string): boolean {
    return this.value(name) !== null;
  }

  /** One of the allowed values, `null` when it is absent. `what` names it as Alpaca's messages do. */
  choice<T extends string>(name: string, allowed: readonly T[], what = name): T | null {
    const value = this.value(name);
    if (value === null) return null;
    const found = allowed.find((one) => one === value);
    if (found === undefined) {
      throw new RequestFault(badField(`invalid ${what}: ${shown(value)}; one of ${allowed.join(', ')}`));
    }
    return found;
  }

  required<T extends string>(name: string, allowed: readonly T[], what = name): T {
    const found = this.choice(name, allowed, what);
    if (found === null) throw new RequestFault(badField(`${name} is required`));
    return found;
  }

  flag(name: string): boolean {
    const value = this.value(name);
    if (value === null) return false;
    if (typeof value !== 'boolean') {
      throw new RequestFault(badField(`invalid ${name}: ${shown(value)}; true or false`));
    }
    return value;
  }

  /** A number above 0, given as text or as a JSON number; `null` when it is absent. */
  positive(name: string): Decimal | null {
    const value = this.value(name);
    if (value === null) return null;
    const number = decimalOfField(value);
    if (number === undefined) throw new RequestFault(badField(`invalid ${name}: ${shown(value)}`));
    if (number.lte(0)) {
      throw new RequestFault(badField(`${name.replace('_', ' ')} must be > 0: ${decimalText(number)}`));
    }
    return number;
  }

  qty(asset: Asset): number | null {
    const qty = this.positive('qty');
    return qty === null ? null : qtyUnits(qty, asset);
  }

  price(name: string, asset: Asset): number | null {
    const price = this.positive(name);
    return price === null ? null : priceUnits(name, price, asset);
  }

  /** The distance of a trailing stop in the field `name`. */
  trail(name: string, by: Trail['by'], asset: Asset): Trail | null {
    if (by === 'price') {
      const px = this.price(name, asset);
      return px === null ? null : { by, px };
    }
    const percent = this.positive(name);
    return percent === null ? null : { by, milliPercent: milliPercentOf(name, percent) };
  }

  clOrdId(): string | null {
    const value = this.value('client_order_id');
    if (value === null) return null;
    if (typeof value !== 'string') throw new RequestFault(badField(`invalid client_order_id: ${shown(value)}`));
    if (value.length > MAX_CLIENT_ORDER_ID_LENGTH) {
      throw new RequestFault(
        badField(`client_order_id must be no more than ${MAX_CLIENT_ORDER_ID_LENGTH} characters: ${value.length}`),
      );
    }
    // It names the order in the journal as well, which takes no such text.
    if (/\p{Cc}/u.test(value) || !value.isWellFormed()) {
      throw new RequestFault(badField(`client_order_id ${shown(value)} has control characters or is no Unicode text`));
    }
    return value;
  }
}

function qtyUnits(qty: Decimal, asset: Asset): number {
  const { qtyDecimals, qtyIncrement, minOrderQty } = asset;
  const text = decimalText(qty);
  if (qty.decimalPlaces() > qtyDecimals) {
    throw new RequestFault(unprocessable(`qty ${text} has more than ${qtyDecimals} decimals`));
  }
  const units = safeUnits('qty', text, qtyDecimals);
  if (!asset.fractionable && units % 10 ** qtyDecimals !== 0) {
    throw new RequestFault(unprocessable(`qty ${text}: asset "${asset.symbol}" is not fractionable`));
  }
  if (units % qtyIncrement !== 0) {
    const step = qtyText(qtyIncrement, asset);
    throw new RequestFault(unprocessable(`qty ${text} is no multiple of ${step}, the increment of ${asset.symbol}`));
  }
  if (units < minOrderQty) {
    const least = qtyText(minOrderQty, asset);
    throw new RequestFault(unprocessable(`qty must be >= minimal qty of order ${least}: ${text}`));
  }
  return units;
}

function priceUnits(name: string, price: Decimal, asset: Asset): number {
  const { priceDecimals, priceIncrement, priceIncrementBelowOne } = asset;
  const text = decimalText(price);
  const isFiner = price.decimalPlaces() > priceDecimals;
  const units = isFiner ? 0 : safeUnits(name, text, priceDecimals);
  if (isFiner || units % (price.lt(1) ? priceIncrementBelowOne : priceIncrement) !== 0) {
    const why = 'sub-penny increment does not fulfill minimum pricing criteria';
    throw new RequestFault(unprocessable(`invalid ${name} ${text}. ${why}`));
  }
  return units;
}

function milliPercentOf(name: string, percent: Decimal): number {
  const text = decimalText(percent);
  if (percent.decimalPlaces() > MILLI_PERCENT_DECIMALS) {
    throw new RequestFault(unprocessable(`${name} ${text} has more than ${MILLI_PERCENT_DECIMALS} decimals`));
  }
  const milliPercent = safeUnits(name, text, MILLI_PERCENT_DECIMALS);
  if (milliPercent < LEAST_TRAIL_MILLI_PERCENT) {
    throw new RequestFault(badField(`${name} must be greater than or equal to 0.1: ${text}`));
  }
  if (milliPercent >= WHOLE_MILLI_PERCENT) throw new RequestFault(badField(`${name} must be less than 100: ${text}`));
  return milliPercent;
}

function safeUnits(name: string, text: string, decimals: number): number {
  try {
    return unitsOf(text, decimals);
  } catch (error) {
    if (error instanceof RangeError) throw new RequestFault(unprocessable(`invalid ${name}: ${error.message}`));
    throw error;
  }
}

function qtyText(units: number, { qtyDecimals }: Asset): string {
  return unitsText(units, qtyDecimals);
}

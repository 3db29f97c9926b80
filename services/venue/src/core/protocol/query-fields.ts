import { type DateText, type Decimal, isDateText, rfc3339ToNs } from '@tickpath/trading';
import { badField, type Refusal } from '../refusal.ts';
import { decimalOfText } from './decimal-field.ts';
import { shown } from './shown.ts';

const OFFSET = /^(.*)([+ -])(\d\d):(\d\d)$/;
const NS_PER_MINUTE = 60_000_000_000n;

/**
 * Reads the fields of a URL's query. What is absent or empty is `null`; what cannot be read is noted as a fault and is
 * `null` as well. A field given several times is refused unless it is a list.
 */
export class QueryFields {
  readonly #query: Readonly<Record<string, unknown>>;
  readonly #faults: string[] = [];

  constructor(query: Readonly<Record<string, unknown>>) {
    this.#query = query;
  }

  text(name: string): string | null {
    const value = Object.hasOwn(this.#query, name) ? this.#query[name] : undefined;
    if (value === undefined || value === '') return null;
    if (typeof value === 'string') return value;
    return this.#fault(`${name} must be given once`);
  }

  /** Values with commas between them; the field may also be given several times. Empty ones are left out. */
  list(name: string): string[] | null {
    const value = Object.hasOwn(this.#query, name) ? this.#query[name] : undefined;
    const texts = Array.isArray(value) ? value : [value];
    const found = texts.flatMap((text) => (typeof text === 'string' ? text.split(',') : [])).filter(Boolean);
    return found.length === 0 ? null : found;
  }

  choice<T extends string>(name: string, allowed: readonly T[]): T | null {
    const value = this.text(name);
    return value === null ? null : (allowed.find((one) => one === value) ?? this.#invalid(name, value));
  }

  /** `true` or `false`, as Go and Python write them. */
  flag(name: string): boolean | null {
    const value = this.text(name);
    if (value === null) return null;
    const lower = value.toLowerCase();
    if (lower === 'true' || lower === '1') return true;
    return lower === 'false' || lower === '0' ? false : this.#invalid(name, value);
  }

  /** Unix nanoseconds of RFC 3339 text, in UTC or with an offset, or of a bare date (its midnight in UTC). */
  time(name: string): bigint | null {
    const value = this.text(name);
    if (value === null) return null;
    const full = isDateText(value) ? `${value}T00:00:00Z` : value;
    return rfc3339ToNs(full) ?? withOffset(full) ?? this.#invalid(name, value);
  }

  /** A calendar day. */
  date(name: string): DateText | null {
    const value = this.text(name);
    if (value === null) return null;
    return isDateText(value) ? value : this.#invalid(name, value);
  }

  decimal(name: string): Decimal | null {
    const value = this.text(name);
    return value === null ? null : (decimalOfText(value) ?? this.#invalid(name, value));
  }

  /** A whole number from 1 to `most`; `otherwise` when none is given. */
  count(name: string, most: number, otherwise = most): number {
    const value = this.text(name);
    if (value === null) return otherwise;
    const count = /^\d{1,9}$/.test(value) ? Number(value) : Number.NaN;
    if (count >= 1 && count <= most) return count;
    this.#fault(`${name} ${shown(value)} is not between 1 and ${most}`);
    return otherwise;
  }

  /** Notes what none of the readers above can see. */
  refuse(fault: string): void {
    this.#fault(fault);
  }

  /** The first fault as an answer, `null` when all could be read. */
  refusal(): Refusal | null {
    const [fault] = this.#faults;
    return fault === undefined ? null : badField(fault);
  }

  #invalid(name: string, value: string): null {
    return this.#fault(`invalid ${name}: ${shown(value)}`);
  }

  #fault(fault: string): null {
    this.#faults.push(fault);
    return null;
  }
}

/** `…T09:30:00-05:00`. A plus that the client did not encode arrives as a space. */
export function withOffset(text: string): bigint | undefined {
  const match = OFFSET.exec(text);
  if (match === null) return undefined;
  const [, local, sign, hours, minutes] = match;
  const localNs = rfc3339ToNs(`${local}Z`);
  if (localNs === undefined || Number(hours) > 23 || Number(minutes) > 59) return undefined;
  const offsetNs = BigInt(Number(hours) * 60 + Number(minutes)) * NS_PER_MINUTE;
  return sign === '-' ? localNs + offsetNs : localNs - offsetNs;
}

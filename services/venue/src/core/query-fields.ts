import { rfc3339ToNs } from '@tickpath/trading';
import { badField, type Refusal } from './refusal.ts';

const SHOWN_LENGTH = 60;

/** Reads the fields of a URL's query. What is absent or empty is `null`; what cannot be read is noted as a fault. */
export class QueryFields {
  readonly #query: Readonly<Record<string, unknown>>;
  readonly #faults: string[] = [];

  constructor(query: Readonly<Record<string, unknown>>) {
    this.#query = query;
  }

  text(name: string): string | null {
    const value = this.#query[name];
    if (value === undefined || value === '') return null;
    if (typeof value === 'string') return value;
    return this.#fault(`${name} must be given once`);
  }

  choice<T extends string>(name: string, allowed: readonly T[]): T | null {
    const value = this.text(name);
    return value === null ? null : (allowed.find((one) => one === value) ?? this.#invalid(name, value));
  }

  /** Unix nanoseconds of RFC 3339 text in UTC or of a bare date (its midnight). */
  time(name: string): bigint | null {
    const value = this.text(name);
    if (value === null) return null;
    const full = /^\d{4}-\d\d-\d\d$/.test(value) ? `${value}T00:00:00Z` : value.replace(/\+00:00$/, 'Z');
    return rfc3339ToNs(full) ?? this.#invalid(name, value);
  }

  /** A whole number from 1 to `most`; `most` or `otherwise` when none is given. */
  count(name: string, most: number, otherwise = most): number {
    const value = this.text(name);
    const count = value === null ? otherwise : Number(value);
    if (Number.isInteger(count) && count >= 1 && count <= most) return count;
    this.#fault(`${name} ${value} is not between 1 and ${most}`);
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
    return this.#fault(`invalid ${name}: ${JSON.stringify(value.slice(0, SHOWN_LENGTH))}`);
  }

  #fault(fault: string): null {
    this.#faults.push(fault);
    return null;
  }
}

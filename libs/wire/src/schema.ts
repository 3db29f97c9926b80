import { isDecimalText } from '@tickpath/trading';

/** What `read` answers for a value that is not of the type. */
export const INVALID: unique symbol = Symbol('invalid');
export type Invalid = typeof INVALID;

/** A wire type: its name in `docs/messages.md`, how to read an untrusted value and how to write a trusted one. */
export interface WireType<T> {
  readonly name: string;
  read(value: unknown): T | Invalid;
  write?(value: T): unknown;
}

export type TypeOf<W> = W extends WireType<infer T> ? T : never;

/** Fields in the order they have on the wire. Fields may be appended; anything else is a new version. */
export type Fields = Readonly<Record<string, WireType<unknown>>>;
export type StructOf<F extends Fields> = { readonly [K in keyof F]: TypeOf<F[K]> };

const MAX_TEXT_LENGTH = 1024;
const UINT32_MAX = 0xffff_ffff;

export const text: WireType<string> = {
  name: 'text',
  read: (value) => (typeof value === 'string' && value.length <= MAX_TEXT_LENGTH ? value : INVALID),
};

/** Decimal text (DESIGN §2): money, prices, quantities. */
export const decimalType: WireType<string> = {
  name: 'decimal',
  read: (value) => (isDecimalText(value) ? value : INVALID),
};

/** A whole number within ±(2^53 − 1). Above 32 bits it leaves as int64, because msgpackr would make it a float. */
export const int: WireType<number> = {
  name: 'int',
  read: (value) => {
    const number = typeof value === 'bigint' ? Number(value) : value;
    return Number.isSafeInteger(number) ? (number as number) : INVALID;
  },
  write: (value) => (value > UINT32_MAX || value < -UINT32_MAX ? BigInt(value) : value),
};

/** Unix nanoseconds, int64. */
export const ns: WireType<bigint> = {
  name: 'ns',
  read: (value) => {
    if (typeof value === 'bigint') return value;
    return Number.isSafeInteger(value) ? BigInt(value as number) : INVALID;
  },
};

export const bool: WireType<boolean> = {
  name: 'bool',
  read: (value) => (typeof value === 'boolean' ? value : INVALID),
};

export function oneOf<const V extends string>(...values: readonly V[]): WireType<V> {
  const known = new Set<unknown>(values);
  return { name: values.join(' \\| '), read: (value) => (known.has(value) ? (value as V) : INVALID) };
}

/** A value or nil. */
export function optional<T>(type: WireType<T>): WireType<T | null> {
  const { write } = type;
  return {
    name: `${type.name}?`,
    read: (value) => (value === null || value === undefined ? null : type.read(value)),
    ...(write && { write: (value: T | null) => (value === null ? null : write(value)) }),
  };
}

export function list<T>(type: WireType<T>): WireType<readonly T[]> {
  const { write } = type;
  return {
    name: `[${type.name}]`,
    read: (value) => {
      if (!Array.isArray(value)) return INVALID;
      const items: T[] = [];
      for (const raw of value) {
        const item = type.read(raw);
        if (item === INVALID) return INVALID;
        items.push(item);
      }
      return items;
    },
    ...(write && { write: (value: readonly T[]) => value.map(write) }),
  };
}

/** An array of the fields' values in order. Extra values at the end are a newer sender's and are ignored. */
export interface StructType<F extends Fields> extends WireType<StructOf<F>> {
  readonly fields: F;
  write(value: StructOf<F>): unknown[];
}

export function struct<const F extends Fields>(fields: F, name?: string): StructType<F> {
  const entries = Object.entries(fields);
  return {
    fields,
    name: name ?? `(${entries.map(([key, type]) => `${key}: ${type.name}`).join(', ')})`,
    read: (value) => {
      if (!Array.isArray(value)) return INVALID;
      const result: Record<string, unknown> = {};
      for (let i = 0; i < entries.length; i += 1) {
        const [key, type] = entries[i] as (typeof entries)[number];
        const field = type.read(value[i]);
        if (field === INVALID) return INVALID;
        result[key] = field;
      }
      return result as StructOf<F>;
    },
    write: (value) => {
      const values: unknown[] = new Array(entries.length);
      for (let i = 0; i < entries.length; i += 1) {
        const [key, type] = entries[i] as (typeof entries)[number];
        const field = value[key as keyof F];
        values[i] = type.write === undefined ? field : type.write(field);
      }
      return values;
    },
  };
}

import { isDecimalText } from '@tickpath/trading';

/** What `read` and `write` answer for a value that is not of the type. */
export const INVALID: unique symbol = Symbol('invalid');
export type Invalid = typeof INVALID;

/**
 * A wire type: its name in `docs/messages.md`, how to read an untrusted value, and how to write a value of our own.
 * What `write` lets through, `read` takes back, unchanged but for `prose`.
 */
export interface WireType<T> {
  readonly name: string;
  /** What the type is made of, for whoever walks a schema. */
  readonly shape: Shape;
  read(value: unknown): T | Invalid;
  write(value: T): unknown;
}

export type Shape =
  | { readonly type: 'text' | 'prose' | 'decimal' | 'int' | 'ns' | 'bool' }
  | { readonly type: 'oneOf'; readonly values: readonly string[] }
  | { readonly type: 'optional' | 'list'; readonly of: WireType<unknown> }
  | { readonly type: 'struct'; readonly fields: Fields };

export type TypeOf<W> = W extends WireType<infer T> ? T : never;

/** Fields in the order they have on the wire. Fields may be appended; anything else is a new version. */
export type Fields = Readonly<Record<string, WireType<unknown>>>;
export type StructOf<F extends Fields> = { readonly [K in keyof F]: TypeOf<F[K]> };

/** Longest text, in UTF-16 code units. */
export const MAX_TEXT_LENGTH = 1024;
const UINT32_MAX = 0xffff_ffff;
const INT32_MIN = -0x8000_0000;
const INT64_MIN = -(2n ** 63n);
const INT64_MAX = 2n ** 63n - 1n;
const BYTE_ORDER_MARK = 0xfeff;

/** Ids, names and codes: up to 1,024 characters, written as they are or not at all. */
export const text: WireType<string> = {
  name: 'text',
  shape: { type: 'text' },
  read: readText,
  // Half a surrogate pair has no UTF-8, and a leading byte order mark does not survive a `TextDecoder`.
  write: (value) =>
    readText(value) !== INVALID && value.isWellFormed() && value.charCodeAt(0) !== BYTE_ORDER_MARK ? value : INVALID,
};

/** Words for people. What `text` would refuse is mended when written: cut to 1,024 characters, bad ones replaced. */
export const prose: WireType<string> = {
  name: 'prose',
  shape: { type: 'prose' },
  read: readText,
  write: (value) =>
    typeof value === 'string'
      ? value
          .replace(/^\ufeff+/, '')
          .slice(0, MAX_TEXT_LENGTH)
          .toWellFormed()
      : INVALID,
};

function readText(value: unknown): string | Invalid {
  return typeof value === 'string' && value.length <= MAX_TEXT_LENGTH ? value : INVALID;
}

/** Decimal text (DESIGN §2): money, prices, quantities. */
export const decimalType: WireType<string> = {
  name: 'decimal',
  shape: { type: 'decimal' },
  read: readDecimal,
  write: readDecimal,
};

function readDecimal(value: unknown): string | Invalid {
  return isDecimalText(value) ? value : INVALID;
}

/** A whole number within ±(2^53 − 1). Beyond 32 bits it leaves as int64, because msgpackr would make it a float. */
export const int: WireType<number> = {
  name: 'int',
  shape: { type: 'int' },
  read: (value) => {
    const number = typeof value === 'bigint' ? Number(value) : value;
    return Number.isSafeInteger(number) ? (number as number) : INVALID;
  },
  write: (value) => {
    if (!Number.isSafeInteger(value)) return INVALID;
    return value > UINT32_MAX || value < INT32_MIN ? BigInt(value) : value;
  },
};

/** Unix nanoseconds, int64. */
export const ns: WireType<bigint> = {
  name: 'ns',
  shape: { type: 'ns' },
  read: (value) => (typeof value === 'bigint' ? inInt64(value) : readSmallNs(value)),
  write: (value) => (typeof value === 'bigint' ? inInt64(value) : INVALID),
};

function inInt64(value: bigint): bigint | Invalid {
  return value <= INT64_MAX && value >= INT64_MIN ? value : INVALID;
}

function readSmallNs(value: unknown): bigint | Invalid {
  return Number.isSafeInteger(value) ? BigInt(value as number) : INVALID;
}

export const bool: WireType<boolean> = {
  name: 'bool',
  shape: { type: 'bool' },
  read: (value) => (typeof value === 'boolean' ? value : INVALID),
  write: (value) => (typeof value === 'boolean' ? value : INVALID),
};

/** One of the given texts. Reading answers the text of the schema, so that comparing it later is comparing pointers. */
export function oneOf<const V extends string>(...values: readonly V[]): WireType<V> {
  const known = new Map<unknown, V>(values.map((value) => [value, value]));
  const read = (value: unknown) => known.get(value) ?? INVALID;
  return { name: values.join(' | '), shape: { type: 'oneOf', values }, read, write: read };
}

/** A value or nil. */
export function optional<T>(type: WireType<T>): WireType<T | null> {
  return {
    name: `${type.name}?`,
    shape: { type: 'optional', of: type },
    read: (value) => (value === null || value === undefined ? null : type.read(value)),
    write: (value) => (value === null || value === undefined ? null : type.write(value)),
  };
}

export function list<T>(type: WireType<T>): WireType<readonly T[]> {
  return {
    name: `[${type.name}]`,
    shape: { type: 'list', of: type },
    read: (value) => {
      if (!Array.isArray(value)) return INVALID;
      const items = new Array<T>(value.length);
      for (let i = 0; i < value.length; i += 1) {
        const item = type.read(value[i]);
        if (item === INVALID) return INVALID;
        items[i] = item;
      }
      return items;
    },
    write: (value) => {
      if (!Array.isArray(value)) return INVALID;
      const items = new Array<unknown>(value.length);
      for (let i = 0; i < value.length; i += 1) {
        const item = type.write(value[i]);
        if (item === INVALID) return INVALID;
        items[i] = item;
      }
      return items;
    },
  };
}

/** An array of the fields' values in order. Extra values at the end are a newer sender's and are ignored. */
export interface StructType<F extends Fields> extends WireType<StructOf<F>> {
  readonly fields: F;
}

export function struct<const F extends Fields>(fields: F): StructType<F> {
  const keys = Object.keys(fields);
  const types = Object.values(fields);
  return {
    fields,
    name: `(${keys.map((key, i) => `${key}: ${types[i]?.name}`).join(', ')})`,
    shape: { type: 'struct', fields },
    read: compile(READER, keys, types),
    write: compile(WRITER, keys, types),
  };
}

/** A reader or writer of a struct, field by field. */
type StructCode = (value: never) => never;

const READER = {
  unless: 'Array.isArray(value)',
  field: (_key: string, i: number) => `read(value[${i}])`,
  result: (keys: readonly string[]) => `{ ${keys.map((key, i) => `${key}: v${i}`).join(', ')} }`,
};
const WRITER = {
  unless: "typeof value === 'object' && value !== null",
  field: (key: string) => `write(value.${key})`,
  result: (keys: readonly string[]) => `[${keys.map((_key, i) => `v${i}`).join(', ')}]`,
};

/**
 * Code with the field names written out, as a person would write it for one struct: an object literal is made three times
 * faster than the same object key by key. The names are those of this program's own schemas; nothing that was received
 * is ever in it.
 */
function compile(part: typeof READER, keys: readonly string[], types: readonly WireType<unknown>[]): StructCode {
  if (!keys.every((key) => /^[A-Za-z]+$/.test(key))) throw new Error(`field names are letters: ${keys.join(', ')}`);
  const steps = keys.map(
    (key, i) => `const v${i} = t${i}.${part.field(key, i)}; if (v${i} === INVALID) return INVALID;`,
  );
  const body = `if (!(${part.unless})) return INVALID; ${steps.join(' ')} return ${part.result(keys)};`;
  const make = new Function('INVALID', ...keys.map((_key, i) => `t${i}`), `return (value) => { ${body} };`);
  return make(INVALID, ...types);
}

/** The same type under a name of its own, for types that several kinds use. */
export function named<W extends WireType<unknown>>(name: string, type: W): W {
  return { ...type, name };
}

/** Where and why a value cannot be written, as `positions[2].qty: "1e5" is not a decimal`. For messages: it is slow. */
export function describeInvalid(type: WireType<unknown>, value: unknown, path = ''): string {
  const inner = innerValues(type.shape, value).find(([innerType, item]) => innerType.write(item) === INVALID);
  if (inner !== undefined) return describeInvalid(inner[0], inner[1], `${path}${inner[2]}`);
  const shown = typeof value === 'string' ? JSON.stringify(value.slice(0, 80)) : String(value);
  return `${path.replace(/^\./, '')}: ${shown} is not ${type.name}`;
}

function innerValues(
  shape: Shape,
  value: unknown,
): (readonly [type: WireType<unknown>, value: unknown, path: string])[] {
  if (shape.type === 'optional') return [[shape.of, value, '']];
  if (shape.type === 'list') return Array.isArray(value) ? value.map((item, i) => [shape.of, item, `[${i}]`]) : [];
  if (shape.type !== 'struct' || typeof value !== 'object' || value === null) return [];
  return Object.entries(shape.fields).map(([key, type]) => [type, (value as Record<string, unknown>)[key], `.${key}`]);
}

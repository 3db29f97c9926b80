/** What a JSON value must be. Data, so that a test can also ask a shape what it demands. */
export type Shape =
  | { readonly kind: 'text'; readonly what: string; readonly pattern: RegExp }
  | { readonly kind: 'number'; readonly isWhole: boolean }
  | { readonly kind: 'literal'; readonly values: readonly (string | number | boolean | null)[] }
  | { readonly kind: 'boolean' }
  | { readonly kind: 'list'; readonly of: Shape }
  | { readonly kind: 'object'; readonly fields: Fields }
  | { readonly kind: 'map'; readonly of: Shape }
  | { readonly kind: 'optional'; readonly of: Shape }
  | { readonly kind: 'nullable'; readonly of: Shape };

export type Fields = Readonly<Record<string, Shape>>;

const text = (what: string, pattern: RegExp): Shape => ({ kind: 'text', what, pattern });

export const TEXT = text('text', /^/);
export const NAME = text('text that is not empty', /./);
/** A number written as text, never with an exponent. */
export const DECIMAL = text('a decimal as text', /^-?\d+(\.\d+)?$/);
/** RFC 3339 in UTC with no more digits of a second than count. */
export const TIME = text('a time in UTC', /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{0,8}[1-9])?Z$/);
/** The same with an offset, as the clock of New York is written. */
export const LOCAL_TIME = text(
  'a time with an offset',
  /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)$/,
);
export const DATE = text('a date', /^\d{4}-\d\d-\d\d$/);
export const UUID = text('a UUID', /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
export const ULID = text('a ULID', /^[0-7][0-9A-HJKMNP-TV-Z]{25}$/);
export const NUMBER: Shape = { kind: 'number', isWhole: false };
export const WHOLE: Shape = { kind: 'number', isWhole: true };
export const FLAG: Shape = { kind: 'boolean' };

export const matching = text;
export const literal = (...values: readonly (string | number | boolean | null)[]): Shape => ({
  kind: 'literal',
  values,
});
export const listOf = (of: Shape): Shape => ({ kind: 'list', of });
export const object = (fields: Fields): Shape => ({ kind: 'object', fields });
export const mapOf = (of: Shape): Shape => ({ kind: 'map', of });
export const optional = (of: Shape): Shape => ({ kind: 'optional', of });
export const nullable = (of: Shape): Shape => ({ kind: 'nullable', of });

/** Everything in which the value differs from the shape, one line each; none when it fits. */
export function misfits(shape: Shape, value: unknown, at = '$'): string[] {
  const wrong = (expected: string): string[] => [`${at}: ${shown(value)} is not ${expected}`];
  switch (shape.kind) {
    case 'nullable':
      return value === null ? [] : misfits(shape.of, value, at);
    case 'optional':
      return value === undefined ? [] : misfits(shape.of, value, at);
    case 'text':
      return typeof value === 'string' && shape.pattern.test(value) ? [] : wrong(shape.what);
    case 'number':
      if (typeof value !== 'number' || !Number.isFinite(value)) return wrong('a number');
      return shape.isWhole && !Number.isSafeInteger(value) ? wrong('a whole number') : [];
    case 'boolean':
      return typeof value === 'boolean' ? [] : wrong('true or false');
    case 'literal':
      return shape.values.includes(value as string) ? [] : wrong(shape.values.map(shown).join(' or '));
    case 'list':
      if (!Array.isArray(value)) return wrong('a list');
      return value.flatMap((item, index) => misfits(shape.of, item, `${at}[${index}]`));
    case 'map':
      if (!isObject(value)) return wrong('an object');
      return Object.entries(value).flatMap(([key, item]) => misfits(shape.of, item, `${at}.${key}`));
    case 'object':
      return isObject(value) ? fieldMisfits(shape.fields, value, at) : wrong('an object');
  }
}

/** The fields that an object of this shape must have. */
export function demanded(fields: Fields): string[] {
  return Object.entries(fields).flatMap(([key, { kind }]) => (kind === 'optional' ? [] : [key]));
}

function fieldMisfits(fields: Fields, value: Readonly<Record<string, unknown>>, at: string): string[] {
  const strange = Object.keys(value).filter((key) => !Object.hasOwn(fields, key));
  const found = Object.entries(fields).flatMap(([key, shape]) => {
    if (value[key] === undefined && shape.kind !== 'optional') return [`${at}.${key} is missing`];
    return misfits(shape, value[key], `${at}.${key}`);
  });
  return [...strange.map((key) => `${at}.${key} is not known there`), ...found];
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function shown(value: unknown): string {
  const written = JSON.stringify(value) ?? 'nothing';
  return written.length > 80 ? `${written.slice(0, 80)}…` : written;
}

/** What is wrong with one value: where inside it ('' for the value itself), what was found and what is allowed. */
export interface ValueFault {
  readonly at: string;
  readonly found: unknown;
  readonly allowed: string;
}

/** The kind of value a configuration key takes: what is allowed, and how its text in an environment variable or flag reads. */
export interface Format<T> {
  /** Completes the sentence "allowed: …". */
  readonly allowed: string;
  /** Every fault of a value, none if it is allowed. */
  faults(value: unknown): readonly ValueFault[];
  /** The value that the text of an environment variable or flag stands for; text that stands for none is returned as it is. */
  fromText(text: string): unknown;
  /** The value as the configuration holds it, absent parts filled in. Called only with values that have no fault. */
  fill(value: unknown): T;
}

/** A format that looks at the value as a whole. `accepts` answers a value's reason to be refused through `allowed`. */
export function format<T>(
  allowed: string,
  accepts: (value: unknown) => boolean,
  fromText: (text: string) => unknown = (text) => text,
): Format<T> {
  return {
    allowed,
    faults: (value) => (accepts(value) ? [] : [{ at: '', found: value, allowed }]),
    fromText,
    fill: (value) => value as T,
  };
}

const NUMBER_TEXT = /^-?\d+(?:\.\d+)?(?:e[+-]?\d+)?$/i;
const DECIMAL_TEXT = /^-?(?:0|[1-9]\d*)(?:\.\d+)?$/;
const MAX_DECIMAL_LENGTH = 48;

const numberFromText = (text: string): unknown => (NUMBER_TEXT.test(text) ? Number(text) : text);
const isFiniteNumber = (value: unknown): value is number => typeof value === 'number' && Number.isFinite(value);
const isText = (value: unknown): value is string => typeof value === 'string' && value.trim() !== '';

function decimalFormat(kind: string, accepts: (text: string) => boolean): Format<string> {
  const allowed = `${kind} as text, like "1000.50"`;
  const isDecimalText = (value: unknown) =>
    typeof value === 'string' && value.length <= MAX_DECIMAL_LENGTH && DECIMAL_TEXT.test(value) && accepts(value);
  return {
    ...format<string>(allowed, isDecimalText),
    faults(value) {
      if (isDecimalText(value)) return [];
      const hint = typeof value === 'number' ? `; a number loses digits, so quote it: "${value}"` : '';
      return [{ at: '', found: value, allowed: allowed + hint }];
    },
  };
}

/** A whole number between two bounds, both included. */
export function intBetween(min: number, max: number): Format<number> {
  return format(
    `a whole number from ${min} to ${max}`,
    (value) => Number.isSafeInteger(value) && Number(value) >= min && Number(value) <= max,
    numberFromText,
  );
}

/** A number between two bounds, both included. */
export function numberBetween(min: number, max: number): Format<number> {
  return format(
    `a number from ${min} to ${max}`,
    (value) => isFiniteNumber(value) && value >= min && value <= max,
    numberFromText,
  );
}

/** Text that matches a pattern; `allowed` says it in words. */
export function textLike(pattern: RegExp, allowed: string): Format<string> {
  return format(allowed, (value) => typeof value === 'string' && pattern.test(value));
}

/** One of the values listed. */
export function oneOf<const V extends readonly (string | number | boolean)[]>(values: V): Format<V[number]> {
  return format(
    values.map((value) => JSON.stringify(value)).join(', '),
    (value) => values.some((each) => each === value),
    (text) => values.find((each) => String(each) === text) ?? text,
  );
}

/** A value of the first format, or else of the second. */
export function either<A, B>(first: Format<A>, second: Format<B>): Format<A | B> {
  const allowed = `${first.allowed}, or ${second.allowed}`;
  const isFirst = (value: unknown) => first.faults(value).length === 0;
  return {
    allowed,
    faults: (value) => (isFirst(value) || second.faults(value).length === 0 ? [] : [{ at: '', found: value, allowed }]),
    fromText(text) {
      const value = first.fromText(text);
      return isFirst(value) ? value : second.fromText(text);
    },
    fill: (value) => (isFirst(value) ? first.fill(value) : second.fill(value)),
  };
}

/** The formats known by name. */
export const FORMATS = {
  text: format<string>('text that is not empty', isText),
  'any-text': format<string>('text', (value) => typeof value === 'string'),
  boolean: format<boolean>(
    'true or false',
    (value) => typeof value === 'boolean',
    (text) => (text === 'true' ? true : text === 'false' ? false : text),
  ),
  int: format<number>('a whole number', (value) => Number.isSafeInteger(value), numberFromText),
  nat: format<number>(
    'a whole number from 0',
    (value) => Number.isSafeInteger(value) && Number(value) >= 0,
    numberFromText,
  ),
  'positive-int': format<number>(
    'a whole number above 0',
    (value) => Number.isSafeInteger(value) && Number(value) > 0,
    numberFromText,
  ),
  number: format<number>('a number', isFiniteNumber, numberFromText),
  'positive-number': format<number>('a number above 0', (value) => isFiniteNumber(value) && value > 0, numberFromText),
  port: intBetween(0, 65535),
  /** Exact amounts stay text from the file to the ledger: a YAML number would already have lost digits. */
  decimal: decimalFormat('a decimal number', () => true),
  'positive-decimal': decimalFormat('a decimal number above 0', (text) => !text.startsWith('-') && /[1-9]/.test(text)),
  'nonnegative-decimal': decimalFormat('a decimal number from 0', (text) => !text.startsWith('-')),
  'list-of-text': listOfText('a list of text (commas between in a variable or flag)', 0),
  'nonempty-list-of-text': listOfText('a list of text, at least one (commas between in a variable or flag)', 1),
} as const satisfies Record<string, Format<unknown>>;

function listOfText(allowed: string, minLength: number): Format<readonly string[]> {
  return format(
    allowed,
    (value) => Array.isArray(value) && value.length >= minLength && value.every(isText),
    (text) =>
      text
        .split(',')
        .map((part) => part.trim())
        .filter((part) => part !== ''),
  );
}

import { FORMATS, type Format, oneOf, type ValueFault } from './config-format.ts';

export type FormatName = keyof typeof FORMATS;

/** How a leaf says what it takes: a format's name, the values to choose from, a JavaScript type, or a format of its own. */
export type FormatSpec =
  | FormatName
  | readonly (string | number | boolean)[]
  | StringConstructor
  | NumberConstructor
  | BooleanConstructor
  | Format<unknown>;

/** One key of the configuration. */
export interface Leaf {
  readonly doc?: string;
  readonly format: FormatSpec;
  readonly default: unknown;
  /** `null` is allowed and means "not set". */
  readonly nullable?: boolean;
  /** Never printed, not even in a fault. */
  readonly sensitive?: boolean;
  /** Replaces the name of the environment variable that the key's path gives. */
  readonly env?: string;
}

/** A tree of keys. A node with `default` is a leaf. */
export interface ConfigSchema {
  readonly [key: string]: Leaf | ConfigSchema;
}

type ValueOf<F> = F extends FormatName
  ? ReturnType<(typeof FORMATS)[F]['fill']>
  : F extends readonly (infer V)[]
    ? V
    : F extends StringConstructor
      ? string
      : F extends NumberConstructor
        ? number
        : F extends BooleanConstructor
          ? boolean
          : F extends Format<infer T>
            ? T
            : never;

type LeafValue<L> = L extends { readonly format: infer F }
  ? ValueOf<F> | (L extends { readonly nullable: true } ? null : never)
  : never;

/** The type of the configuration that a schema describes. */
export type ConfigOf<S> = {
  readonly [K in keyof S]: S[K] extends { readonly default: unknown; readonly format: unknown }
    ? LeafValue<S[K]>
    : ConfigOf<S[K]>;
};

/** Keeps the literal types of a schema, from which `ConfigOf` reads the configuration's type. */
export function defineSchema<const S extends ConfigSchema>(schema: S): S {
  return schema;
}

export function isLeaf(node: Leaf | ConfigSchema): node is Leaf {
  return 'default' in node;
}

export function formatOf(spec: FormatSpec): Format<unknown> {
  if (typeof spec === 'string') return FORMATS[spec];
  if (Array.isArray(spec)) return oneOf(spec);
  if (spec === String) return FORMATS['any-text'];
  if (spec === Number) return FORMATS.number;
  if (spec === Boolean) return FORMATS.boolean;
  return spec as Format<unknown>;
}

/** The format of a leaf, `null` included where the leaf allows it. */
export function leafFormat(leaf: Leaf): Format<unknown> {
  const format = formatOf(leaf.format);
  if (leaf.nullable !== true) return format;
  return {
    allowed: `${format.allowed}, or null`,
    faults: (value) => (value === null ? [] : format.faults(value)),
    fromText: (text) => (text === 'null' ? null : format.fromText(text)),
    fill: (value) => (value === null ? null : format.fill(value)),
  };
}

/** Every leaf with its dotted path, in the order of the schema. */
export function leavesOf(schema: ConfigSchema, prefix: string): Map<string, Leaf> {
  const leaves = new Map<string, Leaf>();
  for (const [key, node] of Object.entries(schema)) {
    const path = prefix === '' ? key : `${prefix}.${key}`;
    if (isLeaf(node)) leaves.set(path, node);
    else for (const [inner, leaf] of leavesOf(node, path)) leaves.set(inner, leaf);
  }
  return leaves;
}

/** `market-data.frameLimit` → `TICKPATH_MARKET_DATA_FRAME_LIMIT`. */
export function envNameOf(path: string): string {
  const snake = path.replace(/([a-z0-9])([A-Z])/g, '$1_$2').replace(/[.-]/g, '_');
  return `TICKPATH_${snake.toUpperCase()}`;
}

/** The keys of one entry in a list or map; a key with a default may be left out. */
export interface EntryFields {
  readonly [key: string]: Omit<Leaf, 'default' | 'env' | 'sensitive'> & { readonly default?: unknown };
}

type EntryOf<F> = { readonly [K in keyof F]: LeafValue<F[K]> };

/** The format of an object with the given keys, strictly those. */
export function entry<const F extends EntryFields>(fields: F): Format<EntryOf<F>> {
  const formats = new Map(
    Object.entries(fields).map(([key, field]) => [key, leafFormat({ default: null, ...field })] as const),
  );
  const allowed = `the keys ${[...formats.keys()].join(', ')}`;
  const absent = (object: object, key: string) => !Object.hasOwn(object, key);
  return {
    allowed,
    faults(value) {
      if (!isPlainObject(value)) return [{ at: '', found: value, allowed }];
      const unknown = Object.keys(value).filter((key) => !formats.has(key));
      const faults: ValueFault[] = unknown.map((key) => ({ at: `.${key}`, found: value[key], allowed }));
      for (const [key, format] of formats) {
        if (absent(value, key)) {
          if (!('default' in (fields[key] ?? {})))
            faults.push({ at: `.${key}`, found: undefined, allowed: format.allowed });
          continue;
        }
        faults.push(...inside(`.${key}`, format.faults(value[key])));
      }
      return faults;
    },
    fromText: jsonFromText,
    fill(value) {
      const object = value as Record<string, unknown>;
      const filled = [...formats].map(([key, format]) => [
        key,
        format.fill(absent(object, key) ? fields[key]?.default : object[key]),
      ]);
      return Object.fromEntries(filled) as EntryOf<F>;
    },
  };
}

/** A list; in a variable or flag it is written as JSON. */
export function listOf<T>(item: Format<T>, minLength = 0): Format<readonly T[]> {
  const allowed = `a list${minLength > 0 ? ` of at least ${minLength}` : ''}, each ${item.allowed}`;
  return {
    allowed,
    faults(value) {
      if (!Array.isArray(value) || value.length < minLength) return [{ at: '', found: value, allowed }];
      return value.flatMap((each, index) => inside(`[${index}]`, item.faults(each)));
    },
    fromText: jsonFromText,
    fill: (value) => (value as unknown[]).map((each) => item.fill(each)),
  };
}

/** Values by name, such as limits by symbol; in a variable or flag it is written as JSON. */
export function mapOf<T>(item: Format<T>): Format<Readonly<Record<string, T>>> {
  const allowed = `values by name, each ${item.allowed}`;
  return {
    allowed,
    faults(value) {
      if (!isPlainObject(value)) return [{ at: '', found: value, allowed }];
      return Object.entries(value).flatMap(([key, each]) => inside(`.${key}`, item.faults(each)));
    },
    fromText: jsonFromText,
    fill: (value) => Object.fromEntries(Object.entries(value as object).map(([key, each]) => [key, item.fill(each)])),
  };
}

export function isPlainObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function inside(at: string, faults: readonly ValueFault[]): ValueFault[] {
  return faults.map((fault) => ({ ...fault, at: at + fault.at }));
}

function jsonFromText(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

import {
  type ConfigSchema,
  envNameOf,
  isLeaf,
  isPlainObject,
  type Leaf,
  leafFormat,
  leavesOf,
} from './config-schema.ts';
import { type ConfigFlag, type Profile, readSecretFile } from './config-source.ts';

export type Env = Readonly<Record<string, string | undefined>>;

/** A value in force, and where it was set. */
export interface Assignment {
  readonly value: unknown;
  readonly origin: string;
}

export interface Layers {
  readonly profile: Profile;
  readonly env: Env;
  readonly flags: readonly ConfigFlag[];
  /** Sections that belong to other processes: left to them. */
  readonly otherSections: readonly string[];
}

export interface Layered {
  readonly assignments: ReadonlyMap<string, Assignment>;
  /** One line for each key that nobody knows. */
  readonly faults: readonly string[];
}

/** The value of every leaf: defaults < profile < environment < flags. Values are not checked here. */
export function layer(schema: ConfigSchema, layers: Layers): Layered {
  const leaves = leavesOf(schema, '');
  const assignments = new Map<string, Assignment>();
  for (const [path, leaf] of leaves) assignments.set(path, { value: leaf.default, origin: 'the default' });
  const faults = [
    ...readProfileLayer(schema, layers, assignments),
    ...readEnvironmentLayer(leaves, layers.env, assignments),
    ...readFlagLayer(leaves, layers, assignments),
  ];
  return { assignments, faults };
}

/** The faults of every value against its format, one line each. */
export function valueFaults(schema: ConfigSchema, assignments: ReadonlyMap<string, Assignment>): string[] {
  return [...leavesOf(schema, '')].flatMap(([path, leaf]) => {
    const { value, origin } = assignments.get(path) ?? { value: undefined, origin: 'nowhere' };
    return leafFormat(leaf)
      .faults(value)
      .map((fault) => {
        const found =
          fault.found === undefined ? 'nothing' : leaf.sensitive === true ? '[Sensitive]' : shown(fault.found);
        return `${path}${fault.at}: found ${found} (${origin}); allowed: ${fault.allowed}`;
      });
  });
}

function readProfileLayer(schema: ConfigSchema, layers: Layers, assignments: Map<string, Assignment>): string[] {
  const origin = layers.profile.path;
  const read = (node: Leaf | ConfigSchema, path: string, value: unknown): string[] => {
    if (isLeaf(node)) {
      assignments.set(path, { value, origin });
      return [];
    }
    if (value === null) return [];
    const known = Object.keys(node);
    if (!isPlainObject(value))
      return [`${path}: found ${shown(value)} (${origin}); allowed: the keys ${known.join(', ')}`];
    return Object.entries(value).flatMap(([key, inner]) => {
      const child = Object.hasOwn(node, key) ? node[key] : undefined;
      return child === undefined ? [unknownKey(`${path}.${key}`, origin, known)] : read(child, `${path}.${key}`, inner);
    });
  };
  return Object.entries(layers.profile.content).flatMap(([section, value]) => {
    const node = Object.hasOwn(schema, section) ? schema[section] : undefined;
    if (node !== undefined) return read(node, section, value);
    if (layers.otherSections.includes(section)) return [];
    return [unknownKey(section, origin, [...Object.keys(schema), ...layers.otherSections])];
  });
}

function readEnvironmentLayer(
  leaves: ReadonlyMap<string, Leaf>,
  env: Env,
  assignments: Map<string, Assignment>,
): string[] {
  const paths = new Map<string, string>();
  for (const [path, leaf] of leaves) {
    for (const { name } of variablesOf(path, leaf)) {
      const taken = paths.get(name);
      if (taken !== undefined) throw new Error(`${path} and ${taken} have the same environment variable ${name}`);
      paths.set(name, path);
    }
  }
  const prefixes = [...new Set([...leaves.keys()].map(sectionOf))].map((section) => `${envNameOf(section)}_`);
  const faults: string[] = [];
  for (const [path, leaf] of leaves) {
    const [variable, ...more] = variablesOf(path, leaf).filter(({ name }) => env[name] !== undefined);
    if (variable === undefined) continue;
    const { name, read } = variable;
    const answer = read(env[name] ?? '');
    if (more.length > 0) faults.push(`${path}: set twice, by ${name} and by ${more[0]?.name}; allowed: one of them`);
    else if ('fault' in answer) faults.push(`${path}: ${answer.fault} (environment ${name})`);
    else assignments.set(path, { value: leafFormat(leaf).fromText(answer.text), origin: `environment ${name}` });
  }
  for (const name of Object.keys(env)) {
    const prefix = prefixes.find((each) => name.startsWith(each));
    if (env[name] === undefined || paths.has(name) || prefix === undefined) continue;
    const known = [...paths.keys()].filter((each) => each.startsWith(prefix));
    faults.push(unknownKey(name, 'environment', known));
  }
  return faults;
}

interface Variable {
  readonly name: string;
  /** The text that the variable's own text stands for. */
  readonly read: (text: string) => { readonly text: string } | { readonly fault: string };
}

/** The variable of a key and, for a secret, the one that names a file with it: so it need not stand in the environment. */
function variablesOf(path: string, leaf: Leaf): Variable[] {
  const name = leaf.env ?? envNameOf(path);
  const plain: Variable = { name, read: (text) => ({ text }) };
  return leaf.sensitive === true ? [plain, { name: `${name}_FILE`, read: readSecretFile }] : [plain];
}

function readFlagLayer(
  leaves: ReadonlyMap<string, Leaf>,
  layers: Layers,
  assignments: Map<string, Assignment>,
): string[] {
  const faults: string[] = [];
  for (const { path, text } of layers.flags) {
    const leaf = leaves.get(path);
    if (leaf !== undefined) {
      assignments.set(path, { value: leafFormat(leaf).fromText(text), origin: `flag --${path}` });
      continue;
    }
    if (path.includes('.') && layers.otherSections.includes(sectionOf(path))) continue;
    const siblings = [...leaves.keys()].filter((each) => sectionOf(each) === sectionOf(path));
    const known =
      siblings.length > 0 ? siblings.map((each) => `--${each}`) : ['--profile', '--print-config', '--section.key'];
    faults.push(unknownKey(`--${path}`, 'flag', known));
  }
  return faults;
}

function sectionOf(path: string): string {
  return path.split('.')[0] ?? path;
}

function unknownKey(key: string, origin: string, known: readonly string[]): string {
  return `${key}: unknown (${origin}); known: ${known.join(', ') || 'none'}`;
}

function shown(value: unknown): string {
  return JSON.stringify(value) ?? String(value);
}

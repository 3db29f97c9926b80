import { join } from 'node:path';
import convict from 'convict';
import { type Env, layer, valueFaults } from './config-layers.ts';
import { type ConfigOf, type ConfigSchema, isLeaf, type Leaf, leafFormat, leavesOf } from './config-schema.ts';
import { parseCommandLine, readProfile } from './config-source.ts';
import { SERVICE_NAMES } from './ports.ts';
import { type SharedConfig, sharedSchema } from './shared-config.ts';

/** The sections of a profile that belong to one process each. */
export const SECTIONS = [...SERVICE_NAMES, 'backtest', 'supervisor'] as const;
export type SectionName = (typeof SECTIONS)[number];

/** Where profiles are looked up by name. */
export const WORKSPACE_CONFIG_DIR: string = join(import.meta.dirname, '../../../config');

/** The start is impossible with this configuration. `faults` has one line for each reason. */
export class ConfigError extends Error {
  readonly code = 'CONFIG_INVALID';
  readonly faults: readonly string[];

  constructor(faults: readonly string[]) {
    super(faults.join('\n'));
    this.name = 'ConfigError';
    this.faults = faults;
  }
}

export interface ConfigRequest<S extends ConfigSchema> {
  readonly section: SectionName;
  readonly schema: S;
  /** Impossible combinations, one line each; asked only when every single value is allowed. */
  readonly check?: ((config: ConfigOf<S>, shared: SharedConfig) => readonly string[]) | undefined;
  readonly argv: readonly string[];
  readonly env: Env;
  /** Where profiles are looked up by name; the workspace's `config/` unless given. */
  readonly configDir?: string | undefined;
}

/** A configuration that holds: complete, checked, frozen to its last value. */
export interface LoadedConfig<S extends ConfigSchema> {
  readonly profile: string;
  readonly config: ConfigOf<S>;
  readonly shared: SharedConfig;
  /** `--print-config` was given. */
  readonly printConfig: boolean;
  /** The effective values as JSON, sensitive ones masked. */
  print(): string;
}

/**
 * The effective configuration of one section and of the shared ones: defaults < profile < environment < flags.
 * Other sections are left to the processes they belong to. Throws `ConfigError` with every fault found.
 */
export function loadConfig<const S extends ConfigSchema>(request: ConfigRequest<S>): LoadedConfig<S> {
  const commandLine = parseCommandLine(request.argv);
  const chosen = commandLine.profile ?? (request.env.TICKPATH_PROFILE || undefined);
  const profile = readProfile(chosen, request.configDir ?? WORKSPACE_CONFIG_DIR);
  if ('faults' in profile) throw new ConfigError([...commandLine.faults, ...profile.faults]);

  const schema: ConfigSchema = { ...sharedSchema, [request.section]: request.schema };
  const otherSections = SECTIONS.filter((section) => section !== request.section);
  const layered = layer(schema, { profile, env: request.env, flags: commandLine.flags, otherSections });
  const faults = [...commandLine.faults, ...layered.faults, ...valueFaults(schema, layered.assignments)];
  if (faults.length > 0) throw new ConfigError(faults);

  const settings = convict<Record<string, unknown>>(convictSchema(schema), { env: {}, args: [] });
  for (const [path, leaf] of leavesOf(schema, '')) {
    settings.set(path, leafFormat(leaf).fill(layered.assignments.get(path)?.value));
  }
  settings.validate({ allowed: 'strict' });

  const { [request.section]: own, ...rest } = deepFreeze(settings.getProperties());
  const config = own as ConfigOf<S>;
  const shared = deepFreeze(rest) as unknown as SharedConfig;
  const impossible = request.check?.(config, shared) ?? [];
  if (impossible.length > 0) throw new ConfigError(impossible);
  return {
    profile: profile.name,
    config,
    shared,
    printConfig: commandLine.printConfig,
    print: () => settings.toString(),
  };
}

/**
 * The schema as convict takes it. Its own conversions of text ("12x" read as 12, "no" as true) are kept out: a leaf
 * with a function for format and no default is stored as it is given.
 */
function convictSchema(schema: ConfigSchema): convict.Schema<Record<string, unknown>> {
  const nodes = Object.entries(schema).map(([key, node]) => [
    key,
    isLeaf(node) ? convictLeaf(node) : convictSchema(node),
  ]);
  return Object.fromEntries(nodes);
}

function convictLeaf(leaf: Leaf): convict.SchemaObj {
  const format = leafFormat(leaf);
  return {
    doc: leaf.doc ?? '',
    default: null,
    sensitive: leaf.sensitive === true,
    format(value: unknown) {
      if (format.faults(value).length > 0) throw new Error(`must be ${format.allowed}`);
    },
  };
}

function deepFreeze<T extends object>(value: T): T {
  for (const inner of Object.values(value)) if (typeof inner === 'object' && inner !== null) deepFreeze(inner);
  return Object.freeze(value);
}

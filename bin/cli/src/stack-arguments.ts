import { parseArgs } from 'node:util';
import { type Addresses, addresses, type LoadedConfig, loadConfig } from '@tickpath/runtime';
import { parseStartArguments } from './start-arguments.ts';
import { supervisorSchema } from './supervisor-config.ts';
import { callerOf } from './workspace.ts';

/** The flags of a command's own, by name; all others are those of `tickpath start`, which say what stack is meant. */
export type OwnFlags = Readonly<Record<string, 'boolean' | 'string'>>;

export interface StackArguments<F extends OwnFlags> {
  readonly values: { readonly [K in keyof F]?: F[K] extends 'boolean' ? boolean : string };
  readonly positionals: readonly string[];
  readonly help: boolean;
  /** Flags that choose the configuration, for `stackAt`. */
  readonly configArgs: readonly string[];
}

/** Reads the arguments of a command that speaks to a running stack. Answers with the fault if there is one. */
export function parseStackArguments<const F extends OwnFlags>(
  argv: readonly string[],
  own: F,
): StackArguments<F> | { readonly fault: string } {
  const options = Object.fromEntries(
    Object.entries({ ...own, help: 'boolean' as const }).map(([name, type]) => [name, { type }]),
  );
  const isOwn = (token: string) => token === '-h' || Object.hasOwn(options, /^--([^=]+)/.exec(token)?.[1] ?? '');
  const ownArgs: string[] = [];
  const stackArgs: string[] = [];
  for (let i = 0; i < argv.length; i += 1) {
    const token = argv[i] ?? '';
    const next = argv[i + 1];
    const target = isOwn(token) || !token.startsWith('--') ? ownArgs : stackArgs;
    target.push(token);
    // `--name value`: the value goes where its flag goes.
    const takesNext = token.startsWith('--') && !token.includes('=') && next !== undefined && !next.startsWith('-');
    if (takesNext && own[token.slice(2)] !== 'boolean' && token !== '--help') {
      target.push(next);
      i += 1;
    }
  }
  const stack = parseStartArguments(stackArgs, callerOf(process.env));
  if ('fault' in stack) return stack;
  if (stack.json || stack.replayFiles.length > 0)
    return { fault: `unknown flag ${stack.json ? '--json' : '--replay'}` };
  try {
    const parsed = parseArgs({
      args: ownArgs,
      allowPositionals: true,
      options: { ...options, help: { type: 'boolean', short: 'h' } },
    });
    const { help, ...values } = parsed.values as Record<string, unknown>;
    const { configArgs } = stack;
    return {
      values: values as StackArguments<F>['values'],
      positionals: parsed.positionals,
      help: help === true,
      configArgs,
    };
  } catch (error) {
    return { fault: (error as Error).message.split('. ')[0] ?? '' };
  }
}

/** The stack that the flags and the environment choose, and where it is. Throws `ConfigError`. */
export function stackAt(
  configArgs: readonly string[],
): LoadedConfig<typeof supervisorSchema> & { readonly at: Addresses } {
  const loaded = loadConfig({ section: 'supervisor', schema: supervisorSchema, argv: configArgs, env: process.env });
  return { ...loaded, at: addresses(loaded.shared.network) };
}

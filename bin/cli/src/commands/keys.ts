import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { ConfigError, loadConfig, SERVICE_NAMES } from '@tickpath/runtime';
import { addKey, createKeySet, isKeyName, type KeySetChange, SecurityError } from '@tickpath/wire';
import { EXIT_FAILED, EXIT_OK, EXIT_USAGE } from '../exit-codes.ts';
import { parseStartArguments } from '../start-arguments.ts';
import { supervisorSchema } from '../supervisor-config.ts';
import { callerOf, WORKSPACE } from '../workspace.ts';

export const KEYS_USAGE = 'tickpath keys [DIR] [--add NAME | --force] [--profile NAME]';

const DEFAULT_DIR = 'keys';

/** Who has a pair: the command line and every service but the venue, which speaks HTTP only. */
export const KEY_HOLDERS: readonly string[] = [...SERVICE_NAMES.filter((name) => name !== 'venue'), 'cli'];

interface KeysArguments {
  readonly dir: string | undefined;
  readonly profile: string | undefined;
  readonly add: string | undefined;
  readonly force: boolean;
  readonly help: boolean;
}

/** Makes a set of CURVE keys, or adds one pair to it. Says what was written, and no secret. */
export async function keys(argv: readonly string[]): Promise<number> {
  const args = parseKeysArguments(argv);
  if ('fault' in args) return fail([args.fault, `usage: ${KEYS_USAGE}`], EXIT_USAGE);
  if (args.help) {
    process.stdout.write(`usage: ${KEYS_USAGE}\n`);
    return EXIT_OK;
  }
  try {
    const dir = keysDir(args);
    const change =
      args.add === undefined ? createKeySet(dir, KEY_HOLDERS, { replace: args.force }) : addKey(dir, args.add);
    process.stdout.write(`${told(dir, args, change).join('\n')}\n`);
    return EXIT_OK;
  } catch (error) {
    if (error instanceof ConfigError) return fail(error.faults, EXIT_FAILED);
    if (error instanceof SecurityError) return fail([`${error.message}${wayOut(error, args)}`], EXIT_FAILED);
    // Of the file system: its message names the call and the path, and nothing of what was written.
    if (error instanceof Error && 'syscall' in error) return fail([error.message], EXIT_FAILED);
    throw error;
  }
}

function parseKeysArguments(argv: readonly string[]): KeysArguments | { readonly fault: string } {
  try {
    const { values, positionals } = parseArgs({
      args: [...argv],
      allowPositionals: true,
      options: {
        add: { type: 'string' },
        force: { type: 'boolean', default: false },
        profile: { type: 'string' },
        help: { type: 'boolean', short: 'h', default: false },
      },
    });
    const { add, force, profile, help } = values;
    const [dir, ...more] = positionals;
    if (more.length > 0) return { fault: `more than one folder: ${positionals.join(', ')}` };
    if (add !== undefined && force) return { fault: '--add adds one key and --force makes a new set: not both' };
    if (add !== undefined && !isKeyName(add)) {
      return { fault: `--add: found ${JSON.stringify(add)}; allowed: up to 32 of a-z, 0-9 and -, a letter first` };
    }
    return { dir, profile, add, force, help };
  } catch (error) {
    return { fault: (error as Error).message.split('. ')[0] ?? '' };
  }
}

/** A folder given here is relative to where the command was given; one in the configuration is so to the workspace. */
function keysDir({ dir, profile }: KeysArguments): string {
  const caller = callerOf(process.env);
  if (dir !== undefined) return resolve(caller.directory, dir);
  const parsed = parseStartArguments(profile === undefined ? [] : [`--profile=${profile}`], caller);
  const argv = 'fault' in parsed ? [] : parsed.configArgs;
  const { shared } = loadConfig({ section: 'supervisor', schema: supervisorSchema, argv, env: process.env });
  const configured = shared.security.keysDir;
  return configured === null ? resolve(caller.directory, DEFAULT_DIR) : resolve(WORKSPACE, configured);
}

function told(dir: string, { add, force }: KeysArguments, { written, unlisted }: KeySetChange): string[] {
  if (add !== undefined) {
    return [
      `wrote ${dir}/${add}.key and added its public key to allowed.json; services let it in after a restart`,
      `a client needs its own key file and, from allowed.json, the public key of each service it connects to`,
    ];
  }
  return [
    `wrote to ${dir} a key file each for ${written.join(', ')}`,
    `${dir}/allowed.json lists the public keys that are let in: add a foreign client's there, then restart the services`,
    ...(unlisted.length > 0 ? [`no longer listed: ${unlisted.join(', ')}`] : []),
    ...(force ? ['processes that run with other keys are shut out: restart them all'] : []),
    `to switch it on, set security.keysDir: ${dir} in the profile, or TICKPATH_SECURITY_KEYS_DIR, or --security.keysDir`,
  ];
}

function wayOut({ code }: SecurityError, { add }: KeysArguments): string {
  if (code !== 'KEYS_EXIST' || add !== undefined) return '';
  return '; --force makes a new one in its place, --add NAME adds one key';
}

function fail(lines: readonly string[], exitCode: number): number {
  for (const line of lines) process.stderr.write(`tickpath: ${line}\n`);
  return exitCode;
}

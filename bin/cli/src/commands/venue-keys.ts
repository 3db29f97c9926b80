import { resolve } from 'node:path';
import { ConfigError, FatalStartError, venueKeysFile, venueKeysOf } from '@tickpath/runtime';
import { EXIT_FAILED, EXIT_OK, EXIT_USAGE } from '../exit-codes.ts';
import { parseStackArguments, stackAt } from '../stack-arguments.ts';
import { WORKSPACE } from '../workspace.ts';

export const VENUE_KEYS_USAGE = 'tickpath venue-keys [--show] [--profile NAME] [--section.key=value …]';

/** Says where the keys of the simulated venue are and, only when told to, which they are: as a client's environment. */
export async function venueKeys(argv: readonly string[]): Promise<number> {
  const parsed = parseStackArguments(argv, { show: 'boolean' });
  if ('fault' in parsed) return fail([parsed.fault, `usage: ${VENUE_KEYS_USAGE}`], EXIT_USAGE);
  if (parsed.help) {
    process.stdout.write(`usage: ${VENUE_KEYS_USAGE}\n`);
    return EXIT_OK;
  }
  const [positional] = parsed.positionals;
  if (positional !== undefined) {
    return fail([`unknown argument ${positional}`, `usage: ${VENUE_KEYS_USAGE}`], EXIT_USAGE);
  }
  try {
    return tell(parsed.configArgs, parsed.values.show === true);
  } catch (error) {
    if (error instanceof ConfigError) return fail(error.faults, EXIT_FAILED);
    if (error instanceof FatalStartError) return fail([error.message], EXIT_FAILED);
    throw error;
  }
}

function tell(configArgs: readonly string[], isShown: boolean): number {
  const { shared, at } = stackAt(configArgs);
  const dir = resolve(WORKSPACE, shared.data.dir);
  const keys = venueKeysOf(shared, dir);
  const file = venueKeysFile(dir);
  if (keys === undefined) return fail([`no such file: ${file}; the first start of the venue makes it`], EXIT_FAILED);
  const url = at.httpUrl('venue');
  if (isShown) {
    const { keyId, secretKey } = keys;
    const variables = {
      ...{ APCA_API_KEY_ID: keyId, APCA_API_SECRET_KEY: secretKey },
      ...{ APCA_API_BASE_URL: url, APCA_API_DATA_URL: url },
    };
    for (const [name, value] of Object.entries(variables)) process.stdout.write(`${name}=${value}\n`);
    return EXIT_OK;
  }
  const isConfigured = keys === shared.alpaca;
  const where = isConfigured ? 'the configuration (alpaca.keyId, alpaca.secretKey)' : file;
  process.stdout.write(`the keys of the venue at ${url} are in ${where}; --show prints them\n`);
  return EXIT_OK;
}

function fail(lines: readonly string[], exitCode: number): number {
  for (const line of lines) process.stderr.write(`tickpath: ${line}\n`);
  return exitCode;
}

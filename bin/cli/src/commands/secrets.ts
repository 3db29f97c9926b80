import { resolve } from 'node:path';
import { EXIT_FAILED, EXIT_OK, EXIT_USAGE } from '../exit-codes.ts';
import { keepSecrets, type SecretHolder, SecretsError, type TextSecret } from '../secret-folders.ts';
import { callerOf, STARTED_SERVICES } from '../workspace.ts';

export const SECRETS_USAGE = 'tickpath secrets DIR';

const VENUE_KEYS: readonly TextSecret[] = ['alpaca-key-id', 'alpaca-secret-key'];
/** The venue and its two clients. */
const USE_VENUE_KEYS: readonly string[] = ['venue', 'market-data', 'execution'];

/** Everyone in a Compose stack who has a secret; the venue speaks HTTP only. */
export const SECRET_HOLDERS: readonly SecretHolder[] = [
  ...STARTED_SERVICES.map((name) => ({
    name,
    hasCurvePair: name !== 'venue',
    texts: USE_VENUE_KEYS.includes(name) ? VENUE_KEYS : [],
  })),
  { name: 'cli', hasCurvePair: true, texts: [] },
  { name: 'grafana', hasCurvePair: false, texts: ['admin-password'] },
];

/** Makes every secret of a Compose stack once, and a folder with its share for each holder. Prints no secret. */
export async function secrets(argv: readonly string[]): Promise<number> {
  const [dir, ...more] = argv;
  if (dir === '--help' || dir === '-h') {
    process.stdout.write(`usage: ${SECRETS_USAGE}\n`);
    return EXIT_OK;
  }
  if (dir === undefined || dir.startsWith('-') || more.length > 0) {
    process.stderr.write(`tickpath: one folder is needed\nusage: ${SECRETS_USAGE}\n`);
    return EXIT_USAGE;
  }
  const folder = resolve(callerOf(process.env).directory, dir);
  try {
    const { set, handedOut } = keepSecrets(folder, SECRET_HOLDERS);
    const written = handedOut.length > 0 ? `; wrote ${handedOut.length} files into the holders' folders` : '';
    process.stdout.write(`secrets in ${folder}: ${set === 'made' ? 'made a new set' : 'kept the set'}${written}\n`);
    return EXIT_OK;
  } catch (error) {
    if (error instanceof SecretsError) {
      process.stderr.write(`tickpath: ${error.message}; without ${folder}/master a new set is made\n`);
      return EXIT_FAILED;
    }
    // Of the file system: its message names the call and the path, and nothing of what was written.
    if (!(error instanceof Error && 'syscall' in error)) throw error;
    process.stderr.write(`tickpath: ${error.message}\n`);
    return EXIT_FAILED;
  }
}

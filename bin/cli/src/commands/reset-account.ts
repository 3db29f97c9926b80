import { ConfigError, FatalStartError } from '@tickpath/runtime';
import { EXIT_FAILED, EXIT_OK, EXIT_USAGE } from '../exit-codes.ts';
import { parseStackArguments } from '../stack-arguments.ts';
import { askVenue } from '../venue-question.ts';

export const RESET_ACCOUNT_USAGE = 'tickpath reset-account [--cash N] --yes [--profile NAME] [--section.key=value …]';

const PATH = '/tickpath/v1/account/reset';
const ANSWER_TIMEOUT_MS = 10_000;

interface AccountEntity {
  readonly id: string;
  readonly account_number: string;
  readonly cash: string;
}

/** Opens another account at the simulated venue, once it is certain that this is meant. */
export async function resetAccount(argv: readonly string[]): Promise<number> {
  const parsed = parseStackArguments(argv, { cash: 'string', yes: 'boolean' });
  if (!('fault' in parsed) && parsed.help) {
    process.stdout.write(`usage: ${RESET_ACCOUNT_USAGE}\n`);
    return EXIT_OK;
  }
  const fault = 'fault' in parsed ? parsed.fault : faultOf(parsed.positionals, parsed.values);
  if ('fault' in parsed || fault !== undefined) {
    process.stderr.write(`tickpath: ${fault}\nusage: ${RESET_ACCOUNT_USAGE}\n`);
    return EXIT_USAGE;
  }
  try {
    const { cash } = parsed.values;
    const body = cash === undefined ? {} : { cash };
    const answer = await askVenue<AccountEntity>(parsed.configArgs, { path: PATH, body, timeoutMs: ANSWER_TIMEOUT_MS });
    if (answer.ok) {
      const { id, account_number: number, cash: opened } = answer.value;
      process.stdout.write(`account ${number} (${id}) opened with ${opened} USD\n`);
      process.stdout.write('`tickpath rebase` has risk and execution take it\n');
      return EXIT_OK;
    }
    process.stderr.write(`tickpath: ${answer.fault}\n`);
  } catch (error) {
    if (!(error instanceof ConfigError) && !(error instanceof FatalStartError)) throw error;
    for (const line of error instanceof ConfigError ? error.faults : [error.message]) {
      process.stderr.write(`tickpath: ${line}\n`);
    }
  }
  return EXIT_FAILED;
}

function faultOf(
  [positional]: readonly string[],
  { cash, yes }: { readonly cash?: string; readonly yes?: boolean },
): string | undefined {
  if (positional !== undefined) return `unknown argument ${positional}`;
  if (cash === '') return '--cash needs a value';
  return yes === true
    ? undefined
    : 'it cancels every open order and forgets every position; --yes says that this is meant';
}

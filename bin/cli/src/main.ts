/** The commands of `tickpath`, by the first word of the command line. */
import { bench } from './commands/bench.ts';
import { config } from './commands/config.ts';
import { help } from './commands/help.ts';
import { journal } from './commands/journal.ts';
import { keys } from './commands/keys.ts';
import { latency } from './commands/latency.ts';
import { logLevel } from './commands/log-level.ts';
import { rebase } from './commands/rebase.ts';
import { resetAccount } from './commands/reset-account.ts';
import { secrets } from './commands/secrets.ts';
import { soak } from './commands/soak.ts';
import { start } from './commands/start.ts';
import { symbols } from './commands/symbols.ts';
import { tape } from './commands/tape.ts';
import { test } from './commands/test.ts';
import { trace } from './commands/trace.ts';
import { venueKeys } from './commands/venue-keys.ts';
import { EXIT_OK, EXIT_USAGE } from './exit-codes.ts';
import { workspaceVersion } from './workspace.ts';

type Command = (argv: readonly string[]) => Promise<number>;

const COMMANDS: Readonly<Record<string, Command>> = {
  start,
  test,
  soak,
  bench,
  config,
  keys,
  secrets,
  latency,
  trace,
  journal,
  rebase,
  symbols,
  tape,
  'reset-account': resetAccount,
  'log-level': logLevel,
  'venue-keys': venueKeys,
  help,
  '--help': help,
  '-h': help,
  '--version': version,
};

/** Runs one command. Resolves to the exit code. */
export async function main([name, ...argv]: readonly string[]): Promise<number> {
  const command = name !== undefined && Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (command !== undefined) return command(argv);
  const fault = name === undefined ? 'no command given' : `unknown command ${name}`;
  process.stderr.write(
    `tickpath: ${fault}\nusage: tickpath start | latency | trace | journal | rebase | symbols | tape | reset-account | log-level | config | keys | venue-keys | secrets | test | soak | bench | help | --version\n`,
  );
  return EXIT_USAGE;
}

async function version(): Promise<number> {
  process.stdout.write(`${workspaceVersion()}\n`);
  return EXIT_OK;
}

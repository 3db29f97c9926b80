import { LOG_LEVELS } from '@tickpath/runtime';
import { EXIT_OK } from '../exit-codes.ts';
import { BENCH_USAGE } from './bench.ts';
import { CONFIG_USAGE } from './config.ts';
import { JOURNAL_USAGE } from './journal.ts';
import { KEYS_USAGE } from './keys.ts';
import { LATENCY_USAGE } from './latency.ts';
import { LOG_LEVEL_USAGE } from './log-level.ts';
import { REBASE_USAGE } from './rebase.ts';
import { RESET_ACCOUNT_USAGE } from './reset-account.ts';
import { SECRETS_USAGE } from './secrets.ts';
import { SOAK_USAGE } from './soak.ts';
import { START_USAGE } from './start.ts';
import { SYMBOLS_USAGE } from './symbols.ts';
import { TAPE_USAGE } from './tape.ts';
import { TEST_USAGE } from './test.ts';
import { TRACE_USAGE } from './trace.ts';
import { VENUE_KEYS_USAGE } from './venue-keys.ts';

export const HELP_TEXT = `Tickpath, a paper-trading stack that can explain every order by the tick that caused it

${START_USAGE}
    runs every service until Ctrl-C
    --profile NAME         a file of config/, or the path of one (default: sim)
    --replay FILE[,FILE]   plays recorded ticks: profile replay with these files
    --pace N|max           speed of the replay: 1 as recorded, 10 ten times that, max as fast as it is read
    --json                 lines of JSON instead of readable ones
    --section.key=value    any key of the configuration
${LATENCY_USAGE}
    prints how long each stage of a running stack takes, beside its budget
    --watch                again every 2 s, with what came meanwhile
    --json                 one object of JSON
${TRACE_USAGE}
    prints the trace of an order, from the tick to the position, as a tree
    --jaeger URL           Jaeger's query API (default: tracing.queryUrl)
${JOURNAL_USAGE}
    looks into the journals of a folder (or into one file) while a service writes them or none does
    ls                     what there is; --json for lines of JSON
    cat                    events as lines of JSON; --follow goes on with what is appended
                           --stream NAME and --type NAME, each as often as needed
                           --from and --to: a number of the journal or a time (RFC 3339), both included
    verify                 checks all of it, also an export; exit code 1 at a fault; --json for lines of JSON
    export                 lines of JSON with a manifest and checksums, to --out FOLDER (default: journal-export)
${REBASE_USAGE}
    the last resort, when a log is unknown (/healthz of risk and execution says so) or a halt is to be lifted: risk and
    execution accept each other's log as it is, lift a halt, and take cash, positions and open orders from the venue
    --reason TEXT          stands in both logs
${SYMBOLS_USAGE}
    tells market-data's feeds, their state and symbols, after having added a symbol or removed one; a change lasts until
    market-data starts again
    --feed NAME            where an added symbol is at home; only with several feeds
    --json                 what market-data answers
${TAPE_USAGE}
    holds and moves the tape that a running venue replays (profile replay unless told otherwise); a tape that is moved
    begins a new run, to which every client connects again
    TIME                   RFC 3339, HH:MM[:SS] in New York on the day of the tape, or a share of its rows such as 50%
    N                      10 is ten times the speed at which it was recorded; max is as fast as it is read
${RESET_ACCOUNT_USAGE}
    opens another account at the simulated venue, with nothing but cash (default: venue.initialCashUsd): open orders are
    canceled, positions gone; then \`tickpath rebase\` has risk and execution take it
${LOG_LEVEL_USAGE}
    changes the log level of running services until they end: ${LOG_LEVELS.join(', ')}
${CONFIG_USAGE}
    prints the configuration in force, secrets masked
${KEYS_USAGE}
    makes the keys that encrypt and guard every socket, one a process (default folder: security.keysDir, else keys)
    --add NAME             adds a pair for one more client to the set
    --force                makes a new set in place of the one there
${VENUE_KEYS_USAGE}
    tells where the keys of the simulated venue are, which its first start makes
    --show                 prints them, as the environment of an Alpaca client: env $(tickpath venue-keys --show) CLIENT
${SECRETS_USAGE}
    makes every secret of a Compose stack once, and hands each service its share in DIR/NAME
${TEST_USAGE}
    types, lint, then the tests (of the files whose path contains one of the parts)
${SOAK_USAGE}
    the tests that rest on chance, with FACTOR times the seeds, kills and cases (default 25)
${BENCH_USAGE}
    runs one bench, or lists them
tickpath help, tickpath --version
`;

export async function help(): Promise<number> {
  process.stdout.write(HELP_TEXT);
  return EXIT_OK;
}

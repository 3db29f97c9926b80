import { type JournalBenchOptions, parseJournalOptions, USAGE } from './journal/options.ts';
import { isProved, reportJson, reportText } from './journal/report.ts';
import { measureJournal } from './journal/run.ts';
import { Children } from './measure/children.ts';

const EXIT_FAILED = 1;
const EXIT_USAGE = 2;
const EXIT_INTERRUPTED = 130;

const say = (line: string) => process.stderr.write(`${line}\n`);

/** What libs/journal costs beside bare node:sqlite: commits, flushes, reads, recovery, and holds of the event loop. */
async function main(): Promise<number> {
  let options: JournalBenchOptions;
  try {
    options = parseJournalOptions(process.argv.slice(2));
  } catch (error) {
    say(`journal: ${(error as Error).message}\n${USAGE}`);
    return EXIT_USAGE;
  }
  const children = new Children(process.env);
  const interrupted = Promise.withResolvers<number>();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => interrupted.resolve(EXIT_INTERRUPTED));
  }
  const measured = measureJournal({ children, options, say }).then((rounds) => {
    process.stdout.write(`${reportText(rounds)}\n${JSON.stringify(reportJson(rounds))}\n`);
    return isProved(rounds) ? 0 : EXIT_FAILED;
  });
  try {
    return await Promise.race([measured, children.failure, interrupted.promise]);
  } catch (error) {
    say(`journal: ${(error as Error).message}`);
    return EXIT_FAILED;
  } finally {
    measured.catch(() => {});
    await children.close();
  }
}

process.exit(await main());

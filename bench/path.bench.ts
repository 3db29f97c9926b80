import { Children } from './measure/children.ts';
import { type PathOptions, parseOptions, USAGE } from './path/options.ts';
import { lossOf, reportJson, reportText } from './path/report.ts';
import { measurePath } from './path/run.ts';

const EXIT_FAILED = 1;
const EXIT_USAGE = 2;
const EXIT_INTERRUPTED = 130;

const say = (line: string) => process.stderr.write(`${line}\n`);

/** Tick to order, and ticks a second, of the whole stack beside the bare relay and the straight line (DESIGN §13). */
async function main(): Promise<number> {
  let options: PathOptions;
  try {
    options = parseOptions(process.argv.slice(2));
  } catch (error) {
    say(`path: ${(error as Error).message}\n${USAGE}`);
    return EXIT_USAGE;
  }
  // Only what the bench sets decides how the services run.
  const env = Object.entries(process.env).filter(([name]) => !/^(?:TICKPATH_|APCA_)/.test(name));
  const children = new Children(Object.fromEntries(env));
  const interrupted = Promise.withResolvers<number>();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => interrupted.resolve(EXIT_INTERRUPTED));
  }
  const measured = measurePath({ children, options, say }).then((rounds) => {
    process.stdout.write(`${reportText(rounds, options)}\n${JSON.stringify(reportJson(rounds))}\n`);
    return lossOf(rounds) === 0 ? 0 : EXIT_FAILED;
  });
  try {
    return await Promise.race([measured, children.failure, interrupted.promise]);
  } catch (error) {
    say(`path: ${(error as Error).message}`);
    return EXIT_FAILED;
  } finally {
    measured.catch(() => {});
    await children.close();
  }
}

process.exit(await main());

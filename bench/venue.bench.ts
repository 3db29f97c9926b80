import { Children } from './measure/children.ts';
import { parseVenueOptions, USAGE, type VenueBenchOptions } from './venue/options.ts';
import { lossOf, reportJson, reportText } from './venue/report.ts';
import { measureVenue } from './venue/run.ts';
import { KEYS } from './venue/servers.ts';

const EXIT_FAILED = 1;
const EXIT_USAGE = 2;
const EXIT_INTERRUPTED = 130;

const say = (line: string) => process.stderr.write(`${line}\n`);

/** Ticks out, orders in and the updates of the venue's own process, and its cores alone. */
async function main(): Promise<number> {
  let options: VenueBenchOptions;
  try {
    options = parseVenueOptions(process.argv.slice(2));
  } catch (error) {
    say(`venue: ${(error as Error).message}\n${USAGE}`);
    return EXIT_USAGE;
  }
  // Only what the bench sets decides how the venue runs.
  const env = Object.entries(process.env).filter(([name]) => !/^(?:TICKPATH_|APCA_)/.test(name));
  const children = new Children({ ...Object.fromEntries(env), ...KEYS });
  const interrupted = Promise.withResolvers<number>();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => interrupted.resolve(EXIT_INTERRUPTED));
  }
  const measured = measureVenue({ children, options, say }).then((rounds) => {
    process.stdout.write(`${reportText(rounds, options)}\n${JSON.stringify(reportJson(rounds))}\n`);
    return lossOf(rounds) === 0 ? 0 : EXIT_FAILED;
  });
  try {
    return await Promise.race([measured, children.failure, interrupted.promise]);
  } catch (error) {
    say(`venue: ${(error as Error).message}`);
    return EXIT_FAILED;
  } finally {
    measured.catch(() => {});
    await children.close();
  }
}

process.exit(await main());

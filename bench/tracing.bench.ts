import { Children } from './measure/children.ts';
import { parseTracingOptions, type TracingBenchOptions, USAGE } from './tracing/options.ts';
import { lossOf, reportJson, reportText } from './tracing/report.ts';
import { measureTracing } from './tracing/run.ts';

const EXIT_FAILED = 1;
const EXIT_USAGE = 2;
const EXIT_INTERRUPTED = 130;

const say = (line: string) => process.stderr.write(`${line}\n`);

/** What it costs a stack to trace its orders, beside the same stack that does not. */
async function main(): Promise<number> {
  let options: TracingBenchOptions;
  try {
    options = parseTracingOptions(process.argv.slice(2));
  } catch (error) {
    say(`tracing: ${(error as Error).message}\n${USAGE}`);
    return EXIT_USAGE;
  }
  // Only what the bench sets decides how the services run.
  const env = Object.entries(process.env).filter(([name]) => !/^(?:TICKPATH_|APCA_)/.test(name));
  const children = new Children(Object.fromEntries(env));
  const interrupted = Promise.withResolvers<number>();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => interrupted.resolve(EXIT_INTERRUPTED));
  }
  const measured = measureTracing({ children, options, say }).then((rounds) => {
    process.stdout.write(`${reportText(rounds)}\n${JSON.stringify(reportJson(rounds))}\n`);
    return lossOf(rounds) === 0 ? 0 : EXIT_FAILED;
  });
  try {
    return await Promise.race([measured, children.failure, interrupted.promise]);
  } catch (error) {
    say(`tracing: ${(error as Error).message}`);
    return EXIT_FAILED;
  } finally {
    measured.catch(() => {});
    await children.close();
  }
}

process.exit(await main());

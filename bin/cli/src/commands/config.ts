import { EXIT_FAILED, EXIT_OK, EXIT_USAGE } from '../exit-codes.ts';
import { readProgram } from '../program.ts';
import { parseStartArguments } from '../start-arguments.ts';
import { callerOf, STARTED_SERVICES, serviceEntry } from '../workspace.ts';

export const CONFIG_USAGE =
  'tickpath config [--profile NAME] [--replay FILE[,FILE]] [--pace N|max] [--section.key=value …]';

/** Prints what `start` with the same arguments would run with, as each service reads it, secrets masked. */
export async function config(argv: readonly string[]): Promise<number> {
  const parsed = parseStartArguments(argv, callerOf(process.env));
  if ('fault' in parsed) {
    process.stderr.write(`tickpath: ${parsed.fault}\nusage: ${CONFIG_USAGE}\n`);
    return EXIT_USAGE;
  }
  const answers = await Promise.all(
    STARTED_SERVICES.map((name) =>
      readProgram(process.execPath, [
        '--disable-warning=ExperimentalWarning',
        serviceEntry(name),
        '--print-config',
        ...parsed.configArgs,
      ]),
    ),
  );
  const failed = answers.filter(({ exitCode }) => exitCode !== EXIT_OK);
  if (failed.length > 0) {
    process.stderr.write(failed.map(({ stderr }) => stderr).join(''));
    return EXIT_FAILED;
  }
  // Every answer has the shared sections and its service's own.
  const sections = answers.map(({ stdout }) => JSON.parse(stdout) as Record<string, unknown>);
  process.stdout.write(`${JSON.stringify(Object.assign({}, ...sections), null, 2)}\n`);
  return EXIT_OK;
}

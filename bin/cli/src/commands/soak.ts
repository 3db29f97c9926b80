import { EXIT_USAGE } from '../exit-codes.ts';
import { runProgram } from '../program.ts';
import { workspaceFiles } from '../workspace.ts';

export const SOAK_USAGE = 'tickpath soak [FACTOR]';

/** Read by the tests below: how many times the ordinary number of seeds, kills and cases they run. */
export const SOAK_VARIABLE = 'TICKPATH_SOAK';
const DEFAULT_FACTOR = '25';
const SOAK_FILES = [
  'test/chaos/**/*.test.ts',
  'test/journal/**/*.test.ts',
  'test/cores/**/*.test.ts',
  'test/trace/**/*.test.ts',
  'libs/wire/test/codec-fuzz.test.ts',
  'libs/wire/test/stream-tracker.test.ts',
];

/** The tests that rest on chance, at length: the same code as in `tickpath test` with more seeds. */
export async function soak([factor = DEFAULT_FACTOR, ...rest]: readonly string[]): Promise<number> {
  if (!/^[1-9]\d{0,3}$/.test(factor) || rest.length > 0) {
    process.stderr.write(`tickpath: FACTOR is a whole number from 1 to 9999, not ${factor}\nusage: ${SOAK_USAGE}\n`);
    return EXIT_USAGE;
  }
  process.env[SOAK_VARIABLE] = factor;
  return runProgram(process.execPath, ['--test', '--test-concurrency=1', ...workspaceFiles(SOAK_FILES)]);
}

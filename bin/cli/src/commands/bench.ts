import { basename } from 'node:path';
import { EXIT_OK, EXIT_USAGE } from '../exit-codes.ts';
import { runProgram } from '../program.ts';
import { workspaceFiles } from '../workspace.ts';

export const BENCH_USAGE = 'tickpath bench [NAME [ARG …]]';

const SUFFIX = '.bench.ts';

/** Runs one bench, or lists them. */
export async function bench([name, ...args]: readonly string[]): Promise<number> {
  const names = workspaceFiles([`bench/*${SUFFIX}`]).map((file) => basename(file, SUFFIX));
  if (name === undefined) {
    process.stdout.write(`${[`usage: ${BENCH_USAGE}`, 'benches:', ...names.map((each) => `  ${each}`)].join('\n')}\n`);
    return EXIT_OK;
  }
  if (!names.includes(name)) {
    process.stderr.write(
      `tickpath: no bench ${name}; there are: ${names.join(', ') || 'none'}\nusage: ${BENCH_USAGE}\n`,
    );
    return EXIT_USAGE;
  }
  return runProgram(process.execPath, [`bench/${name}${SUFFIX}`, ...args]);
}

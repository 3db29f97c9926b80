import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { EXIT_FAILED, EXIT_OK } from '../exit-codes.ts';
import { runProgram } from '../program.ts';
import { WORKSPACE, workspaceFiles } from '../workspace.ts';

export const TEST_USAGE = 'tickpath test [PART-OF-A-PATH …] [--flag-of-node-test …]';

const TEST_FILES = [
  'libs/*/test/**/*.test.ts',
  'services/*/test/**/*.test.ts',
  'bin/cli/test/**/*.test.ts',
  'test/**/*.test.ts',
  'bench/test/**/*.test.ts',
];

/** Tests of processes wait more than they work: on two cores, one file at a time leaves one of them idle. */
const CONCURRENCY = Math.max(2, availableParallelism() - 1);

/** Types, lint and format, then the tests; stops at the first that fails, with its exit code. */
export async function test(argv: readonly string[]): Promise<number> {
  const filters = argv.filter((arg) => !arg.startsWith('-'));
  const flags = argv.filter((arg) => arg.startsWith('-'));
  const files = workspaceFiles(TEST_FILES).filter(
    (file) => filters.length === 0 || filters.some((filter) => file.includes(filter)),
  );
  if (files.length === 0) {
    process.stderr.write(`tickpath: no test file matches ${filters.join(', ')}\n`);
    return EXIT_FAILED;
  }
  const stages: [title: string, program: string, args: readonly string[]][] = [
    ['types', tool('tsc'), ['--noEmit']],
    ['lint and format', tool('biome'), ['check']],
    ['tests', process.execPath, ['--test', `--test-concurrency=${CONCURRENCY}`, ...flags, ...files]],
  ];
  for (const [title, program, args] of stages) {
    process.stdout.write(`── ${title}\n`);
    const exitCode = await runProgram(program, args);
    if (exitCode !== EXIT_OK) return exitCode;
  }
  return EXIT_OK;
}

function tool(name: string): string {
  return join(WORKSPACE, 'node_modules/.bin', name);
}

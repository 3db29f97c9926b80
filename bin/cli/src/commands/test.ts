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
];

/** Short runs of the benches drive whole stacks at full load: they go alone, or they measure each other. */
const BENCH_TEST_FILES = ['bench/test/**/*.test.ts'];

interface Stage {
  readonly title: string;
  readonly program: string;
  readonly args: readonly string[];
}

const CHECKS: readonly Stage[] = [
  { title: 'types', program: tool('tsc'), args: ['--noEmit'] },
  { title: 'lint and format', program: tool('biome'), args: ['check'] },
];

/** Tests of processes wait more than they work: on two cores, one file at a time leaves one of them idle. */
const CONCURRENCY = Math.max(2, availableParallelism() - 1);

/** Types, lint and format, then the tests, which all run; answers with the exit code of the first that failed. */
export async function test(argv: readonly string[]): Promise<number> {
  const filters = argv.filter((arg) => !arg.startsWith('-'));
  const flags = argv.filter((arg) => arg.startsWith('-'));
  const chosen = (patterns: readonly string[]) =>
    workspaceFiles(patterns).filter((file) => filters.length === 0 || filters.some((filter) => file.includes(filter)));
  const tests: readonly Stage[] = [
    testStage('tests', chosen(TEST_FILES), [`--test-concurrency=${CONCURRENCY}`, ...flags]),
    testStage('tests of the benches', chosen(BENCH_TEST_FILES), ['--test-concurrency=1', ...flags]),
  ].filter(({ files }) => files.length > 0);
  if (tests.length === 0) {
    process.stderr.write(`tickpath: no test file matches ${filters.join(', ')}\n`);
    return EXIT_FAILED;
  }
  for (const stage of CHECKS) {
    const exitCode = await run(stage);
    if (exitCode !== EXIT_OK) return exitCode;
  }
  let failed = EXIT_OK;
  let isInterrupted = false;
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => (isInterrupted = true));
  for (const stage of tests) {
    if (isInterrupted) break;
    const exitCode = await run(stage);
    if (failed === EXIT_OK) failed = exitCode;
  }
  return failed;
}

function testStage(title: string, files: readonly string[], flags: readonly string[]) {
  return { title, files, program: process.execPath, args: ['--test', ...flags, ...files] };
}

function run({ title, program, args }: Stage): Promise<number> {
  process.stdout.write(`── ${title}\n`);
  return runProgram(program, args);
}

function tool(name: string): string {
  return join(WORKSPACE, 'node_modules/.bin', name);
}

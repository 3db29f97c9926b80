import { spawnSync } from 'node:child_process';

/** The words to skip with when a program is not installed, else `false`. */
export function missing(program: string): string | false {
  const { error } = spawnSync(program, ['--version'], { stdio: 'ignore' });
  return error === undefined ? false : `${program} is not installed`;
}

/** Runs a program to its end and gives what it wrote, stdout and stderr together, with its exit code. */
export function run(program: string, args: readonly string[], cwd: string): { status: number | null; output: string } {
  const { status, stdout, stderr } = spawnSync(program, args, { cwd, encoding: 'utf8' });
  return { status, output: `${stdout}${stderr}` };
}

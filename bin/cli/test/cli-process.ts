import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { pathToFileURL } from 'node:url';

const MAIN = pathToFileURL(join(import.meta.dirname, '../src/main.ts')).href;
const RUN = `import { main } from '${MAIN}'; process.exit(await main(process.argv.slice(1)));`;

export interface Told {
  readonly status: number | null;
  readonly stdout: string;
  /** Lines of stderr. */
  readonly lines: readonly string[];
}

/** The program and its arguments that run the command line behind the bootstrap. */
export function commandLine(...argv: string[]): [program: string, ...args: string[]] {
  return [process.execPath, '--input-type=module', '--eval', RUN, '--', ...argv];
}

/** Runs the command line behind the bootstrap as a process of its own, while this one can serve what it asks for. */
export async function tickpath(...argv: string[]): Promise<Told> {
  const [program, ...args] = commandLine(...argv);
  const env = { ...process.env, TICKPATH_PROFILE: undefined, npm_lifecycle_event: undefined };
  const child = spawn(program, args, { env, stdio: ['ignore', 'pipe', 'pipe'] });
  const ended = new Promise<number | null>((resolve) => void child.once('exit', resolve));
  const [stdout, stderr, status] = await Promise.all([text(child.stdout), text(child.stderr), ended]);
  return { status, stdout, lines: stderr.trimEnd().split('\n') };
}

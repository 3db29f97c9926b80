import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { eventually } from './condition.ts';

/** Services that a killed supervisor leaves behind may still be writing while they end. */
export const REMOVAL = { recursive: true, force: true, maxRetries: 10 } as const;

export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** Where a service keeps its journal if the test does not say where. */
const DATA_DIR_VARIABLE = 'TICKPATH_DATA_DIR';

/**
 * A real child process whose output lines can be waited for. A service has a folder of its own for its journal, gone with
 * the process, unless the test names one.
 */
export class TestProcess {
  /** Every line of stdout and stderr so far, in order of arrival. */
  readonly lines: string[] = [];
  readonly ended: Promise<Ended>;
  readonly #child: ChildProcess;
  #running = true;

  constructor(command: readonly [string, ...string[]], options: { cwd?: string; env?: NodeJS.ProcessEnv } = {}) {
    const [program, ...args] = command;
    const dataDir = join(tmpdir(), `tickpath-data-${randomUUID()}`);
    const env = { [DATA_DIR_VARIABLE]: dataDir, ...(options.env ?? process.env) };
    const child = spawn(program, args, { ...options, env, stdio: ['pipe', 'pipe', 'pipe'] });
    this.#child = child;
    for (const stream of [child.stdout, child.stderr]) {
      createInterface({ input: stream }).on('line', (line) => this.lines.push(line));
    }
    this.ended = new Promise((resolve) => {
      child.once('close', (code, signal) => {
        this.#running = false;
        rmSync(dataDir, REMOVAL);
        resolve({ code, signal });
      });
    });
  }

  get pid(): number {
    return this.#child.pid ?? -1;
  }

  get running(): boolean {
    return this.#running;
  }

  kill(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  /** Writes to its stdin. */
  write(text: string): void {
    this.#child.stdin?.write(text);
  }

  /** The first line from number `from` on that matches; with the whole output in the error if none comes in time. */
  async line(pattern: RegExp, { from = 0, boundMs = 30_000 } = {}): Promise<string> {
    try {
      return await eventually(
        `a line ${pattern}`,
        () => {
          const found = this.lines.slice(from).find((line) => pattern.test(line));
          if (found === undefined && !this.#running) throw new Error(`the process ended without a line ${pattern}`);
          return found;
        },
        boundMs,
      );
    } catch (error) {
      throw new Error(`${(error as Error).message}\n${this.lines.slice(-60).join('\n')}`);
    }
  }
}

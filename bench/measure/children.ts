import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const KILL_AFTER_MS = 2500;
const LOG_TAIL_LINES = 15;

export interface Command {
  readonly name: string;
  /** Arguments to Node: its own, the file, the file's. */
  readonly args: readonly string[];
  /** Whether to open a channel for `send` and `message`. */
  readonly ipc: boolean;
}

/**
 * The processes of a bench. Their output goes to files, so that nobody has to read it while measuring. None outlives
 * the bench: `stop` ends them, and an exit of this process by any other way kills them.
 */
export class Children {
  readonly #folder = mkdtempSync(join(tmpdir(), 'tickpath-bench-'));
  readonly #running = new Map<ChildProcess, string>();
  readonly #stopping = new Set<ChildProcess>();
  readonly #env: NodeJS.ProcessEnv;
  readonly #failure = Promise.withResolvers<never>();

  constructor(env: NodeJS.ProcessEnv) {
    this.#env = env;
    this.#failure.promise.catch(() => {});
    process.on('exit', this.#killAll);
  }

  /** Rejects when a child ends that was not told to, with the last lines it wrote. */
  get failure(): Promise<never> {
    return this.#failure.promise;
  }

  /** For files of the bench; gone with it, however it ends. */
  get folder(): string {
    return this.#folder;
  }

  start({ name, args, ipc }: Command): ChildProcess {
    const file = join(this.#folder, `${name}-${this.#running.size}.log`);
    const output = openSync(file, 'w');
    const stdio = ['ignore' as const, output, output, ...(ipc ? ['ipc' as const] : [])];
    const child = spawn(process.execPath, args, { stdio, env: this.#env });
    closeSync(output);
    this.#running.set(child, name);
    child.on('error', (error) => this.#failure.reject(error));
    child.on('exit', (code, signal) => {
      this.#running.delete(child);
      if (this.#stopping.delete(child)) return;
      const tail = readFileSync(file, 'utf8').trimEnd().split('\n').slice(-LOG_TAIL_LINES).join('\n');
      this.#failure.reject(new Error(`${name} ended (${signal ?? code}); its last lines:\n${tail}`));
    });
    return child;
  }

  /** Ends the given children, by SIGTERM at first unless told otherwise, and resolves when they are gone. */
  async stop(
    children: Iterable<ChildProcess> = this.#running.keys(),
    signal: NodeJS.Signals = 'SIGTERM',
  ): Promise<void> {
    const alive = [...children].filter((child) => this.#running.has(child));
    const gone = alive.map((child) => new Promise<void>((resolve) => child.once('exit', () => resolve())));
    for (const child of alive) {
      this.#stopping.add(child);
      child.kill(signal);
    }
    const late = new AbortController();
    const killing = sleep(KILL_AFTER_MS, undefined, { signal: late.signal }).then(
      () => alive.forEach((child) => void child.kill('SIGKILL')),
      () => {},
    );
    await Promise.all(gone);
    late.abort();
    await killing;
  }

  /** Ends every child and removes their output. */
  async close(): Promise<void> {
    await this.stop();
    process.off('exit', this.#killAll);
    rmSync(this.#folder, { recursive: true, force: true });
  }

  readonly #killAll = (): void => {
    for (const child of this.#running.keys()) child.kill('SIGKILL');
    rmSync(this.#folder, { recursive: true, force: true });
  };
}

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import type { ServiceCommand } from '../src/supervisor.ts';

export const BOUND_MS = 15_000;
const POLL_MS = 10;

/** A small real program that behaves as a service does towards its supervisor, in the way its argument says. */
const CHILD = `
import { existsSync, writeFileSync } from 'node:fs';
const [name, behaviour, marker] = process.argv.slice(2);
const say = (fields) => console.log(JSON.stringify({ level: 'info', time: Date.now(), service: name, ...fields }));
if (process.env.TICKPATH_SUPERVISED !== '1') throw new Error('not supervised');
if (behaviour === 'cannot-run') {
  say({ level: 'fatal', msg: 'port 1 is already in use' });
  process.exit(78);
}
process.on('SIGINT', () => {});
process.on('SIGTERM', () => {
  if (behaviour !== 'deaf') process.exit(0);
});
process.stdin.on('close', () => process.exit(0)).resume();
say({ lifecycle: 'ready', msg: 'ready', pid: process.pid });
console.error('no JSON from ' + name);
if (behaviour === 'dies-once' && !existsSync(marker)) {
  writeFileSync(marker, '');
  process.exit(70);
}
`;

/** Commands for services that behave as said: `run`, `dies-once`, `cannot-run`, or `deaf` to SIGTERM. */
export function serviceCommands(behaviours: Readonly<Record<string, string>>): ServiceCommand[] {
  const folder = mkdtempSync(join(tmpdir(), 'tickpath-supervisor-'));
  const program = join(folder, 'child.mjs');
  writeFileSync(program, CHILD);
  return Object.entries(behaviours).map(([name, behaviour]) => ({
    name,
    command: [process.execPath, program, name, behaviour, join(folder, `${name}.died`)],
  }));
}

export interface SupervisorProcess {
  readonly pid: number;
  readonly lines: readonly string[];
  /** The process ids of the services, as they said them, latest last. */
  pids(): number[];
  signal(signal: NodeJS.Signals): void;
  /** The exit code, null after a signal. */
  exited(): Promise<number | null>;
}

/** Starts a supervisor as a process of its own; its output is lines of JSON. */
export function spawnSupervisor(services: readonly ServiceCommand[]): SupervisorProcess {
  const program = join(import.meta.dirname, 'supervisor-process.ts');
  const child = spawn(process.execPath, [program, JSON.stringify(services)], { stdio: ['ignore', 'pipe', 'inherit'] });
  const lines: string[] = [];
  createInterface({ input: child.stdout }).on('line', (line) => lines.push(line));
  const exit = once(child, 'close', { signal: AbortSignal.timeout(BOUND_MS) });
  exit.catch(() => child.kill('SIGKILL'));
  return {
    pid: child.pid ?? 0,
    lines,
    pids: () => lines.flatMap((line) => /"pid":(\d+)/.exec(line)?.[1] ?? []).map(Number),
    signal: (signal) => void child.kill(signal),
    async exited() {
      const [code] = (await exit) as [number | null];
      return code;
    },
  };
}

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

/** Waits for a condition, and fails with what was expected if it does not come true in time. */
export async function until(expected: string, holds: () => boolean): Promise<void> {
  const deadline = performance.now() + BOUND_MS;
  while (!holds()) {
    if (performance.now() > deadline) throw new Error(`not within ${BOUND_MS} ms: ${expected}`);
    await delay(POLL_MS);
  }
}

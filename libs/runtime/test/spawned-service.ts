import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { PORTS, SUPERVISED_VARIABLE } from '../src/index.ts';

const BOUND_MS = 10_000;
const EXAMPLE = join(import.meta.dirname, 'example-service.ts');

export interface SpawnedService {
  readonly child: ChildProcess;
  readonly stdout: readonly string[];
  readonly stderr: readonly string[];
  readonly healthUrl: string;
  /** Resolves to the first line of stdout that contains the text. */
  sees(text: string): Promise<string>;
  /** Resolves to the exit code, once all output is read. */
  exited(): Promise<number | null>;
}

export interface SpawnOptions {
  readonly behaviour?: string;
  readonly supervised?: boolean;
  readonly portOffset?: number;
  readonly args?: readonly string[];
  readonly env?: NodeJS.ProcessEnv;
}

/** Starts the example service as a process of its own, on a port that was free a moment ago. */
export async function spawnService(options: SpawnOptions = {}): Promise<SpawnedService> {
  const { behaviour = 'run', supervised = false, args = [], env = {} } = options;
  const portOffset = options.portOffset ?? (await freePortOffset());
  const profile = join(mkdtempSync(join(tmpdir(), 'tickpath-service-')), 'test.yaml');
  writeFileSync(profile, `network: { portOffset: ${portOffset} }\nvenue: { behaviour: ${behaviour} }\n`);
  const child = spawn(process.execPath, [EXAMPLE, '--profile', profile, ...args], {
    env: { ...process.env, ...env, ...(supervised ? { [SUPERVISED_VARIABLE]: '1' } : {}) },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  const stdout: string[] = [];
  const stderr: string[] = [];
  const lines = createInterface({ input: child.stdout });
  lines.on('line', (line) => stdout.push(line));
  createInterface({ input: child.stderr }).on('line', (line) => stderr.push(line));
  const closed = once(child, 'close', { signal: AbortSignal.timeout(BOUND_MS) });
  closed.catch(() => child.kill('SIGKILL'));
  return {
    child,
    stdout,
    stderr,
    healthUrl: `http://127.0.0.1:${PORTS['health.venue'].port + portOffset}`,
    async sees(text) {
      const bound = AbortSignal.any([AbortSignal.timeout(BOUND_MS), abortedBy(closed)]);
      for (;;) {
        const found = stdout.find((line) => line.includes(text));
        if (found !== undefined) return found;
        try {
          await once(lines, 'line', { signal: bound });
        } catch {
          throw new Error(`"${text}" never came; stdout:\n${stdout.join('\n')}\nstderr:\n${stderr.join('\n')}`);
        }
      }
    },
    async exited() {
      const [code] = (await closed) as [number | null];
      return code;
    },
  };
}

/** An offset by which the health port of the example service is free. */
export async function freePortOffset(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  server.close();
  await once(server, 'close');
  return address.port - PORTS['health.venue'].port;
}

function abortedBy(closed: Promise<unknown>): AbortSignal {
  const controller = new AbortController();
  const abort = () => controller.abort();
  closed.then(abort, abort);
  return controller.signal;
}

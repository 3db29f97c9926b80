import { createServer } from 'node:net';
import { join } from 'node:path';
import { addresses, type Network, PORTS, SERVICE_NAMES, type ServiceName } from '@tickpath/runtime';
import { type Envelope, type Kind, type Payload, Requester } from '@tickpath/wire';
import { TestProcess } from './process.ts';

const WORKSPACE = join(import.meta.dirname, '../../..');
const HIGHEST_PORT = Math.max(...Object.values(PORTS).map(({ port }) => port));

/** An offset at which every port of a stack is free now. */
export async function freePortOffset(): Promise<number> {
  for (let tries = 0; tries < 50; tries += 1) {
    const offset = 1000 + Math.floor(Math.random() * (65_000 - 1000 - HIGHEST_PORT));
    const free = await Promise.all(Object.values(PORTS).map(({ port }) => isFree(port + offset)));
    if (free.every(Boolean)) return offset;
  }
  throw new Error('no offset found at which all ports are free');
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}

export function networkAt(portOffset: number): Network {
  const hosts = Object.fromEntries(SERVICE_NAMES.map((name) => [name, '127.0.0.1']));
  return { bindHost: '127.0.0.1', portOffset, hosts: hosts as Network['hosts'] };
}

type QueryEndpoint = 'riskRequests' | 'executionRequests' | 'storeQueries';

/** The whole stack as a user starts it: `tickpath start --json` on ports of its own. */
export class TestStack {
  readonly process: TestProcess;
  readonly portOffset: number;
  readonly #addresses: ReturnType<typeof addresses>;
  readonly #requesters = new Map<QueryEndpoint, Requester>();

  private constructor(args: readonly string[], portOffset: number) {
    this.portOffset = portOffset;
    this.#addresses = addresses(networkAt(portOffset));
    const cli = join(WORKSPACE, 'bin/tickpath');
    const flags = ['start', '--json', `--network.portOffset=${portOffset}`, ...args];
    this.process = new TestProcess([process.execPath, cli, ...flags], { cwd: WORKSPACE });
  }

  static async start(args: readonly string[]): Promise<TestStack> {
    return new TestStack(args, await freePortOffset());
  }

  /** Asks a service over its request socket, as the CLI does. */
  async ask<K extends Kind, R extends Kind>(
    endpoint: QueryEndpoint,
    [kind, replyKind]: readonly [K, R],
    payload: Payload<K> & { requestId: string },
  ): Promise<{ reply: Payload<R>; attached: readonly Envelope[] }> {
    let requester = this.#requesters.get(endpoint);
    if (requester === undefined) {
      const connect = this.#addresses.connect(endpoint);
      const nowNs = () => process.hrtime.bigint();
      requester = new Requester({ source: 'test', epoch: 1, connect, nowNs, timeoutMs: 2000, retries: 3 });
      this.#requesters.set(endpoint, requester);
    }
    const result = await requester.ask(kind, payload);
    if (!result.ok) throw new Error(`${endpoint}: ${result.code} ${result.text}`);
    if (result.reply.kind !== (replyKind as Kind)) throw new Error(`${endpoint} answered ${result.reply.kind}`);
    return { reply: result.reply.payload as unknown as Payload<R>, attached: result.attached };
  }

  async health(service: ServiceName): Promise<{ pid: number; status: string; uptimeSeconds: number }> {
    const response = await fetch(`${this.#addresses.httpUrl(`health.${service}`)}/healthz`);
    return (await response.json()) as { pid: number; status: string; uptimeSeconds: number };
  }

  /** Ctrl-C, and how the supervisor ended. */
  async stop(): Promise<{ code: number | null; tookMs: number }> {
    for (const requester of this.#requesters.values()) requester.close();
    const begunMs = performance.now();
    if (this.process.running) this.process.kill('SIGINT');
    const { code } = await this.process.ended;
    return { code, tookMs: performance.now() - begunMs };
  }
}

import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { addresses, type EndpointName, type Network, SERVICE_NAMES, type ServiceName } from '@tickpath/runtime';
import {
  type Envelope,
  type Kind,
  NO_SECURITY,
  type Payload,
  Requester,
  securityFrom,
  type WireSecurity,
} from '@tickpath/wire';
import { freePortOffset } from './port-offset.ts';
import { REMOVAL, TestProcess } from './process.ts';

const WORKSPACE = join(import.meta.dirname, '../../..');
export function networkAt(portOffset: number): Network {
  const hosts = Object.fromEntries(SERVICE_NAMES.map((name) => [name, '127.0.0.1']));
  return { bindHost: '127.0.0.1', portOffset, hosts: hosts as Network['hosts'] };
}

const CLI = join(WORKSPACE, 'bin/tickpath');
/** Who answers where. */
const OWNERS = { riskRequests: 'risk', executionRequests: 'execution', storeQueries: 'store' } as const;

type QueryEndpoint = keyof typeof OWNERS;

interface Keys {
  readonly dir: string;
  readonly security: WireSecurity;
}

/** The whole stack as a user starts it: `tickpath start --json` on ports of its own. */
export class TestStack {
  readonly process: TestProcess;
  readonly portOffset: number;
  /** Where its journals are; gone after `stop`. */
  readonly dataDir: string;
  readonly #keys: Keys | undefined;
  readonly #addresses: ReturnType<typeof addresses>;
  readonly #requesters = new Map<QueryEndpoint, Requester>();

  private constructor(
    args: readonly string[],
    portOffset: number,
    { keys, env }: { readonly keys: Keys | undefined; readonly env: NodeJS.ProcessEnv },
  ) {
    this.portOffset = portOffset;
    this.dataDir = mkdtempSync(join(tmpdir(), 'tickpath-data-'));
    this.#keys = keys;
    this.#addresses = addresses(networkAt(portOffset));
    const keysFlags = keys === undefined ? [] : [`--security.keysDir=${keys.dir}`];
    const own = [`--network.portOffset=${portOffset}`, `--data.dir=${this.dataDir}`];
    const flags = ['start', '--json', ...own, ...keysFlags, ...args];
    this.process = new TestProcess([process.execPath, CLI, ...flags], {
      cwd: WORKSPACE,
      env: { ...process.env, ...env },
    });
  }

  /** With keys it makes a set of its own and asks as `cli`; only one such stack can be open in a process at a time. */
  static async start(
    args: readonly string[],
    { withKeys = false, env = {} }: { readonly withKeys?: boolean; readonly env?: NodeJS.ProcessEnv } = {},
  ): Promise<TestStack> {
    return new TestStack(args, await freePortOffset(), { keys: withKeys ? await makeKeys() : undefined, env });
  }

  /** The folder of the keys; it is there until `stop`. */
  get keysDir(): string {
    if (this.#keys === undefined) throw new Error('this stack has no keys');
    return this.#keys.dir;
  }

  get security(): WireSecurity {
    return this.#keys?.security ?? NO_SECURITY;
  }

  /** Where a socket of the stack is to be reached. */
  address(endpoint: EndpointName): string {
    return this.#addresses.connect(endpoint);
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
      const who = { source: 'test', epoch: 1, security: this.security, server: OWNERS[endpoint] };
      requester = new Requester({ ...who, connect, nowNs, timeoutMs: 2000, retries: 3 });
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

  async metrics(service: ServiceName): Promise<string> {
    return (await fetch(`${this.#addresses.httpUrl(`health.${service}`)}/metrics`)).text();
  }

  /** Ctrl-C, and how the supervisor ended. */
  async stop(): Promise<{ code: number | null; tookMs: number }> {
    for (const requester of this.#requesters.values()) requester.close();
    this.security.close();
    const begunMs = performance.now();
    if (this.process.running) this.process.kill('SIGINT');
    const { code } = await this.process.ended;
    if (this.#keys !== undefined) rmSync(this.#keys.dir, { recursive: true, force: true });
    rmSync(this.dataDir, REMOVAL);
    return { code, tookMs: performance.now() - begunMs };
  }
}

async function makeKeys(): Promise<Keys> {
  const dir = mkdtempSync(join(tmpdir(), 'tickpath-keys-'));
  const { status, stderr } = spawnSync(process.execPath, [CLI, 'keys', dir], { encoding: 'utf8' });
  if (status !== 0) throw new Error(`tickpath keys ${dir}: ${stderr}`);
  return { dir, security: await securityFrom(dir, 'cli', { onRefused: () => {} }) };
}

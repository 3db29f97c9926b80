import { execFile, spawnSync } from 'node:child_process';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { PORTS, SERVICE_NAMES } from '@tickpath/runtime';
import { eventually, TestProcess } from '@tickpath/testkit';

export const WORKSPACE: string = join(import.meta.dirname, '../..');

/** The services of the stack, those that are not made yet left out. */
export const SERVICES = SERVICE_NAMES.filter((name) => name !== 'gateway');
export type StackService = (typeof SERVICES)[number];

/** `1` runs the tests on the engine of `docker` on the PATH, anything longer is the path of another client. */
const COMPOSE_VARIABLE = 'TICKPATH_COMPOSE';
/** Between two questions to the engine, each of which starts a process. */
export const ASK_EVERY_MS = 200;
const COMMAND_MS = 600_000;
/** The monitoring, the only thing that is published. */
export const PUBLISHED = ['grafana', 'prometheus', 'jaeger', 'alertmanager'] as const;
export type PublishedService = (typeof PUBLISHED)[number];

const run = promisify(execFile);

function client(): string {
  const given = process.env[COMPOSE_VARIABLE] ?? '';
  return given === '1' || given === '' ? 'docker' : given;
}

/** Why the tests cannot run here, `undefined` when they can. */
export function whyNoCompose(): string | undefined {
  if ((process.env[COMPOSE_VARIABLE] ?? '') === '')
    return `${COMPOSE_VARIABLE} is not set; 1 runs this on Docker's engine`;
  const answers = (...args: string[]) => spawnSync(client(), args, { encoding: 'utf8' }).status === 0;
  if (!answers('version')) return `no Docker engine answers to \`${client()} version\``;
  return answers('compose', 'version') ? undefined : `\`${client()} compose\` is not there: Compose v2 is needed`;
}

/** Resolves to what `docker ARGS` printed. Rejects with the end of its error output. */
export async function docker(args: readonly string[], env: NodeJS.ProcessEnv = process.env): Promise<string> {
  try {
    const options = { cwd: WORKSPACE, env, timeout: COMMAND_MS, maxBuffer: 64 * 1024 * 1024 };
    return (await run(client(), [...args], options)).stdout;
  } catch (error) {
    const { stderr = '', message } = error as { stderr?: string; message: string };
    throw new Error(`docker ${args.join(' ')}: ${stderr.trim().split('\n').slice(-12).join('\n') || message}`);
  }
}

export async function hasImage(image: string): Promise<boolean> {
  return (await docker(['image', 'ls', '--quiet', image])).trim() !== '';
}

/** What the engine says of a service's container. */
export interface ContainerState {
  /** Of its first process, on the host. */
  readonly pid: number;
  readonly status: string;
  readonly health: string;
  /** The last checks of its health, as the engine logged them. */
  readonly checks: unknown;
  readonly startedAt: string;
  /** In the stack's private network; reachable from the host on Linux. */
  readonly address: string;
}

interface Inspected {
  readonly State: {
    readonly Pid: number;
    readonly Status: string;
    readonly StartedAt: string;
    readonly Health?: { readonly Status: string; readonly Log?: unknown };
  };
  readonly NetworkSettings: { readonly Networks: Readonly<Record<string, { readonly IPAddress: string }>> };
}

/** A stack of docker-compose.yml under a name, on ports and with an image of its own. */
export class ComposeStack {
  readonly project: string;
  readonly image: string;
  readonly ports: Readonly<Record<PublishedService, number>>;
  readonly #env: NodeJS.ProcessEnv;
  readonly #events: TestProcess;
  #files: readonly string[] = ['docker-compose.yml'];

  private constructor(project: string, ports: Record<PublishedService, number>) {
    this.project = project;
    this.ports = ports;
    this.image = `tickpath:${project}`;
    const portVariables = PUBLISHED.map((name) => [`TICKPATH_${name.toUpperCase()}_PORT`, String(ports[name])]);
    this.#env = { ...process.env, TICKPATH_IMAGE: this.image, ...Object.fromEntries(portVariables) };
    const ofProject = `label=com.docker.compose.project=${project}`;
    const format = '{{index .Actor.Attributes "com.docker.compose.service"}} {{.Action}}';
    this.#events = new TestProcess([client(), 'events', '--filter', ofProject, '--format', format]);
  }

  static async open(): Promise<ComposeStack> {
    const free = await Promise.all(PUBLISHED.map(async (name) => [name, await freePort()] as const));
    const ports = Object.fromEntries(free) as Record<PublishedService, number>;
    return new ComposeStack(`tickpath-test-${process.pid}`, ports);
  }

  /** The overlay files from now on, relative to the workspace. */
  overlay(...files: readonly string[]): void {
    this.#files = ['docker-compose.yml', ...files];
  }

  compose(...args: readonly string[]): Promise<string> {
    const files = this.#files.flatMap((file) => ['--file', file]);
    return docker(['compose', '--project-name', this.project, ...files, ...args], this.#env);
  }

  async inspect(service: StackService): Promise<ContainerState> {
    const [state] = await this.#inspect([service]);
    if (state === undefined) throw new Error(`no container of ${service}`);
    return state;
  }

  /** In one call of the client, under the names that Compose gives: asking Compose costs a busy machine far more. */
  async #inspect(services: readonly StackService[]): Promise<ContainerState[]> {
    const names = services.map((service) => `${this.project}-${service}-1`);
    const found = JSON.parse(await docker(['inspect', '--type', 'container', ...names])) as Inspected[];
    return found.map(({ State, NetworkSettings }) => ({
      pid: State.Pid,
      status: State.Status,
      health: State.Health?.Status ?? 'none',
      checks: State.Health?.Log,
      startedAt: State.StartedAt,
      address: NetworkSettings.Networks[`${this.project}_private`]?.IPAddress ?? '',
    }));
  }

  /** The services that are not healthy, a line each with their last checks; empty when all are. */
  async unhealthy(): Promise<string> {
    const states = await this.#inspect(SERVICES);
    return SERVICES.map((name, i) => ({ name, ...(states[i] as ContainerState) }))
      .filter(({ health }) => health !== 'healthy')
      .map(({ name, status, health, checks }) => `${name} is ${status}, ${health}: ${JSON.stringify(checks)}`)
      .join('\n');
  }

  async healthUrl(service: StackService, path: string): Promise<string> {
    return `http://${(await this.inspect(service)).address}:${PORTS[`health.${service}`].port}${path}`;
  }

  /** The value of a sample in a service's exposition; a counter that has not been there yet counts 0. */
  async metric(service: StackService, sample: string): Promise<number> {
    const text = await (await fetch(await this.healthUrl(service, '/metrics'))).text();
    const line = text.split('\n').find((each) => each.startsWith(`${sample} `));
    return line === undefined ? 0 : Number(line.slice(sample.length));
  }

  /** Waits until a service that was started after `since` says that it is ready. */
  async whenReady(service: StackService, since: string, boundMs: number): Promise<void> {
    await eventually(
      `${service} ready again`,
      async () => {
        const { startedAt, status, address } = await this.inspect(service);
        if (startedAt === since || status !== 'running' || address === '') return undefined;
        const url = `http://${address}:${PORTS[`health.${service}`].port}/readyz`;
        const answer = await fetch(url, { signal: AbortSignal.timeout(1000) }).catch(() => undefined);
        return answer?.status === 200 ? true : undefined;
      },
      boundMs,
      ASK_EVERY_MS,
    );
  }

  /** What the engine has seen happen so far, each `SERVICE ACTION`; the checks of health themselves left out. */
  events(): readonly string[] {
    return this.#events.lines.filter((line) => !/ exec_/.test(line));
  }

  /** Ends everything that `open` and `up` have begun: containers, networks, volumes, the image. */
  async close(): Promise<void> {
    try {
      await this.compose('--profile', '*', 'down', '--volumes', '--timeout', '5', '--remove-orphans');
      await docker(['image', 'rm', '--force', this.image]);
    } finally {
      this.#events.kill('SIGTERM');
      await this.#events.ended;
    }
  }
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0));
    });
  });
}

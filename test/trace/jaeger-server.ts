import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually, TestProcess } from '@tickpath/testkit';
import { stringify } from 'yaml';
import type { TraceSpan } from './trace-span.ts';

const SERVICES = ['venue', 'market-data', 'store', 'signal', 'risk', 'execution'];
const MOST_TRACES = 100_000;

/** The Jaeger of this machine: `TICKPATH_JAEGER`, or `jaeger` on the PATH; or the words to skip with. */
export function findJaeger(): { readonly program: string; readonly skip: string | false } {
  const program = process.env.TICKPATH_JAEGER || 'jaeger';
  const { error, status } = spawnSync(program, ['version'], { stdio: 'ignore' });
  const isThere = error === undefined && status === 0;
  return { program, skip: isThere ? false : `no Jaeger 2: ${program} does not run (set TICKPATH_JAEGER)` };
}

/** A real Jaeger that keeps its traces in memory, on ports of its own. */
export class JaegerServer {
  readonly #dir: string;
  readonly #queryUrl: string;
  readonly #process: TestProcess;
  readonly collectorUrl: string;

  private constructor(program: string, dir: string, ports: Ports) {
    this.#dir = dir;
    this.#queryUrl = `http://127.0.0.1:${ports.query}`;
    this.collectorUrl = `http://127.0.0.1:${ports.thrift}/api/traces`;
    this.#process = new TestProcess([program, `--config=${join(dir, 'jaeger.yaml')}`]);
  }

  static async start(program: string): Promise<JaegerServer> {
    const dir = mkdtempSync(join(tmpdir(), 'tickpath-jaeger-'));
    const [query = 0, grpc = 0, thrift = 0] = await freePorts(3);
    const ports = { query, grpc, thrift };
    writeFileSync(join(dir, 'jaeger.yaml'), stringify(configFor(ports)));
    const server = new JaegerServer(program, dir, ports);
    try {
      await eventually('Jaeger answers', () => server.#isReady(), 60_000);
    } catch (error) {
      await server.stop();
      throw error;
    }
    return server;
  }

  /** Every span that the query API gives, over all services. */
  async spans(): Promise<TraceSpan[]> {
    const traces = new Map<string, TraceSpan[]>();
    for (const service of SERVICES) {
      const found = await this.#get(`/api/traces?service=${service}&limit=${MOST_TRACES}&lookback=1h`);
      for (const trace of found as JaegerTrace[]) traces.set(trace.traceID, spansOf(trace));
    }
    return [...traces.values()].flat();
  }

  async stop(): Promise<void> {
    if (this.#process.running) this.#process.kill('SIGTERM');
    await this.#process.ended;
    rmSync(this.#dir, { recursive: true, force: true });
  }

  async #isReady(): Promise<true | undefined> {
    if (!this.#process.running) throw new Error(`Jaeger ended:\n${this.#process.lines.slice(-20).join('\n')}`);
    const isThere = (url: string) => fetch(url).then(Boolean, () => false);
    const answers = await Promise.all([isThere(`${this.#queryUrl}/api/services`), isThere(this.collectorUrl)]);
    return answers.every(Boolean) || undefined;
  }

  async #get(path: string): Promise<unknown> {
    const response = await fetch(`${this.#queryUrl}${path}`);
    const { data, errors } = (await response.json()) as { data: unknown; errors?: unknown };
    if (!response.ok) throw new Error(`${path}: ${response.status} ${JSON.stringify(errors)}`);
    return data ?? [];
  }
}

interface Ports {
  readonly query: number;
  readonly grpc: number;
  readonly thrift: number;
}

function configFor({ query, grpc, thrift }: Ports): object {
  const at = (port: number) => ({ endpoint: `127.0.0.1:${port}` });
  return {
    service: {
      extensions: ['jaeger_storage', 'jaeger_query'],
      // Without a batch processor, what a request brought is there when it is answered.
      pipelines: { traces: { receivers: ['jaeger'], exporters: ['jaeger_storage_exporter'] } },
      telemetry: { metrics: { level: 'none' } },
    },
    extensions: {
      jaeger_query: { storage: { traces: 'memory' }, http: at(query), grpc: at(grpc) },
      jaeger_storage: { backends: { memory: { memory: { max_traces: MOST_TRACES } } } },
    },
    receivers: { jaeger: { protocols: { thrift_http: at(thrift) } } },
    exporters: { jaeger_storage_exporter: { trace_storage: 'memory' } },
  };
}

async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer());
  const ports = await Promise.all(
    servers.map((server) => {
      return new Promise<number>((resolve, reject) => {
        server.once('error', reject);
        server.listen(0, '127.0.0.1', () => resolve((server.address() as { port: number }).port));
      });
    }),
  );
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}

/** A trace in Jaeger's own JSON. */
interface JaegerTrace {
  readonly traceID: string;
  readonly spans: readonly {
    readonly traceID: string;
    readonly spanID: string;
    readonly operationName: string;
    readonly references: readonly { refType: 'CHILD_OF' | 'FOLLOWS_FROM'; traceID: string; spanID: string }[];
    readonly startTime: number;
    readonly duration: number;
    readonly tags: readonly Tag[];
    readonly logs: readonly { readonly timestamp: number; readonly fields: readonly Tag[] }[];
    readonly processID: string;
    readonly warnings: readonly string[] | null;
  }[];
  readonly processes: Readonly<Record<string, { readonly serviceName: string }>>;
  readonly warnings: readonly string[] | null;
}

interface Tag {
  readonly key: string;
  readonly value: unknown;
}

function spansOf({ spans, processes, warnings: ofTrace }: JaegerTrace): TraceSpan[] {
  return spans.map(({ traceID, spanID, operationName, references, startTime, duration, ...rest }) => ({
    traceId: traceID,
    spanId: spanID,
    parentId: references.find(({ refType }) => refType === 'CHILD_OF')?.spanID,
    links: references
      .filter(({ refType }) => refType === 'FOLLOWS_FROM')
      .map((link) => ({ traceId: link.traceID, spanId: link.spanID })),
    service: processes[rest.processID]?.serviceName ?? '?',
    name: operationName,
    startUs: startTime,
    endUs: startTime + duration,
    attributes: valuesOf(rest.tags),
    events: rest.logs.map(({ timestamp, fields }) => {
      const { event, ...attributes } = valuesOf(fields);
      return { name: String(event), timeUs: timestamp, attributes };
    }),
    warnings: [...(rest.warnings ?? []), ...(ofTrace ?? [])],
  }));
}

function valuesOf(tags: readonly Tag[]): Record<string, unknown> {
  return Object.fromEntries(tags.map(({ key, value }) => [key, value]));
}

import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { readThriftStruct, type ThriftStruct, type ThriftValue } from './thrift.ts';

/** A span as a Jaeger collector gets it: hex ids, microseconds. */
export interface CollectedSpan {
  readonly service: string;
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId: string;
  readonly name: string;
  readonly startUs: bigint;
  readonly durationUs: bigint;
  readonly tags: Readonly<Record<string, ThriftValue | undefined>>;
  readonly logs: readonly { tsUs: bigint; fields: Readonly<Record<string, ThriftValue | undefined>> }[];
  readonly links: readonly { traceId: string; spanId: string }[];
}

export interface Collector {
  readonly url: string;
  /** The bodies of the requests so far, with their content type. */
  readonly requests: readonly { readonly type: string; readonly path: string; readonly body: Buffer }[];
  spans(): CollectedSpan[];
  /** What to do with requests from now on. */
  answer(respond: (response: ServerResponse) => void): void;
  close(): Promise<void>;
}

/** A real HTTP server in a collector's place. It takes everything with 202 unless told otherwise. */
export async function startCollector(path = '/api/traces'): Promise<Collector> {
  const requests: { type: string; path: string; body: Buffer }[] = [];
  let respond: (response: ServerResponse) => void = (response) => void response.writeHead(202).end();
  const server = createServer(async (request: IncomingMessage, response) => {
    const body = Buffer.concat(await request.toArray());
    requests.push({ type: request.headers['content-type'] ?? '', path: request.url ?? '', body });
    respond(response);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}${path}`,
    requests,
    spans: () => requests.flatMap(({ body }) => collectedSpans(readThriftStruct(body))),
    answer: (next) => {
      respond = next;
    },
    async close() {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}

function collectedSpans(batch: ThriftStruct): CollectedSpan[] {
  const service = String((batch.get(1) as ThriftStruct).get(1));
  return (batch.get(2) as ThriftStruct[]).map((span) => ({
    service,
    traceId: hex(span.get(2)) + hex(span.get(1)),
    spanId: hex(span.get(3)),
    parentSpanId: hex(span.get(4)),
    name: String(span.get(5)),
    startUs: span.get(8) as bigint,
    durationUs: span.get(9) as bigint,
    tags: tagsOf(span.get(10)),
    logs: ((span.get(11) ?? []) as ThriftStruct[]).map((log) => ({
      tsUs: log.get(1) as bigint,
      fields: tagsOf(log.get(2)),
    })),
    links: ((span.get(6) ?? []) as ThriftStruct[]).map((link) => ({
      traceId: hex(link.get(3)) + hex(link.get(2)),
      spanId: hex(link.get(4)),
    })),
  }));
}

function tagsOf(tags: ThriftValue | undefined): Record<string, ThriftValue | undefined> {
  // vType: 0 string, 1 double, 2 bool.
  return Object.fromEntries(
    ((tags ?? []) as ThriftStruct[]).map((tag) => [String(tag.get(1)), tag.get(3 + Number(tag.get(2)))]),
  );
}

function hex(value: ThriftValue | undefined): string {
  return BigInt.asUintN(64, value as bigint)
    .toString(16)
    .padStart(16, '0');
}

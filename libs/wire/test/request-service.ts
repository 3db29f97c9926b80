import { randomUUID } from 'node:crypto';
import { createServer } from 'node:net';
import type { TestContext } from 'node:test';
import { type Envelope, encodeEnvelope } from '../src/envelope.ts';
import { NO_METRICS } from '../src/metrics-port.ts';
import { Requester, type RequesterOptions, type RequestResult } from '../src/requester.ts';
import { type Reply, Responder, type ResponderOptions } from '../src/responder.ts';

const nowNs = (): bigint => process.hrtime.bigint();

/** An address nobody listens on, for now. */
export function freeAddress(): Promise<string> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(`tcp://127.0.0.1:${port}`));
    });
  });
}

type ServiceOptions = Pick<ResponderOptions, 'handle'> & Partial<ResponderOptions>;

/** A responder that is closed with its test; `drops` are the reasons it has counted. */
export async function serve(
  t: TestContext,
  options: ServiceOptions,
): Promise<{ address: string; drops: string[]; responder: Responder }> {
  const drops: string[] = [];
  const metrics = { ...NO_METRICS, dropped: (reason: string) => drops.push(reason) };
  const bind = options.bind ?? (await freeAddress());
  const responder = await Responder.open({ source: 'service', epoch: 1, nowNs, metrics, bind, ...options });
  t.after(() => responder.close());
  return { address: bind, drops, responder };
}

export function requester(
  t: TestContext,
  connect: string,
  options: Partial<Omit<RequesterOptions, 'security' | 'server'>> = {},
): Requester {
  const common = { source: 'asker', epoch: 1, connect, nowNs, timeoutMs: 5000, retries: 0 };
  const made = new Requester({ ...common, ...options });
  t.after(() => made.close());
  return made;
}

/** A request that any kind of answer may be given to: bars of a symbol. */
export const barsQuery = (symbol: string, requestId: string = randomUUID()) =>
  ({ requestId, symbol, interval: '1s', count: 1 }) as const;

export function queryFrame(symbol: string, requestId: string): Buffer {
  const header = { source: 'plain', epoch: 1, seq: 0, tsNs: nowNs(), traceparent: null };
  return encodeEnvelope('barsQuery', header, barsQuery(symbol, requestId));
}

/** An answer that says so: `bars` of `symbol`. */
export function barsReply(request: Envelope, symbol: string): Reply<'bars'> {
  const { requestId } = request.payload as { requestId: string };
  return { kind: 'bars', payload: { requestId, symbol, bars: [] } };
}

export function symbolOf(envelope: Envelope): string {
  return (envelope.payload as { symbol: string }).symbol;
}

export function answeredSymbol(result: RequestResult): string {
  if (!result.ok) throw new Error(`${result.code}: ${result.text}`);
  return symbolOf(result.reply);
}

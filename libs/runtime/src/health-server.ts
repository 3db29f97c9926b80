import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { HealthReport } from './health.ts';
import type { Metrics } from './metrics.ts';
import { LOG_LEVELS, type LogLevel } from './shared-config.ts';

/** The level of the process's log. */
export interface LogLevelSwitch {
  level(): LogLevel;
  setLevel(level: LogLevel): void;
}

export type OperationsMethod = 'GET' | 'PUT' | 'DELETE';

export interface OperationsRequest {
  readonly query: URLSearchParams;
  /** Cut off behind 1,024 characters. */
  readonly body: string;
}

/** `body` is sent as JSON; a refusal has an `error` that names what was found and what is allowed. */
export interface OperationsAnswer {
  readonly status: number;
  readonly body: object;
}

/** What a path does, by method. GET changes nothing; what does is never done for a web page. */
export type OperationsRoute = Readonly<
  Partial<Record<OperationsMethod, (request: OperationsRequest) => OperationsAnswer>>
>;

export interface HealthServer {
  /** Adds a path. Throws for one that is there. */
  route(path: string, route: OperationsRoute): void;
  close(): Promise<void>;
}

export interface HealthServerParts {
  readonly health: HealthReport;
  readonly metrics: Metrics;
  readonly logLevel: LogLevelSwitch;
}

const METRICS_PATH = '/metrics';
const LONGEST_BODY = 1024;
const LONGEST_SHOWN = 64;

/**
 * Serves `/healthz` (200 unless unhealthy), `/readyz` (200 only when ready), `/metrics`, and `/log-level`: GET tells the
 * level, PUT with a level as its body sets it; and the paths that the service adds. Rejects with the system's error,
 * `EADDRINUSE` among them, when the port cannot be bound.
 */
export async function serveHealth(
  { health, metrics, logLevel }: HealthServerParts,
  { host, port }: { host: string; port: number },
): Promise<HealthServer> {
  const routes = new Map<string, OperationsRoute>([
    ['/healthz', { GET: () => healthAnswer(health) }],
    ['/readyz', { GET: () => ({ status: health.isReady() ? 200 : 503, body: { ready: health.isReady() } }) }],
    ['/log-level', logLevelRoute(logLevel)],
  ]);
  const server = createServer((request, response) => {
    const [path = '', query = ''] = (request.url ?? '').split('?', 2);
    if (path === METRICS_PATH) return sendMetrics(metrics, response);
    const route = routes.get(path);
    if (route !== undefined) return answer(route, { request, response, query });
    sendJson(response, 404, { error: 'not found', paths: [...routes.keys(), METRICS_PATH] });
  });
  await listening(server, { host, port });
  return {
    route(path, route) {
      if (routes.has(path) || path === METRICS_PATH) throw new Error(`path ${path} is served already`);
      routes.set(path, route);
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly query: string;
}

function answer(route: OperationsRoute, { request, response, query }: Exchange): void {
  const { method = '' } = request;
  // HEAD is what some watches ask by; the server leaves the body out.
  const handle = methodsOf(route).find((each) => each === (method === 'HEAD' ? 'GET' : method));
  if (handle === undefined) {
    const allowed = methodsOf(route).join(', ');
    response.setHeader('allow', allowed);
    return sendJson(response, 405, { error: `method ${method}; allowed: ${allowed}` });
  }
  // A browser sets it on every such request of a page, be it one of another host that names itself like this one.
  if (handle !== 'GET' && request.headers.origin !== undefined) {
    return sendJson(response, 403, { error: 'not from a web page' });
  }
  let body = '';
  request.setEncoding('utf8');
  request.on('data', (chunk: string) => {
    if (body.length < LONGEST_BODY) body += chunk.slice(0, LONGEST_BODY - body.length);
  });
  request.on('end', () => {
    try {
      const said = route[handle]?.({ query: new URLSearchParams(query), body });
      if (said !== undefined) sendJson(response, said.status, said.body);
    } catch (error) {
      sendJson(response, 500, { error: String(error) });
    }
  });
}

function methodsOf(route: OperationsRoute): OperationsMethod[] {
  return Object.keys(route) as OperationsMethod[];
}

function healthAnswer(health: HealthReport): OperationsAnswer {
  const body = health.snapshot();
  return { status: body.status === 'unhealthy' ? 503 : 200, body };
}

function logLevelRoute(logLevel: LogLevelSwitch): OperationsRoute {
  return {
    GET: () => ({ status: 200, body: { level: logLevel.level() } }),
    PUT({ body }) {
      const found = body.trim().slice(0, LONGEST_SHOWN);
      const level = LOG_LEVELS.find((each) => each === found);
      if (level === undefined) {
        const error = `log level: found ${JSON.stringify(found)}; allowed: ${LOG_LEVELS.join(', ')}`;
        return { status: 400, body: { error, found, allowed: LOG_LEVELS } };
      }
      logLevel.setLevel(level);
      return { status: 200, body: { level } };
    },
  };
}

function sendMetrics(metrics: Metrics, response: ServerResponse): void {
  metrics.registry.metrics().then(
    (text) => response.writeHead(200, { 'content-type': metrics.registry.contentType }).end(text),
    (error: unknown) => sendJson(response, 500, { error: String(error) }),
  );
}

function listening(server: Server, address: { host: string; port: number }): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(address, () => {
      server.off('error', reject);
      resolve();
    });
  });
}

function sendJson(response: ServerResponse, status: number, body: object): void {
  const text = JSON.stringify(body, (_key, value: unknown) => (typeof value === 'bigint' ? String(value) : value));
  response.writeHead(status, { 'content-type': 'application/json' }).end(`${text}\n`);
}

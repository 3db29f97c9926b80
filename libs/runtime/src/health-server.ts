import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { HealthReport } from './health.ts';
import type { Metrics } from './metrics.ts';
import { LOG_LEVELS, type LogLevel } from './shared-config.ts';

/** The level of the process's log. */
export interface LogLevelSwitch {
  level(): LogLevel;
  setLevel(level: LogLevel): void;
}

export interface HealthServer {
  close(): Promise<void>;
}

export interface HealthServerParts {
  readonly health: HealthReport;
  readonly metrics: Metrics;
  readonly logLevel: LogLevelSwitch;
}

const LONGEST_LEVEL = 64;
const PATHS = ['/healthz', '/readyz', '/metrics', '/log-level'];

/**
 * Serves `/healthz` (200 unless unhealthy), `/readyz` (200 only when ready), `/metrics`, and `/log-level`: GET tells the
 * level, PUT with a level as its body sets it. Rejects with the system's error, `EADDRINUSE` among them, when the port
 * cannot be bound.
 */
export async function serveHealth(
  parts: HealthServerParts,
  { host, port }: { host: string; port: number },
): Promise<HealthServer> {
  const { health, metrics } = parts;
  const server = createServer((request, response) => {
    const path = request.url?.split('?')[0];
    if (path === '/healthz') {
      const body = health.snapshot();
      sendJson(response, body.status === 'unhealthy' ? 503 : 200, body);
    } else if (path === '/readyz') {
      const ready = health.isReady();
      sendJson(response, ready ? 200 : 503, { ready });
    } else if (path === '/metrics') {
      metrics.registry.metrics().then(
        (text) => response.writeHead(200, { 'content-type': metrics.registry.contentType }).end(text),
        (error: unknown) => sendJson(response, 500, { error: String(error) }),
      );
    } else if (path === '/log-level') answerLogLevel(parts.logLevel, request, response);
    else sendJson(response, 404, { error: 'not found', paths: PATHS });
  });
  await listening(server, { host, port });
  return {
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function answerLogLevel(logLevel: LogLevelSwitch, request: IncomingMessage, response: ServerResponse): void {
  if (request.method === 'GET') return sendJson(response, 200, { level: logLevel.level() });
  if (request.method !== 'PUT') {
    response.setHeader('allow', 'GET, PUT');
    return sendJson(response, 405, { error: `method ${request.method}; allowed: GET, PUT` });
  }
  // A browser sets it on every PUT of a page, be it one of another host that names itself like this one.
  if (request.headers.origin !== undefined) return sendJson(response, 403, { error: 'not from a web page' });
  let text = '';
  request.setEncoding('utf8');
  request.on('data', (chunk: string) => {
    if (text.length <= LONGEST_LEVEL) text += chunk.slice(0, LONGEST_LEVEL + 1 - text.length);
  });
  request.on('end', () => {
    const found = text.trim();
    const level = LOG_LEVELS.find((each) => each === found);
    if (level === undefined) {
      const error = `log level: found ${JSON.stringify(found)}; allowed: ${LOG_LEVELS.join(', ')}`;
      return sendJson(response, 400, { error, found, allowed: LOG_LEVELS });
    }
    logLevel.setLevel(level);
    sendJson(response, 200, { level });
  });
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

function sendJson(response: ServerResponse, status: number, body: unknown): void {
  const text = JSON.stringify(body, (_key, value: unknown) => (typeof value === 'bigint' ? String(value) : value));
  response.writeHead(status, { 'content-type': 'application/json' }).end(`${text}\n`);
}

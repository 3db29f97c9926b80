import { createServer, type Server, type ServerResponse } from 'node:http';
import type { Metrics } from './metrics.ts';

export type HealthStatus = 'healthy' | 'degraded' | 'unhealthy';
export type Lifecycle = 'starting' | 'ready' | 'stopping';

/** What a service says about itself. */
export interface Health {
  /** `degraded` and `unhealthy` need reasons a person can act on. */
  set(status: HealthStatus, reasons?: readonly string[]): void;
  /** Whether it may trade (WARMING, CATCHING_UP, ACTIVE, REDUCING, HALTED), with reasons. */
  trading(state: string, reasons?: readonly string[]): void;
  /** Adds a value to `/healthz`, computed when asked for; a function that throws shows its message. */
  detail(key: string, read: () => unknown): void;
}

export interface HealthReport extends Health {
  lifecycle(state: Lifecycle): void;
  /** Counts one error; `/healthz` shows those of the last minute. */
  countError(): void;
  isReady(): boolean;
  snapshot(): Record<string, unknown>;
}

const STATES = ['starting', 'ready', 'degraded', 'unhealthy', 'stopping'] as const;
const WINDOW_SECONDS = 60;

export function createHealth(service: string, metrics: Metrics): HealthReport {
  const startedMs = performance.now();
  const details = new Map<string, () => unknown>();
  const errors = createMinuteCount();
  const stateGauge = metrics.gauge('tickpath_service_state', '1 for the state the service is in', ['state']);
  let lifecycle: Lifecycle = 'starting';
  let health: { status: HealthStatus; reasons: readonly string[] } = { status: 'healthy', reasons: [] };
  let trading: { state: string; reasons: readonly string[] } | undefined;

  const publishState = () => {
    const current = lifecycle === 'ready' && health.status !== 'healthy' ? health.status : lifecycle;
    for (const state of STATES) stateGauge.set({ state }, state === current ? 1 : 0);
  };
  publishState();

  return {
    set(status, reasons = []) {
      health = { status, reasons };
      publishState();
    },
    trading(state, reasons = []) {
      trading = { state, reasons };
    },
    detail: (key, read) => void details.set(key, read),
    lifecycle(state) {
      lifecycle = state;
      publishState();
    },
    countError: () => errors.add(performance.now()),
    isReady: () => lifecycle === 'ready',
    snapshot: () => ({
      service,
      pid: process.pid,
      status: health.status,
      ...(health.reasons.length > 0 && { reasons: health.reasons }),
      lifecycle,
      ...(trading !== undefined && { trading }),
      uptimeSeconds: Math.round((performance.now() - startedMs) / 100) / 10,
      errorsLastMinute: errors.count(performance.now()),
      details: Object.fromEntries([...details].map(([key, read]) => [key, answerOf(read)])),
    }),
  };
}

export interface HealthServer {
  close(): Promise<void>;
}

/**
 * Serves `/healthz` (200 unless unhealthy), `/readyz` (200 only when ready) and `/metrics`.
 * Rejects with the system's error, `EADDRINUSE` among them, when the port cannot be bound.
 */
export async function serveHealth(
  { health, metrics }: { health: HealthReport; metrics: Metrics },
  { host, port }: { host: string; port: number },
): Promise<HealthServer> {
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
    } else sendJson(response, 404, { error: 'not found', paths: ['/healthz', '/readyz', '/metrics'] });
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

function answerOf(read: () => unknown): unknown {
  try {
    return read();
  } catch (error) {
    return { error: error instanceof Error ? error.message : String(error) };
  }
}

/** Counts events of the last minute in one slot a second, so that an error storm costs no memory. */
function createMinuteCount(): { add(nowMs: number): void; count(nowMs: number): number } {
  const slots = Array.from({ length: WINDOW_SECONDS }, () => ({ second: -1, count: 0 }));
  return {
    add(nowMs) {
      const second = Math.floor(nowMs / 1000);
      const slot = slots[second % WINDOW_SECONDS];
      if (slot === undefined) return;
      if (slot.second !== second) Object.assign(slot, { second, count: 0 });
      slot.count += 1;
    },
    count(nowMs) {
      const oldest = Math.floor(nowMs / 1000) - WINDOW_SECONDS;
      return slots.reduce((sum, slot) => (slot.second > oldest && slot.count > 0 ? sum + slot.count : sum), 0);
    },
  };
}

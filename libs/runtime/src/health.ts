import type { Gauge } from 'prom-client';
import type { Metrics } from './metrics.ts';

export type HealthStatus = 'healthy' | 'degraded' | 'unhealthy';
/** Whether a service may trade. */
export const TRADING_STATES = ['WARMING', 'CATCHING_UP', 'ACTIVE', 'REDUCING', 'HALTED'] as const;
export type TradingState = (typeof TRADING_STATES)[number];
export type Lifecycle = 'starting' | 'ready' | 'stopping';

/** What a service says about itself. */
export interface Health {
  /** `degraded` and `unhealthy` need reasons a person can act on. */
  set(status: HealthStatus, reasons?: readonly string[]): void;
  /** Whether it may trade, with reasons; also in `tickpath_trading_state`, which only a service that calls this has. */
  trading(state: TradingState, reasons?: readonly string[]): void;
  /** Adds a value to `/healthz`, computed when asked for; a function that throws shows its message. */
  detail(key: string, read: () => unknown): void;
}

export interface HealthReport extends Health {
  lifecycle(state: Lifecycle): void;
  /** Counts one line at error or above; `/healthz` shows those of the last minute, `/metrics` all. */
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
  const errorLines = metrics.counter('tickpath_log_errors_total', 'Log lines at error or fatal');
  let lifecycle: Lifecycle = 'starting';
  let health: { status: HealthStatus; reasons: readonly string[] } = { status: 'healthy', reasons: [] };
  let trading: { state: TradingState; reasons: readonly string[] } | undefined;
  let tradingGauge: Gauge<'state'> | undefined;

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
      tradingGauge ??= metrics.gauge('tickpath_trading_state', '1 for the trading state the service is in', ['state']);
      for (const each of TRADING_STATES) tradingGauge.set({ state: each }, each === state ? 1 : 0);
    },
    detail: (key, read) => void details.set(key, read),
    lifecycle(state) {
      lifecycle = state;
      publishState();
    },
    countError() {
      errors.add(performance.now());
      errorLines.inc();
    },
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

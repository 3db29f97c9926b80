import { createWireMetrics, type MetricsPort, type WireMetrics } from './metrics-port.ts';
import { securityFrom, type WireSecurity } from './security.ts';

/** What every socket of a process takes; to be spread into its options. */
export interface WireContext {
  readonly source: string;
  /** Milliseconds since 1970 at this start, so that it rises with every start. */
  readonly epoch: number;
  readonly nowNs: () => bigint;
  readonly metrics: WireMetrics;
  readonly security: WireSecurity;
}

export interface WireContextOptions {
  /** The service: what it calls itself in its messages, and the name of its key. */
  readonly source: string;
  readonly nowNs: () => bigint;
  readonly metrics: MetricsPort;
  /** Where `tickpath keys` has put the keys; null for an installation without. */
  readonly keysDir: string | null;
  /** Told of peers that were refused. */
  readonly log: { warn(fields: object, text: string): void };
}

/**
 * Opens a process's transport, before its first socket. Throws `SecurityError` for keys that cannot be used. Its owner
 * closes `security` after the last socket.
 */
export async function openWire(options: WireContextOptions): Promise<WireContext> {
  const { source, nowNs, keysDir, log } = options;
  const metrics = createWireMetrics(options.metrics);
  const security = await securityFrom(keysDir, source, {
    metrics,
    onRefused: (refusal, unreported) =>
      log.warn({ ...refusal, unreported }, `refused a peer at ${refusal.address}: ${refusal.reason}`),
  });
  return { source, epoch: Number(nowNs() / 1_000_000n), nowNs, metrics, security };
}

import { createRandom, nextUint32 } from '../random.ts';
import type { LatencyRules } from './state.ts';

/**
 * How long a request about an order is on its way: the latency of its kind, and a jitter of at most `jitterNs` that
 * depends on nothing but the seed, the order and the kind, so that a restart finds the same.
 */
export function latencyNs(rules: LatencyRules, request: 'order' | 'cancel', orderId: string): bigint {
  const base = request === 'order' ? rules.orderNs : rules.cancelNs;
  if (rules.jitterNs === 0n) return base;
  const drawn = BigInt(nextUint32(createRandom(rules.seed, `latency of ${request} ${orderId}`)));
  return base + ((drawn * (rules.jitterNs + 1n)) >> 32n);
}

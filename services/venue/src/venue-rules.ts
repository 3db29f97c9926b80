import type { VenueConfig } from './config.ts';
import type { VenueRules } from './core/orders/state.ts';

const NS_PER_MS = 1_000_000;

/** What the configuration says of how orders are matched and what they cost. */
export function venueRules({ hours, account, latency, slippage, fees }: VenueConfig): VenueRules {
  const { model, bps } = slippage;
  return {
    hours,
    ...account,
    latency: {
      orderNs: nanoseconds(latency.orderMs),
      cancelNs: nanoseconds(latency.cancelMs),
      jitterNs: nanoseconds(latency.jitterMs),
      seed: latency.seed,
    },
    slippage: model === 'none' ? { model } : { model, bps },
    fees,
  };
}

/** Fractions of a nanosecond are cut off. */
function nanoseconds(ms: number): bigint {
  return BigInt(Math.trunc(ms * NS_PER_MS));
}

import type { BarInterval, DecimalText } from '@tickpath/trading';
import { SMA } from 'trading-signals';
import type { Strategy } from './strategy.ts';

export interface MomentumOptions {
  readonly interval: BarInterval;
  /** Lengths of the two averages in bars; fast < slow. */
  readonly fastBars: number;
  readonly slowBars: number;
  /** Size of the position to hold, in units. */
  readonly qty: DecimalText;
  /** Whether to go short below, or only flat. */
  readonly allowShort: boolean;
}

/**
 * Follows the trend of two simple moving averages of closes: long while the fast one is above the slow one, short (or
 * flat) while it is below, and as it was while they are equal.
 */
export function momentum(options: MomentumOptions): Strategy {
  const { interval, fastBars, slowBars, qty, allowShort } = options;
  if (!(fastBars < slowBars)) throw new RangeError(`momentum: fastBars ${fastBars} >= slowBars ${slowBars}`);
  return {
    name: `momentum-${interval}-${fastBars}-${slowBars}`,
    warmup: { interval, bars: slowBars },
    create: () => {
      const fastAverage = new SMA(fastBars);
      const slowAverage = new SMA(slowBars);
      return {
        onBar: (bar) => {
          if (bar.interval !== interval) return undefined;
          const close = Number(bar.close);
          const fast = fastAverage.add(close);
          const slow = slowAverage.add(close);
          if (fast === null || slow === null || fast === slow) return undefined;
          const below = allowShort ? `-${qty}` : '0';
          return { targetQty: fast > slow ? qty : below, features: { fast, slow } };
        },
      };
    },
  };
}

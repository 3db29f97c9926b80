import { addTrade, type Bar, type BarBuilder, closeBars } from '../src/index.ts';

export interface Trade {
  readonly tsNs: bigint;
  readonly price: string;
  readonly size: string;
}

/** Closes and adds as a feed does, and closes the last bar by the clock. */
export function barsOf(builder: BarBuilder, trades: readonly Trade[]): Bar[] {
  const bars: (Bar | undefined)[] = [];
  for (const { tsNs, price, size } of trades) {
    bars.push(closeBars(builder, tsNs));
    addTrade(builder, tsNs, price, size);
  }
  bars.push(closeBars(builder, 2n ** 62n));
  return bars.filter((bar) => bar !== undefined);
}

import type { WorkingOrder } from './order-queue.ts';
import { LOWEST_PX } from './stop-prices.ts';
import type { SlippageModel } from './types.ts';

const BPS = 10_000;

/**
 * Basis points that an order pays beyond the price shown. `square-root`: bps × √(quantity still to fill ÷ volume of the
 * symbol's eligible trades so far, at most 1), after Almgren et al., Direct Estimation of Equity Market Impact, 2005.
 */
export function slippageBps(model: SlippageModel, qty: number, volumeQty: number): number {
  switch (model.model) {
    case 'none':
      return 0;
    case 'fixed-bps':
      return model.bps;
    case 'square-root':
      return qty >= volumeQty ? model.bps : model.bps * Math.sqrt(qty / volumeQty);
  }
}

/** A level's price worsened for a taker, rounded against it to the whole unit; its limit is never passed. */
export function takenPx({ sign, limitPx }: WorkingOrder, px: number, bps: number): number {
  if (bps === 0) return px;
  const worse = Math.ceil((px * bps) / BPS);
  return sign === 1 ? Math.min(px + worse, limitPx) : Math.max(px - worse, limitPx, LOWEST_PX);
}

import type { Strategy } from '@tickpath/strategy';
import { MARKED_SIZE } from './ticks.ts';

/** Decides on marked trades alone, and turns the position over at each: so the driver knows which tick causes an order. */
export const strategy: Strategy = {
  name: 'bench-path',
  warmup: { interval: '1s', bars: 0 },
  create: () => ({
    onTrade: ({ size }, { positionQty }) =>
      size === MARKED_SIZE ? { targetQty: positionQty === '0' ? '100' : '0', features: {} } : undefined,
  }),
};

import type { Strategy } from '@tickpath/strategy';

const TRADES_PER_ORDER = 60;

/** Turns the position over at every so many trades of a symbol: many orders, each caused by a tick among thousands. */
export const strategy: Strategy = {
  name: 'busy',
  warmup: { interval: '1s', bars: 0 },
  create: () => {
    let trades = 0;
    return {
      onTrade: ({ price }, { positionQty }) => {
        trades += 1;
        if (trades % TRADES_PER_ORDER !== 0) return undefined;
        return { targetQty: positionQty === '0' ? '10' : '0', features: { trades, price: Number(price) } };
      },
    };
  },
};

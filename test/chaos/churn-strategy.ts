import type { Strategy } from '@tickpath/strategy';

const TRADES_BETWEEN = 5;
/** Some are larger than what the synthetic market shows, so that orders rest at the venue, partly filled. */
const TARGETS = ['200', '-3000', '0', '2500', '-100', '4000', '0', '-1500'];
const PERIOD_NS = 6_000_000_000n;
const BUSY_NS = 4_000_000_000n;

/** Sends orders in every symbol for four seconds out of six, by the venue's time; in the rest everything comes to a stand. */
export const strategy: Strategy = {
  name: 'churn',
  warmup: { interval: '1s', bars: 0 },
  create: (symbol) => {
    let trades = symbol.charCodeAt(symbol.length - 1);
    let next = trades;
    return {
      onTrade: ({ venueTsNs }, { positionQty }) => {
        trades += 1;
        if (trades % TRADES_BETWEEN !== 0 || venueTsNs % PERIOD_NS >= BUSY_NS) return undefined;
        if (positionQty === TARGETS[next % TARGETS.length]) next += 1;
        return { targetQty: TARGETS[next % TARGETS.length] ?? '0', features: { trades } };
      },
    };
  },
};

import { defineSchema } from '@tickpath/runtime';

export const storeSchema = defineSchema({
  tradesPerSymbol: { doc: 'Trades kept for each symbol.', format: 'positive-int', default: 10_000 },
  quotesPerSymbol: { doc: 'Quotes kept for each symbol.', format: 'positive-int', default: 10_000 },
  barsPerSymbol: {
    doc: 'Bars kept for each symbol and interval: the most a strategy can warm up from.',
    format: 'positive-int',
    default: 5_000,
  },
  heartbeatMs: { doc: 'Milliseconds between two beats of the market stream.', format: 'positive-int', default: 1000 },
  receiveHighWaterMark: {
    doc: 'Messages that may wait in the receiving socket.',
    format: 'positive-int',
    default: 200_000,
  },
});

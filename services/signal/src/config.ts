import { defineSchema } from '@tickpath/runtime';

export const signalSchema = defineSchema({
  symbols: {
    doc: 'Symbols the strategy works on, each by itself.',
    format: 'nonempty-list-of-text',
    default: ['AAPL', 'MSFT', 'NVDA', 'SPY'],
  },
  strategy: {
    doc: 'momentum, or the path of a TypeScript file that exports `strategy`.',
    format: 'text',
    default: 'momentum',
  },
  momentum: {
    interval: { doc: 'Length of the bars the averages are taken over.', format: ['1s', '1m'], default: '1s' },
    fastBars: { doc: 'Bars of the fast average.', format: 'positive-int', default: 5 },
    slowBars: { doc: 'Bars of the slow average; more than fastBars.', format: 'positive-int', default: 15 },
    qty: { doc: 'Units to hold while the trend lasts.', format: 'decimal', default: '100' },
    allowShort: { doc: 'Whether to go short in a falling trend, or only flat.', format: Boolean, default: true },
  },
  intentTtlMs: {
    doc: 'Milliseconds after which an order that has not reached risk is refused as stale.',
    format: 'positive-int',
    default: 5000,
  },
  riskTimeoutMs: {
    doc: 'Milliseconds to wait for an answer of risk before asking again.',
    format: 'positive-int',
    default: 1000,
  },
  receiveHighWaterMark: {
    doc: 'Messages that may wait in the receiving socket.',
    format: 'positive-int',
    default: 200_000,
  },
  heartbeatMs: { doc: 'Milliseconds between two beats of the logs it follows.', format: 'positive-int', default: 1000 },
  recordTo: {
    doc: 'File that gets every input of the core with its outputs, as JSON lines; for replaying decisions.',
    format: 'text',
    default: null,
    nullable: true,
  },
});

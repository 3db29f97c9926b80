import { defineSchema } from '@tickpath/runtime';

export const riskSchema = defineSchema({
  limits: {
    maxOrderNotionalUsd: { doc: 'Largest notional of one order, in USD.', format: 'decimal', default: '100000' },
    maxPositionQty: {
      doc: 'Largest position of one symbol, long or short, in units.',
      format: 'decimal',
      default: '10000',
    },
    maxPositionNotionalUsd: {
      doc: 'Largest position of one symbol with its open orders, in USD.',
      format: 'decimal',
      default: '250000',
    },
    maxGrossNotionalUsd: {
      doc: 'Largest sum of all positions with their open orders, in USD.',
      format: 'decimal',
      default: '1000000',
    },
  },
  heartbeatMs: { doc: 'Milliseconds between two beats of the risk log.', format: 'positive-int', default: 1000 },
  receiveHighWaterMark: {
    doc: 'Messages that may wait in the receiving socket.',
    format: 'positive-int',
    default: 200_000,
  },
  hintCapacity: {
    doc: 'Log hints that may wait for a slow follower before further ones are dropped.',
    format: 'positive-int',
    default: 10_000,
  },
  recordTo: {
    doc: 'File that gets every input of the core with its outputs, as JSON lines; for replaying decisions.',
    format: 'text',
    default: null,
    nullable: true,
  },
});

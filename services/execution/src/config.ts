import { defineSchema } from '@tickpath/runtime';

export const executionSchema = defineSchema({
  requestTimeoutMs: {
    doc: 'Milliseconds, the wait for a connection included, after which a call to the venue is given up and its order unknown.',
    format: 'positive-int',
    default: 3000,
  },
  maxInFlightMs: {
    doc: 'Milliseconds after which a written request can no longer reach the venue. At least requestTimeoutMs.',
    format: 'positive-int',
    default: 5000,
  },
  connections: { doc: 'Connections to the venue, each with one call at a time.', format: 'positive-int', default: 8 },
  heartbeatMs: { doc: 'Milliseconds between two beats of the execution log.', format: 'positive-int', default: 1000 },
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

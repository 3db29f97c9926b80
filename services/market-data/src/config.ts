import { defineSchema } from '@tickpath/runtime';

export const marketDataSchema = defineSchema({
  feed: {
    doc: "Path of the venue's stream: Alpaca's feed name.",
    format: ['iex', 'sip', 'test'],
    default: 'iex',
  },
  symbols: {
    doc: 'Symbols to subscribe to; * for all that the venue has.',
    format: 'nonempty-list-of-text',
    default: ['*'],
  },
  heartbeatMs: { doc: 'Milliseconds between two beats of the market stream.', format: 'positive-int', default: 1000 },
  sendHighWaterMark: {
    doc: 'Messages that may wait for one subscriber before ZeroMQ drops further ones for it.',
    format: 'positive-int',
    default: 200_000,
  },
  requiredFollowers: {
    doc: 'Followers that must receive the stream before a replay starts, and that hold it back while they are behind.',
    format: 'nonempty-list-of-text',
    default: ['store', 'signal', 'risk'],
  },
  maxLag: {
    doc: 'Ticks that a required follower may be behind before a replay pauses. At most half of sendHighWaterMark.',
    format: 'positive-int',
    default: 20_000,
  },
  ringBytes: {
    doc: 'Bytes of past messages kept for followers that missed some, over all topics.',
    format: 'positive-int',
    default: 67_108_864,
  },
  queueBytes: {
    doc: 'Bytes that may wait for the socket; what comes beyond them reaches followers by retransmission.',
    format: 'positive-int',
    default: 16_777_216,
  },
  batchBytes: {
    doc: 'Largest payload frame that waiting messages of a topic are gathered into, in bytes; 0 sends each by itself.',
    format: 'nat',
    default: 65_536,
  },
  maxLagBytes: {
    doc: 'Bytes that a required follower may be behind before a replay pauses. At most half of ringBytes.',
    format: 'positive-int',
    default: 16_777_216,
  },
  markEvery: { doc: 'Ticks between two position marks in a replay.', format: 'positive-int', default: 500 },
});

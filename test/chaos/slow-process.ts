import { createWireMetrics, MarketFollower } from '@tickpath/wire';

/** A follower that takes a millisecond for each message until it is told that the flood is over. */
const [stream, control] = process.argv.slice(2) as [string, string];
const SLOW_MS = 1;

let slow = true;
let delivered = 0;
let lost = 0;
let rebased = 0;
let at = 0;
const counters = new Map<string, number>();

new MarketFollower({
  name: 'slow',
  epoch: 1,
  connect: { stream, control },
  prefixes: [''],
  nowNs: () => process.hrtime.bigint(),
  metrics: createWireMetrics({
    counter: (name) => ({
      inc: (_labels, value = 1) => void counters.set(name, (counters.get(name) ?? 0) + value),
    }),
    gauge: () => ({ set: () => {} }),
    beforeScrape: () => {},
  }),
  receiveHighWaterMark: 1_000,
  heartbeatMs: 100,
  deliver: (_topic, envelope) => {
    if (envelope.seq !== at + 1) throw new Error(`delivered ${envelope.seq} after ${at}`);
    at = envelope.seq;
    delivered += 1;
    const until = performance.now() + (slow ? SLOW_MS : 0);
    while (performance.now() < until);
  },
  onLost: (_topic, from, to) => {
    if (from !== at + 1 || to === null) throw new Error(`lost from ${from} after ${at}`);
    lost += to - from + 1;
    at = to;
  },
  onRebase: (_topic, _envelope, lastSeq) => {
    if (at !== 0 && lastSeq !== at) throw new Error(`re-based at ${lastSeq}, stands at ${at}`);
    rebased += 1;
    at = lastSeq;
  },
  onRun: () => {},
});

process.stdin.once('data', () => {
  slow = false;
});
setInterval(() => {
  const counted = counters.get('tickpath_wire_lost_total') ?? 0;
  console.log(JSON.stringify({ at, delivered, lost, rebased, counted }));
}, 100);

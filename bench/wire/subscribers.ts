import { MarketFollower, NO_METRICS } from '@tickpath/wire';
import { Subscriber } from 'zeromq';
import type { Mode, Order, Report } from './channel.ts';

/** A process with some subscribers of one publisher: bare SUB sockets, or followers with all that they do. */
const [mode, stream, control, count] = process.argv.slice(2) as [Mode, string, string, string];
const subscribers = Number(count);

let order: Order = { type: 'count', messages: 0 };
let missing = 0;
let latencies: number[] = [];
let joined = 0;

process.on('message', (message: Order) => {
  order = message;
  missing = order.messages * subscribers;
  latencies = [];
  say({ type: 'ready' });
});

function say(report: Report): void {
  process.send?.(report);
}

function arrived(sentNs: bigint): void {
  missing -= 1;
  if (order.type === 'latency') latencies.push(Number(process.hrtime.bigint() - sentNs));
  if (missing !== 0) return;
  say(order.type === 'count' ? { type: 'counted' } : { type: 'latencies', ns: latencies });
}

function hasJoined(): void {
  joined += 1;
  if (joined === subscribers) say({ type: 'ready' });
}

async function bare(): Promise<void> {
  const socket = new Subscriber({ receiveHighWaterMark: 0 });
  socket.connect(stream);
  socket.subscribe('');
  let first = true;
  for await (const [topic, payload] of socket) {
    if (topic?.toString() !== 'hello') arrived(payload?.readBigInt64LE(0) ?? 0n);
    else if (first) {
      first = false;
      hasJoined();
    }
  }
}

function wire(index: number): void {
  new MarketFollower({
    name: `bench-${index}`,
    epoch: 1,
    connect: { stream, control },
    prefixes: [''],
    nowNs: () => process.hrtime.bigint(),
    metrics: NO_METRICS,
    receiveHighWaterMark: 0,
    heartbeatMs: 1000,
    deliver: (_topic, envelope) => arrived(envelope.tsNs),
    onLost: (topic, from, to) => {
      throw new Error(`lost ${topic} ${from} to ${to}`);
    },
    onRun: hasJoined,
  });
}

for (let i = 0; i < subscribers; i += 1) {
  if (mode === 'bare') void bare();
  else wire(i);
}

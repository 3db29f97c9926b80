import { setImmediate as nextTurn } from 'node:timers/promises';
import { MarketPublisher, NO_METRICS } from '@tickpath/wire';

/** A publisher that floods: `count` messages as fast as it can, and its memory before, at its peak and how much it sent. */
const [stream, control, count] = process.argv.slice(2) as [string, string, string];
const BURST = 100;

const publisher = await MarketPublisher.open({
  source: 'flood',
  epoch: 1,
  bind: { stream, control },
  nowNs: () => process.hrtime.bigint(),
  metrics: NO_METRICS,
  sendHighWaterMark: 1_000,
  ringBytes: 4 * 1024 * 1024,
  queueBytes: 4 * 1024 * 1024,
  batchBytes: 4_096,
  heartbeatMs: 100,
  flow: { requiredFollowers: ['slow'], maxLag: 1e9, maxLagBytes: 1e9, markEvery: 1e9 },
  onFlow: () => {},
});
publisher.identify({ run: 'flood', pace: 'live' });
await publisher.whenFollowed();

const trade = {
  price: '187.23',
  size: '100',
  tradeId: '52983625699126',
  exchange: 'P',
  conditions: ['a condition that makes the message about three hundred bytes long'.repeat(3)],
  tape: 'C',
  venueTsNs: 0n,
  receivedNs: 0n,
  decodedNs: 0n,
  takerSide: null,
  flags: [],
};
const send = async (messages: number) => {
  for (let i = 0; i < messages; i += 1) {
    publisher.publish('A/trade', 'trade', trade);
    if (i % BURST === 0) await nextTurn();
  }
};
// The heap settles first, so that what is measured is what the flood adds.
await send(50_000);
const beforeBytes = process.memoryUsage.rss();
let peakBytes = beforeBytes;
const sampling = setInterval(() => {
  peakBytes = Math.max(peakBytes, process.memoryUsage.rss());
}, 20);
await send(Number(count));
clearInterval(sampling);
console.log(JSON.stringify({ flooded: Number(count) + 50_000, grownBytes: peakBytes - beforeBytes }));

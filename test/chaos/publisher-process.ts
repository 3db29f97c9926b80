import { openSync, writeSync } from 'node:fs';
import { MarketPublisher, NO_METRICS } from '@tickpath/wire';

/**
 * A publisher that can be killed: publishes `count` messages at about 4,000 a second over three topics, having written
 * each to its log first, then only beats. What its log says is what it published, or was about to when it was killed.
 */
const [stream, control, epoch, count, ringBytes, logFile] = process.argv.slice(2) as [string, string, ...string[]];
const TOPICS = ['A/trade', 'A/quote', 'B/trade'];
const TICK_MS = 5;
const PER_TICK = 20;

const log = openSync(logFile as string, 'a');
const publisher = await MarketPublisher.open({
  source: 'chaos',
  epoch: Number(epoch),
  bind: { stream, control },
  nowNs: () => process.hrtime.bigint(),
  metrics: NO_METRICS,
  sendHighWaterMark: 1_000_000,
  ringBytes: Number(ringBytes),
  queueBytes: 64 * 1024 * 1024,
  batchBytes: 2_000,
  heartbeatMs: 100,
  flow: { requiredFollowers: ['chaos'], maxLag: 1e9, maxLagBytes: 1e9, markEvery: 1e9 },
  onFlow: () => {},
});
publisher.identify({ run: `chaos-${epoch}`, pace: 'live' });
await publisher.whenFollowed();
console.log('followed');

const seqs = new Map<string, number>();
let published = 0;
const timer = setInterval(() => {
  for (let i = 0; i < PER_TICK && published < Number(count); i += 1) {
    const topic = TOPICS[published % TOPICS.length] as string;
    const seq = (seqs.get(topic) ?? 0) + 1;
    seqs.set(topic, seq);
    published += 1;
    writeSync(log, `${epoch} ${topic} ${seq}\n`);
    publisher.publish(topic, 'position', { position: Number(epoch) * 1_000_000 + seq });
  }
  if (published < Number(count)) return;
  clearInterval(timer);
  console.log('published');
}, TICK_MS);

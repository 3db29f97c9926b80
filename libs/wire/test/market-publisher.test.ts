import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Subscriber } from 'zeromq';
import { decodeFrame } from '../src/envelope.ts';
import { MarketPublisher } from '../src/market-publisher.ts';
import { NO_METRICS } from '../src/metrics-port.ts';
import { freeAddress } from './request-service.ts';

test('a position mark and a beat leave behind every envelope that they speak of', async (t) => {
  const bind = { stream: await freeAddress(), control: await freeAddress() };
  const publisher = await MarketPublisher.open({
    source: 'market-data',
    epoch: 1,
    bind,
    nowNs: () => process.hrtime.bigint(),
    metrics: NO_METRICS,
    sendHighWaterMark: 100_000,
    ringBytes: 1_000_000,
    queueBytes: 1_000_000,
    batchBytes: 65_536,
    heartbeatMs: 20,
    flow: { requiredFollowers: [], maxLag: 1e9, maxLagBytes: 1e9, markEvery: 3 },
    onFlow: () => {},
  });
  t.after(() => publisher.close());
  const socket = new Subscriber({ linger: 0, receiveTimeout: 10_000 });
  t.after(() => socket.close());
  socket.connect(bind.stream);
  socket.subscribe('');
  await socket.receive();
  publisher.identify({ run: 'test', pace: 'replay' });
  // Every third envelope is followed by a mark, in the middle of topics that have not been sent yet.
  for (let i = 0; i < 300; i += 1) publisher.publish(`S${i % 40}/trade`, 'position', { position: i });

  let seen = 0;
  let marks = 0;
  const last = new Map<string, number>();
  while (seen < 300 || marks === 0) {
    const [topicFrame, payload] = await socket.receive();
    const topic = String(topicFrame);
    decodeFrame(
      payload as Buffer,
      (envelope) => {
        if (envelope.kind === 'heartbeat') {
          assert.ok(seen >= envelope.payload.position, `a beat at ${envelope.payload.position} after ${seen}`);
          for (const moved of envelope.payload.topics)
            assert.ok((last.get(moved.topic) ?? 0) >= moved.lastSeq, moved.topic);
        } else if (topic === '$position') {
          const { position } = envelope.payload as { position: number };
          assert.ok(seen >= position, `a mark at ${position} after ${seen}`);
          marks += 1;
        } else {
          seen += 1;
          last.set(topic, envelope.seq);
        }
      },
      (reason) => assert.fail(reason),
    );
  }
});

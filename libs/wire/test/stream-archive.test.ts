import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { decodeFrame, type Envelope } from '../src/envelope.ts';
import { FlowControl } from '../src/flow-control.ts';
import { RetransmitRing } from '../src/retransmit-ring.ts';
import { StreamArchive } from '../src/stream-archive.ts';

const topicOf = fc.constantFrom('A/trade', 'A/quote', 'B/trade');

describe('the ring of past envelopes', () => {
  test('equals a naive list that forgets its oldest entries beyond the byte bound', () => {
    const pushes = fc.array(fc.record({ topic: topicOf, bytes: fc.nat(300) }), { maxLength: 200 });
    const property = fc.property(pushes, fc.integer({ min: 400, max: 5000 }), (entries, maxBytes) => {
      const ring = new RetransmitRing(maxBytes);
      const seqs = new Map<string, number>();
      let kept: { topic: string; seq: number; envelope: Buffer }[] = [];
      for (const { topic, bytes } of entries) {
        const seq = (seqs.get(topic) ?? 0) + 1;
        seqs.set(topic, seq);
        const envelope = Buffer.alloc(bytes, seq);
        ring.push(topic, seq, envelope);
        kept.push({ topic, seq, envelope });
        while (kept.reduce((sum, entry) => sum + entry.envelope.length + 64, 0) > maxBytes) kept = kept.slice(1);
        assert.ok(ring.sizeBytes <= maxBytes);
      }
      for (const [topic, last] of seqs) {
        const mine = kept.filter((entry) => entry.topic === topic);
        const { lostTo, envelopes } = ring.range(topic, 1, last, Number.MAX_SAFE_INTEGER);
        assert.equal(lostTo, last - mine.length);
        assert.deepEqual(
          envelopes,
          mine.map((entry) => entry.envelope),
        );
      }
    });
    fc.assert(property, { numRuns: 300 });
  });

  test('answers at least one envelope and then stays within the bytes asked for', () => {
    const ring = new RetransmitRing(10_000);
    for (let seq = 1; seq <= 20; seq += 1) ring.push('A/trade', seq, Buffer.alloc(100));
    assert.equal(ring.range('A/trade', 3, 20, 1).envelopes.length, 1);
    assert.equal(ring.range('A/trade', 3, 20, 350).envelopes.length, 3);
    assert.deepEqual(ring.range('B/trade', 3, 20, 350), { lostTo: 20, envelopes: [] });
  });
});

describe('the archive of a publisher', () => {
  const archive = () => new StreamArchive({ source: 'market-data', epoch: 7, ringBytes: 1_000_000 });
  const put = (stream: StreamArchive, topic: string, position: number) =>
    stream.append(topic, { kind: 'position', payload: { position }, tsNs: 1n });
  const read = (frames: readonly Uint8Array[] | undefined): Envelope[] => {
    const envelopes: Envelope[] = [];
    for (const frame of frames ?? []) decodeFrame(frame, (envelope) => envelopes.push(envelope), assert.fail as never);
    return envelopes;
  };

  test('numbers each topic from 1 and tells of the topics that moved once', () => {
    const stream = archive();
    for (const topic of ['A/trade', 'B/trade', 'A/trade']) put(stream, topic, 0);
    put(stream, '$hb', 0);
    assert.deepEqual(stream.takeMoved(), [
      { topic: 'A/trade', lastSeq: 2 },
      { topic: 'B/trade', lastSeq: 1 },
    ]);
    assert.deepEqual(stream.takeMoved(), []);
  });

  test('a retransmission never claims loss of what has not been published', () => {
    const stream = archive();
    put(stream, 'A/trade', 1);
    const { payload, attached } = stream.answerRetransmit({ requestId: 'r', topic: 'A/trade', from: 2, to: 9 });
    assert.equal(payload.lostTo, 0);
    assert.deepEqual(attached, []);
    const unknown = stream.answerRetransmit({ requestId: 'r', topic: 'Z/trade', from: 1, to: 9 });
    assert.equal(unknown.payload.lostTo, 0);
  });

  test('a snapshot has the last envelope of each matching topic, in pages that together are complete', () => {
    const stream = archive();
    for (let i = 0; i < 27_000; i += 1) put(stream, `S${i % 9000}/trade`, i);
    put(stream, 'OTHER/trade', 1);
    const topics: { topic: string; lastSeq: number }[] = [];
    const states: Envelope[] = [];
    let pages = 0;
    for (let first = 0; ; pages += 1) {
      const page = stream.answerSnapshot({ requestId: 'p', prefixes: ['S'], first, values: true });
      topics.push(...page.payload.topics);
      states.push(...read(page.attached));
      first = page.payload.next;
      if (first === 0) break;
    }
    assert.ok(pages > 0, 'more than one page');
    assert.equal(topics.length, 9000);
    assert.equal(new Set(topics.map(({ topic }) => topic)).size, 9000);
    assert.ok(states.every(({ seq }) => seq === 3));
  });
});

describe('flow control of a replay', () => {
  const limits = { requiredFollowers: ['store', 'signal'], maxLag: 100, maxLagBytes: 10_000, markEvery: 10 };

  test('starts when every required follower has reported, and ignores others', async () => {
    const flow = new FlowControl(limits, () => {});
    let complete = false;
    const done = flow.whenComplete().then(() => {
      complete = true;
    });
    flow.reported('store', 0);
    flow.reported('gateway', 0);
    await Promise.resolve();
    assert.equal(complete, false);
    flow.reported('signal', 0);
    await done;
  });

  test('pauses on the slowest follower, by envelopes or by bytes, and resumes at half the limit', () => {
    const calls: boolean[] = [];
    const flow = new FlowControl(limits, (paused) => calls.push(paused));
    flow.reported('store', 0);
    flow.reported('signal', 0);
    for (let position = 10; position <= 110; position += 10) flow.published(position, position * 10);
    assert.deepEqual(calls, [true]);
    flow.reported('store', 110);
    assert.deepEqual(calls, [true], 'signal still holds it');
    flow.reported('signal', 50);
    assert.deepEqual(calls, [true]);
    flow.reported('signal', 60);
    assert.deepEqual(calls, [true, false]);
    flow.published(120, 100_000);
    assert.deepEqual(calls, [true, false, true], 'too many bytes');
    assert.equal(flow.lag.envelopes, 60);
  });
});

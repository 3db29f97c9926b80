import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import type { Envelope } from '../src/envelope.ts';
import { type SnapshotTopic, StreamTracker, type TrackerPort } from '../src/stream-tracker.ts';

const TOPICS = ['A/trade', 'A/quote', 'B/trade'] as const;
const LIMITS = { maxHeld: 40, retryMs: 50, maxTries: 4 };

function envelopeOf(epoch: number, seq: number, topic: string): Envelope {
  const header = { source: 'market-data', epoch, seq, tsNs: 0n, traceparent: null };
  return { ...header, kind: 'position', payload: { position: seq * 10 + TOPICS.indexOf(topic as never) } };
}

/** The publisher as a naive list of everything it ever sent, of which it keeps the last `keeps` of a topic. */
class NaivePublisher {
  readonly logs = new Map<number, Map<string, Envelope[]>>();
  epoch = 1;
  beats = 0;
  readonly keeps: number;

  constructor(keeps: number) {
    this.keeps = keeps;
    this.logs.set(1, new Map());
  }

  log(topic: string, epoch = this.epoch): Envelope[] {
    const topics = this.logs.get(epoch) as Map<string, Envelope[]>;
    const log = topics.get(topic) ?? [];
    topics.set(topic, log);
    return log;
  }

  publish(topic: string): Envelope {
    const log = this.log(topic);
    const envelope = envelopeOf(this.epoch, log.length + 1, topic);
    log.push(envelope);
    return envelope;
  }

  restart(): void {
    this.epoch += 1;
    this.beats = 0;
    this.logs.set(this.epoch, new Map());
  }
}

/** Where the consumer stands in each topic; fails when anything comes twice, out of order, or is skipped unnamed. */
class StrictConsumer {
  epoch = 0;
  delivered = 0;
  lost = 0;
  rebased = 0;
  readonly #at = new Map<string, number>();
  readonly #publisher: NaivePublisher;

  constructor(publisher: NaivePublisher) {
    this.#publisher = publisher;
  }

  position(topic: string): number | undefined {
    return this.#at.get(topic);
  }

  deliver(topic: string, envelope: Envelope): void {
    const at = this.#enter(topic, envelope.epoch);
    assert.equal(envelope.seq, at + 1, `${topic}: delivered ${envelope.seq} after ${at}`);
    assert.equal(envelope, this.#publisher.log(topic, envelope.epoch)[envelope.seq - 1]);
    this.#at.set(topic, envelope.seq);
    this.delivered += 1;
  }

  loss(topic: string, from: number, to: number | null): void {
    assert.equal(from, (this.#at.get(topic) ?? 0) + 1, `${topic}: lost from ${from}`);
    if (to === null) return void this.#at.delete(topic);
    assert.ok(to >= from);
    this.#at.set(topic, to);
    this.lost += to - from + 1;
  }

  rebase(topic: string, envelope: Envelope | null, lastSeq: number): void {
    const at = this.#at.get(topic);
    if (envelope !== null) assert.equal(envelope.seq, lastSeq);
    if (at !== undefined) assert.equal(lastSeq, at, `${topic}: re-based at ${lastSeq}, stands at ${at}`);
    this.#at.set(topic, lastSeq);
    this.rebased += 1;
  }

  #enter(topic: string, epoch: number): number {
    assert.ok(epoch >= this.epoch, 'an old epoch after a newer one');
    this.epoch = epoch;
    return this.#at.get(topic) ?? 0;
  }
}

type Delivery = (tracker: StreamTracker, nowMs: number) => void;

interface Weather {
  readonly drop: number;
  readonly duplicate: number;
  readonly delay: number;
}

/** A publisher, a channel that loses, repeats and delays in both directions, and a tracker, on a clock of steps. */
class Simulation {
  readonly publisher: NaivePublisher;
  readonly consumer: StrictConsumer;
  readonly tracker: StreamTracker;
  injected = 0;
  nowMs = 0;
  #weather: Weather;
  #random: () => number;
  /** Topics published since the last beat: a beat tells of no others. */
  readonly #moved = new Set<string>();
  #inFlight: { atMs: number; delivery: Delivery }[] = [];

  constructor(random: () => number, weather: Weather, keeps: number) {
    this.#random = random;
    this.#weather = weather;
    this.publisher = new NaivePublisher(keeps);
    this.consumer = new StrictConsumer(this.publisher);
    const port: TrackerPort = {
      deliver: (topic, envelope) => this.consumer.deliver(topic, envelope),
      lost: (topic, from, to) => this.consumer.loss(topic, from, to),
      rebase: (topic, envelope, lastSeq) => this.consumer.rebase(topic, envelope, lastSeq),
      askRetransmit: (topic, from, to) => this.#send(() => this.#answerRetransmit(topic, from, to)),
      askSnapshot: (topics, values) => this.#send(() => this.#answerSnapshot(topics, values)),
      dropped: () => {},
    };
    this.tracker = new StreamTracker(port, LIMITS);
  }

  publish(topic: string): void {
    const envelope = this.publisher.publish(topic);
    this.#moved.add(topic);
    this.#send((tracker, nowMs) => tracker.message(topic, envelope, nowMs));
  }

  beat(): void {
    const { epoch } = this.publisher;
    this.publisher.beats += 1;
    const topics = this.#lastSeqs(null).filter(({ topic }) => this.#moved.has(topic));
    this.#moved.clear();
    const beat = { epoch, seq: this.publisher.beats, topics };
    this.#send((tracker, nowMs) => tracker.beat(beat, nowMs));
  }

  calm(): void {
    this.#weather = { drop: 0, duplicate: 0, delay: 0 };
  }

  step(ms: number): void {
    this.nowMs += ms;
    const due = this.#inFlight.filter(({ atMs }) => atMs <= this.nowMs);
    this.#inFlight = this.#inFlight.filter(({ atMs }) => atMs > this.nowMs);
    for (const { delivery } of due) delivery(this.tracker, this.nowMs);
    this.tracker.tick(this.nowMs);
    assert.ok(this.tracker.heldCount <= LIMITS.maxHeld);
  }

  #send(delivery: Delivery): void {
    if (this.#random() < this.#weather.drop) {
      this.injected += 1;
      return;
    }
    const copies = this.#random() < this.#weather.duplicate ? 2 : 1;
    for (let i = 0; i < copies; i += 1) {
      const delayed = this.#random() < this.#weather.delay;
      if (delayed || i > 0) this.injected += 1;
      this.#inFlight.push({ atMs: this.nowMs + (delayed ? Math.floor(this.#random() * 120) : 1), delivery });
    }
  }

  #answerRetransmit(topic: string, from: number, to: number): void {
    const { epoch, keeps } = this.publisher;
    const log = this.publisher.log(topic);
    const lostTo = Math.min(to, log.length - keeps);
    const envelopes = log.slice(Math.max(from - 1, lostTo), Math.min(to, from + 19));
    const reply = { epoch, lostTo, envelopes };
    this.#send((tracker, nowMs) => tracker.retransmitted(topic, reply, nowMs));
  }

  #answerSnapshot(asked: readonly string[] | null, values: boolean): void {
    const topics = this.#lastSeqs(asked).map(({ topic, lastSeq }): SnapshotTopic => {
      return { topic, lastSeq, envelope: values ? (this.publisher.log(topic)[lastSeq - 1] ?? null) : null };
    });
    const reply = { epoch: this.publisher.epoch, complete: asked === null, values, topics };
    this.#send((tracker, nowMs) => tracker.snapshot(reply, nowMs));
  }

  #lastSeqs(asked: readonly string[] | null) {
    return TOPICS.filter((topic) => asked === null || asked.includes(topic))
      .map((topic) => ({ topic, lastSeq: this.publisher.log(topic).length }))
      .filter(({ lastSeq }) => lastSeq > 0);
  }
}

const rate = fc.constantFrom(0, 0.01, 0.1, 0.5);

describe('a stream over a channel that drops, repeats, delays and reorders both ways', () => {
  const factor = Number(process.env.TICKPATH_SOAK ?? 1);
  const seed = Number(process.env.TICKPATH_SEED ?? Math.floor(Math.random() * 2 ** 31));

  test('every message is delivered once, in order, or named as lost, and in calm the consumer stands at the end', () => {
    console.log(`seed ${seed}`);
    let injected = 0;
    let restarts = 0;
    const scenario = fc.record({
      weather: fc.record({ drop: rate, duplicate: rate, delay: rate }),
      keeps: fc.constantFrom(5, 50, 100_000),
      actions: fc.array(fc.nat(99), { minLength: 50, maxLength: 400 }),
      random: fc.infiniteStream(fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true })),
    });
    const property = fc.property(scenario, ({ weather, keeps, actions, random }) => {
      const simulation = new Simulation(() => random.next().value as number, weather, keeps);
      for (const action of actions) {
        if (action < 90) simulation.publish(TOPICS[action % 3] as string);
        else if (action < 98) simulation.beat();
        else if (action === 99) {
          simulation.publisher.restart();
          restarts += 1;
        }
        simulation.step(5);
      }
      simulation.calm();
      for (let i = 0; i < 200; i += 1) {
        if (i % 10 === 0) simulation.beat();
        simulation.step(20);
      }
      assert.ok(simulation.tracker.joined);
      for (const topic of TOPICS) {
        const last = simulation.publisher.log(topic).length;
        if (last > 0) assert.equal(simulation.consumer.position(topic), last, topic);
      }
      assert.equal(simulation.tracker.heldCount, 0);
      injected += simulation.injected;
    });
    fc.assert(property, { numRuns: 400 * factor, seed });
    assert.ok(injected > 1000, `only ${injected} faults were injected`);
    assert.ok(restarts > 100, `only ${restarts} restarts`);
  });

  test('with a ring that keeps everything and a publisher that lives, nothing is lost at 50 % drop', () => {
    const property = fc.property(
      fc.infiniteStream(fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true })),
      (random) => {
        const weather = { drop: 0.5, duplicate: 0.1, delay: 0.3 };
        const simulation = new Simulation(() => random.next().value as number, weather, 1e9);
        for (let i = 0; i < 10; i += 1) {
          simulation.beat();
          simulation.step(5);
        }
        for (let i = 0; i < 300; i += 1) {
          simulation.publish(TOPICS[i % 3] as string);
          simulation.step(1);
        }
        simulation.calm();
        for (let i = 0; i < 200; i += 1) {
          if (i % 10 === 0) simulation.beat();
          simulation.step(20);
        }
        for (const topic of TOPICS) assert.equal(simulation.consumer.position(topic), 100);
      },
    );
    fc.assert(property, { numRuns: 100, seed });
  });
});

test('a snapshot older than the beats before it does not hide a lost tail', () => {
  const checks: boolean[] = [];
  const port: TrackerPort = {
    deliver: () => {},
    lost: () => {},
    rebase: () => {},
    askRetransmit: () => {},
    askSnapshot: (_topics, values) => checks.push(values),
    dropped: () => {},
  };
  const tracker = new StreamTracker(port, LIMITS);
  tracker.beat({ epoch: 1, seq: 1, topics: [] }, 0);
  tracker.beat({ epoch: 1, seq: 2, topics: [{ topic: 'A/trade', lastSeq: 12 }] }, 10);
  const topics = [{ topic: 'A/trade', lastSeq: 7, envelope: null }];
  tracker.snapshot({ epoch: 1, complete: true, values: true, topics }, 20);
  assert.deepEqual(checks, [true]);
  tracker.beat({ epoch: 1, seq: 3, topics: [] }, 30);
  assert.deepEqual(checks, [true, false], 'all last seqs are asked for');
});

import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually, FaultProxy, type Faults, freePortOffset, TestProcess } from '@tickpath/testkit';
import { type Envelope, MarketFollower, NO_METRICS } from '@tickpath/wire';

export interface Scenario {
  readonly name: string;
  readonly faults: Faults;
  /** How often both connections are cut for two seconds. */
  readonly cuts?: number;
  /** How often the publisher is killed with -9 and started again. */
  readonly kills?: number;
  readonly ringBytes?: number;
  readonly messages?: number;
}

export interface Outcome {
  readonly delivered: number;
  readonly lost: number;
  readonly openEnded: number;
  /** Faults that the proxies really injected, cuts and kills included. */
  readonly injected: number;
}

const LARGE_RING = 64 * 1024 * 1024;

/**
 * Runs a publisher process, a follower, and a fault proxy on each of the two connections between them, and checks that
 * what the follower delivered is the publisher's log, but for what it declared lost: nothing twice, out of order,
 * altered or skipped. Throws where that does not hold.
 */
export async function lossyRun(scenario: Scenario, seed: number): Promise<Outcome> {
  const { faults, cuts = 0, kills = 0, ringBytes = LARGE_RING, messages = 6_000 } = scenario;
  const folder = mkdtempSync(join(tmpdir(), 'tickpath-chaos-'));
  const logFile = join(folder, 'published.log');
  const base = 5_555 + (await freePortOffset());
  const stream = `tcp://127.0.0.1:${base}`;
  const control = `tcp://127.0.0.1:${base + 1}`;
  let epoch = 1;
  const startPublisher = () =>
    new TestProcess([
      process.execPath,
      join(import.meta.dirname, 'publisher-process.ts'),
      ...[stream, control, String(epoch), String(messages), String(ringBytes), logFile],
    ]);
  let publisher = startPublisher();
  const proxies = [
    await FaultProxy.open({ seed, kind: 'pub-sub', listen: 'tcp://127.0.0.1:*', upstream: stream }),
    await FaultProxy.open({ seed: seed + 1, kind: 'router', listen: 'tcp://127.0.0.1:*', upstream: control }),
  ] as const;
  const ledger = new StreamLedger();
  const follower = new MarketFollower({
    name: 'chaos',
    epoch: 1,
    connect: { stream: proxies[0].address, control: proxies[1].address },
    prefixes: [''],
    nowNs: () => process.hrtime.bigint(),
    metrics: NO_METRICS,
    receiveHighWaterMark: 1_000_000,
    heartbeatMs: 100,
    limits: { maxHeld: 2_000, retryMs: 60, maxTries: 12 },
    deliver: (topic, envelope) => ledger.deliver(topic, envelope),
    onLost: (topic, from, to) => ledger.lost(topic, from, to),
    onRebase: (topic, envelope, lastSeq) => ledger.rebase(topic, envelope, lastSeq),
    onRun: () => {},
  });
  try {
    await publisher.line(/followed/);
    for (const proxy of proxies) proxy.set(faults);
    for (let cut = 0; cut < cuts; cut += 1) {
      await eventually('some deliveries before the cut', () => (ledger.delivered > 500 * (cut + 1) ? true : undefined));
      await Promise.all(proxies.map((proxy) => proxy.cut(2_000)));
    }
    for (let kill = 0; kill < kills; kill += 1) {
      const before = ledger.delivered;
      await eventually('some deliveries before the kill', () => (ledger.delivered > before + 500 ? true : undefined));
      publisher.kill('SIGKILL');
      await publisher.ended;
      epoch += 1;
      publisher = startPublisher();
    }
    await publisher.line(/published/, { boundMs: 60_000 });
    // The faults stay on: the end has to be found through them.
    await eventually('the follower at the end of the log', () => ledger.isAtEndOf(readLog(logFile), epoch), 60_000);
    ledger.check(readLog(logFile));
    const injected = proxies.reduce((sum, proxy) => {
      const { dropped, duplicated, reordered, delayed, cuts: done, lost } = proxy.stats();
      return sum + dropped + duplicated + reordered + delayed + done + lost;
    }, kills);
    return { delivered: ledger.delivered, lost: ledger.lostCount, openEnded: ledger.openEnded, injected };
  } finally {
    follower.close();
    for (const proxy of proxies) proxy.close();
    publisher.kill('SIGKILL');
    await publisher.ended;
    rmSync(folder, { recursive: true });
  }
}

/** Last seq by epoch and topic, as the publisher wrote it down before publishing. */
type PublishedLog = ReadonlyMap<string, number>;

function readLog(file: string): PublishedLog {
  const last = new Map<string, number>();
  for (const line of readFileSync(file, 'utf8').split('\n')) {
    const [epoch, topic, seq] = line.split(' ');
    if (seq !== undefined) last.set(`${epoch} ${topic}`, Number(seq));
  }
  return last;
}

/** Where the follower stands in each topic of each epoch. Any step that is not the next one throws. */
class StreamLedger {
  delivered = 0;
  lostCount = 0;
  openEnded = 0;
  readonly #at = new Map<string, number>();
  readonly #current = new Map<string, number>();

  deliver(topic: string, envelope: Envelope): void {
    const { epoch, seq } = envelope;
    assert.ok(epoch >= (this.#current.get(topic) ?? 0), 'a message of an epoch that had ended');
    this.#current.set(topic, epoch);
    const key = `${epoch} ${topic}`;
    assert.equal(seq, (this.#at.get(key) ?? 0) + 1, `${key}: delivered out of order or twice`);
    assert.equal(envelope.kind === 'position' ? envelope.payload.position : -1, epoch * 1_000_000 + seq);
    this.#at.set(key, seq);
    this.delivered += 1;
  }

  lost(topic: string, from: number, to: number | null): void {
    const key = `${this.#current.get(topic) ?? 1} ${topic}`;
    assert.equal(from, (this.#at.get(key) ?? 0) + 1, `${key}: a loss that leaves a hole before it`);
    if (to === null) {
      this.openEnded += 1;
      return;
    }
    this.lostCount += to - from + 1;
    this.#at.set(key, to);
  }

  rebase(topic: string, envelope: Envelope | null, lastSeq: number): void {
    assert.equal(envelope?.seq, lastSeq);
    const epoch = envelope?.epoch ?? 0;
    const key = `${epoch} ${topic}`;
    const at = this.#at.get(key);
    if (at !== undefined) assert.equal(lastSeq, at, `${key}: re-based away from where it stands`);
    this.#current.set(topic, epoch);
    this.#at.set(key, lastSeq);
  }

  isAtEndOf(log: PublishedLog, epoch: number): true | undefined {
    const ends = Array.from(log).filter(([key]) => key.startsWith(`${epoch} `));
    return ends.length > 0 && ends.every(([key, last]) => this.#at.get(key) === last) ? true : undefined;
  }

  check(log: PublishedLog): void {
    for (const [key, at] of this.#at) assert.ok(at <= (log.get(key) ?? 0), `${key}: beyond what was published`);
  }
}

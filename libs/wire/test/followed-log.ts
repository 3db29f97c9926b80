import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import type { TestContext } from 'node:test';
import type { Envelope } from '../src/envelope.ts';
import { type LogIdentity, type LogRecord, type LogSource, MemoryLog } from '../src/log.ts';
import { LogFollower, type LogFollowerOptions } from '../src/log-follower.ts';
import { LogPublisher } from '../src/log-publisher.ts';
import type { Payload } from '../src/messages.ts';
import { NO_METRICS } from '../src/metrics-port.ts';
import { Requester } from '../src/requester.ts';
import { Happenings } from './guarded-sockets.ts';
import { freeAddress, serve } from './request-service.ts';

const HEARTBEAT_MS = 50;
export const nowNs = () => process.hrtime.bigint();
export const upTo = (count: number): number[] => Array.from({ length: count }, (_, index) => index + 1);

interface Addresses {
  readonly pub: string;
  readonly requests: string;
}

/** A log in memory from which the oldest events can be taken away, and which can be put back to fewer. */
class TestLog extends MemoryLog implements LogSource {
  #firstSeq = 1;
  #end = Number.POSITIVE_INFINITY;

  override get firstSeq(): number {
    return this.#firstSeq;
  }

  override get lastSeq(): number {
    return Math.min(super.lastSeq, this.#end);
  }

  removeBelow(seq: number): void {
    this.#firstSeq = seq;
  }

  /** As if a copy of the log had been put back that was made when it had so many events; `undefined`: it has them again. */
  showUpTo(seq: number | undefined): void {
    this.#end = seq ?? Number.POSITIVE_INFINITY;
  }

  override since(seq: number, maxBytes: number): readonly LogRecord[] {
    const shown = super.since(seq, maxBytes).filter((record) => record.seq <= this.#end);
    return seq + 1 < this.#firstSeq ? [] : shown;
  }
}

/** An owner of a log, in whose place a later one can come at the same addresses, with a log of its own or the same. */
export async function openOwner(t: TestContext, bind?: Addresses, again?: TestLog) {
  const at = bind ?? { pub: await freeAddress(), requests: await freeAddress() };
  const log = again ?? new TestLog({ source: 'owner', identity: { uuid: randomUUID(), generation: 1 } });
  const asked = new Happenings<Payload<'since'>>();
  const common = { source: 'owner', nowNs, metrics: NO_METRICS, heartbeatMs: HEARTBEAT_MS };
  const publisher = await whenFree(() =>
    LogPublisher.open({ ...common, log, bind: { pub: at.pub }, hintCapacity: 1000 }),
  );
  const handle = ({ payload }: Envelope) => {
    asked.add(payload as Payload<'since'>);
    return publisher.answerSince(payload as Payload<'since'>);
  };
  const { responder } = await whenFree(() => serve(t, { bind: at.requests, handle }));
  t.after(() => publisher.close());
  const append = (text: string) => {
    const payload = { clOrdId: text, symbol: 'A', reason: '' };
    publisher.hint(log.append('OrderRefused', payload, nowNs(), null));
  };
  return {
    at,
    log,
    append,
    /** What it was asked, in turn. */
    asked,
    close: () => {
      publisher.close();
      responder.close();
    },
  };
}

/** The port of a server that was just closed is free again a moment later. */
async function whenFree<T>(open: () => Promise<T>): Promise<T> {
  const deadlineMs = performance.now() + 10_000;
  for (;;) {
    try {
      return await open();
    } catch (error) {
      if ((error as { code?: unknown }).code !== 'ADDRESS_IN_USE' || performance.now() > deadlineMs) throw error;
      await new Promise((resolve) => setImmediate(resolve));
    }
  }
}

type Choices = Partial<Pick<LogFollowerOptions, 'from' | 'onNewLog' | 'onCompacted' | 'metrics'>>;

/** What a follower is told, in words and in turn: `new …`, `OWNER/GENERATION SEQ TEXT`, `caught up …`, `compacted …`. */
export function follow(t: TestContext, at: Addresses, choices: Choices = {}) {
  const { from, onNewLog = () => 'follow' as const, onCompacted = () => {}, metrics = NO_METRICS } = choices;
  const told = new Happenings<string>();
  const named = ({ uuid, generation }: LogIdentity) => `${uuid}/${generation}`;
  const requester = new Requester({
    ...{ source: 'follower', epoch: 1, connect: at.requests, nowNs, timeoutMs: 500, retries: 0 },
  });
  const options: LogFollowerOptions = {
    name: 'follower',
    hints: { type: 'sub', connect: at.pub },
    requester,
    metrics,
    newRequestId: randomUUID,
    from,
    apply: (event: Envelope, position) => {
      assert.equal(event.kind, 'OrderRefused');
      told.add(`${named(position)} ${position.seq} ${(event.payload as Payload<'OrderRefused'>).clOrdId}`);
    },
    onCaughtUp: (tail) => told.add(`caught up ${named(tail)} ${tail.seq}`),
    onNewLog: (known, stated) => {
      told.add(`new ${named(known)} > ${named(stated)}`);
      return onNewLog(known, stated);
    },
    onCompacted: (position, firstSeq) => {
      told.add(`compacted ${named(position)} ${position.seq} < ${firstSeq}`);
      onCompacted(position, firstSeq);
    },
    onSilence: () => {},
    heartbeatMs: HEARTBEAT_MS,
  };
  const follower = new LogFollower(options);
  t.after(() => {
    follower.close();
    requester.close();
  });
  return { told, follower };
}

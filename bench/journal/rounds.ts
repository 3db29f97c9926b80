import { setTimeout as pause } from 'node:timers/promises';
import type { Order, Report } from './channel.ts';
import { holdsUnderLoad } from './holds.ts';
import { type BenchLog, type BenchPayload, payloadOf } from './log.ts';

const NS_PER_MS = 1e6;

/** Does what it is told with a log and says how long it took. Events go on counting from round to round. */
export async function measured(log: BenchLog, order: Order): Promise<Report> {
  await log.settle();
  switch (order.type) {
    case 'hot':
      return { type: 'durations', ns: hot(log, order.commits), lastSeq: log.lastSeq };
    case 'paced':
      return { type: 'durations', ns: await paced(log, order.commits, order.everyMs), lastSeq: log.lastSeq };
    case 'grouped':
      return { type: 'rate', ...grouped(log, order.events, order.perTransaction), lastSeq: log.lastSeq };
    case 'flush':
      return { type: 'durations', ns: await flushes(log, order.commits), lastSeq: log.lastSeq };
    case 'read':
      return { type: 'rate', ...read(log), lastSeq: log.lastSeq };
    case 'holds':
      return { type: 'holds', holds: await holdsUnderLoad(log, order.seconds), lastSeq: log.lastSeq };
  }
}

function hot(log: BenchLog, commits: number): number[] {
  const ns: number[] = [];
  const payloads = nextPayloads(log, commits);
  for (const payload of payloads) ns.push(timedNs(() => log.commit([payload])));
  return ns;
}

async function paced(log: BenchLog, commits: number, everyMs: number): Promise<number[]> {
  const ns: number[] = [];
  for (const payload of nextPayloads(log, commits)) {
    await pause(everyMs);
    ns.push(timedNs(() => log.commit([payload])));
  }
  return ns;
}

function grouped(log: BenchLog, events: number, perTransaction: number) {
  const payloads = nextPayloads(log, events);
  const ns = timedNs(() => {
    for (let at = 0; at < events; at += perTransaction) log.commit(payloads.slice(at, at + perTransaction));
  });
  return { perSecond: events / (ns / NS_PER_MS / 1000), events };
}

async function flushes(log: BenchLog, commits: number): Promise<number[]> {
  const ns: number[] = [];
  for (const payload of nextPayloads(log, commits)) {
    log.commit([payload]);
    const from = performance.now();
    await log.flush();
    ns.push((performance.now() - from) * NS_PER_MS);
  }
  return ns;
}

function read(log: BenchLog) {
  let characters = 0;
  let events = 0;
  const ns = timedNs(() => {
    events = log.read(0, ({ clOrdId }) => {
      characters += clOrdId.length;
    });
  });
  if (characters === 0) throw new Error('nothing was read');
  return { perSecond: events / (ns / NS_PER_MS / 1000), events };
}

/** Made before the clock runs: their strings are the caller's work, not the log's. */
function nextPayloads(log: BenchLog, count: number): BenchPayload[] {
  return Array.from({ length: count }, (_, index) => payloadOf(log.lastSeq + index));
}

function timedNs(work: () => void): number {
  const from = performance.now();
  work();
  return (performance.now() - from) * NS_PER_MS;
}

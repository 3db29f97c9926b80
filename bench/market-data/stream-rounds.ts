import { setImmediate as nextTurn } from 'node:timers/promises';
import { createClock } from '@tickpath/runtime';
import { Durations, type Percentiles } from '../measure/durations.ts';
import type { Pacer } from '../path/pacer.ts';
import { type CryptoMix, framesOf } from './crypto-mix.ts';
import type { Arrived, Reader } from './reader.ts';

/** Messages between two turns of the driver, which also follows the stream. */
const TURN_MESSAGES = 256;
/** 10,000 messages a second by the tape's clock. */
const TAPE_STEP_NS = 100_000n;
const SLOT_NS = 1_000_000n;
const clock = createClock();
let rounds = 0;
let tapeNs = clock.nowNs();

/** The whole book of every pair, and code that has been compiled. */
export async function prime(reader: Reader, mix: CryptoMix): Promise<void> {
  const arrival = arrivalOf(reader, mix, mix.ticks);
  const nowNs = timeFor(reader, 1n);
  for (const pair of mix.pairs) reader.feed.send(`[${mix.snapshot(pair, nowNs)}]`);
  reader.feed.send(`[${mix.end(`end-${rounds}`, nowNs)}]`);
  await arrival;
}

export interface ThroughputRound {
  readonly messagesPerSecond: number;
  /** Messages for each second of CPU that the process had: what one core takes, whatever else the machine does. */
  readonly messagesPerCpuSecond: number;
  /** Messages that did not come through. */
  readonly missing: number;
}

/** Sends as fast as the reader takes frames; over when the last message has come through. */
export async function throughputRound(
  reader: Reader,
  mix: CryptoMix,
  { messages, frameSize }: { readonly messages: number; readonly frameSize: number },
): Promise<ThroughputRound> {
  const before = mix.ticks;
  const fromNs = timeFor(reader, BigInt(messages + 1) * TAPE_STEP_NS);
  const frames = framesOf(mix, { messages, frameSize, fromNs, stepNs: TAPE_STEP_NS });
  const turnEvery = Math.max(1, Math.floor(TURN_MESSAGES / frameSize));
  const arrival = arrivalOf(reader, mix, before);
  const cpuBegunNs = reader.cpuNs();
  const begun = process.hrtime.bigint();
  for (const [index, frame] of frames.entries()) {
    const full = reader.feed.sendPaced(frame);
    if (full !== undefined) await full;
    else if (index % turnEvery === 0) await nextTurn();
  }
  reader.feed.send(`[${mix.end(`end-${rounds}`, fromNs + BigInt(messages) * TAPE_STEP_NS)}]`);
  const { ticks } = await arrival;
  const seconds = Number(process.hrtime.bigint() - begun) / 1e9;
  const cpuSeconds = (reader.cpuNs() - cpuBegunNs) / 1e9;
  return {
    messagesPerSecond: messages / seconds,
    messagesPerCpuSecond: messages / cpuSeconds,
    missing: mix.ticks - before - ticks,
  };
}

export interface LatencyRound {
  readonly latencies: Readonly<Record<string, Percentiles>>;
  /** How much later than due messages left. */
  readonly pacerLag: Percentiles;
  readonly missing: number;
}

/**
 * An open loop: every message bears the time at which it was due, whenever it leaves, and is held against that. Those due
 * within a millisecond leave together, each in a frame of its own.
 */
export async function latencyRound(
  reader: Reader,
  mix: CryptoMix,
  { pacer, perSecond, seconds }: { readonly pacer: Pacer; readonly perSecond: number; readonly seconds: number },
): Promise<LatencyRound> {
  const perSlot = Math.max(1, Math.round(perSecond / 1000));
  const slotNs = BigInt(Math.round((perSlot * 1e9) / perSecond));
  const slots = Math.round((seconds * perSecond) / perSlot);
  const pacerLag = new Durations();
  const before = mix.ticks;
  const arrival = arrivalOf(reader, mix, before);
  const startNs = process.hrtime.bigint() + SLOT_NS;
  const wallOffsetNs = clock.nowNs() - process.hrtime.bigint();
  await pacer.run({ startNs, slotNs, slots }, (slot) => {
    const dueNs = startNs + BigInt(slot) * slotNs;
    for (let i = 0; i < perSlot; i += 1) reader.feed.send(`[${mix.next(dueNs + wallOffsetNs)}]`);
    pacerLag.record(Number(process.hrtime.bigint() - dueNs));
  });
  const endNs = startNs + BigInt(slots) * slotNs + wallOffsetNs;
  reader.feed.send(`[${mix.end(`end-${rounds}`, endNs)}]`);
  const { latencies, ticks } = await arrival;
  return { latencies, pacerLag: pacerLag.percentiles(), missing: mix.ticks - before - ticks };
}

/** Begins a round of the ticks since `before`: its last one is the end of that number. */
function arrivalOf(reader: Reader, mix: CryptoMix, before: number): Promise<Arrived> {
  rounds += 1;
  return reader.arrival(`end-${rounds}`, () => mix.ticks - before);
}

/** A live feed tells the present, a replay goes on where its tape has come to. */
function timeFor({ pace }: Reader, lengthNs: bigint): bigint {
  if (pace === 'live') return clock.nowNs();
  const fromNs = tapeNs;
  tapeNs += lengthNs;
  return fromNs;
}

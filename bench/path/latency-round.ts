import { setTimeout as sleep } from 'node:timers/promises';
import { Durations } from '../measure/durations.ts';
import { until } from '../measure/wait.ts';
import { OrderWatch } from './order-watch.ts';
import type { Pacer } from './pacer.ts';
import { symbolsOf, TickTape } from './ticks.ts';
import type { Variant } from './variant.ts';

/** At 50 orders a second each symbol has one every 640 ms: longer than any stall, for with one open signal makes no other. */
export const LATENCY_SYMBOLS = symbolsOf(32);

export interface Pace {
  readonly ticksPerSecond: number;
  readonly ordersPerSecond: number;
  readonly warmUpSeconds: number;
  readonly seconds: number;
}

export interface LatencyRound {
  /** From a tick handed to the socket to its order's headers read, without the warm-up. */
  readonly latency: Durations;
  /** How much later than due frames left. */
  readonly pacerLag: Durations;
  /** Orders that did not come within the grace, those of the warm-up among them. */
  readonly missing: number;
  readonly unexpected: number;
}

const NS_PER_S = 1_000_000_000;
/** The shortest slot of the pacer: ticks that are due within one leave together, in one frame. */
const SLOT_NS = 1_000_000;
const GRACE_MS = 3000;
const PROBE_EVERY_MS = 100;

/** One round at a steady pace: the warm-up and then the measured seconds, without a stop between them. */
export async function latencyRound(variant: Variant, pacer: Pacer, pace: Pace): Promise<LatencyRound> {
  const { ticksPerSecond, ordersPerSecond, warmUpSeconds, seconds } = pace;
  const markEvery = Math.max(1, Math.round(ticksPerSecond / ordersPerSecond));
  const tape = new TickTape({ symbols: LATENCY_SYMBOLS, markEvery, markAt: 'scattered' });
  const perSlot = Math.max(1, Math.round((ticksPerSecond * SLOT_NS) / NS_PER_S));
  const slotNs = BigInt(Math.round((perSlot * NS_PER_S) / ticksPerSecond));
  const warmUpSlots = Math.round((warmUpSeconds * ticksPerSecond) / perSlot);
  const slots = warmUpSlots + Math.round((seconds * ticksPerSecond) / perSlot);

  const latency = new Durations();
  const pacerLag = new Durations();
  const measured = new Set<string>();
  const watch = new OrderWatch(variant.venue, (ns, clOrdId) => {
    if (measured.delete(clOrdId)) latency.record(ns);
  });
  const startNs = process.hrtime.bigint() + BigInt(SLOT_NS);
  const wallOffsetNs = BigInt(Date.now()) * 1_000_000n - process.hrtime.bigint();

  await pacer.run({ startNs, slotNs, slots }, (slot) => {
    const dueNs = startNs + BigInt(slot) * slotNs;
    const texts: string[] = [];
    const caused: string[] = [];
    for (let i = 0; i < perSlot; i += 1) {
      const { text, cause } = tape.next(dueNs + wallOffsetNs + BigInt(i));
      texts.push(text);
      if (cause !== undefined) caused.push(variant.clOrdIdOf(cause));
    }
    const frame = Buffer.from(`[${texts.join(',')}]`);
    const isMeasured = slot >= warmUpSlots;
    if (isMeasured) for (const clOrdId of caused) measured.add(clOrdId);
    const sentNs = process.hrtime.bigint();
    for (const clOrdId of caused) watch.expect(clOrdId, sentNs);
    variant.venue.send(frame);
    if (isMeasured) pacerLag.record(Number(sentNs - dueNs));
  });
  const deadline = performance.now() + GRACE_MS;
  while (watch.missing > 0 && performance.now() < deadline) await sleep(5);
  return { latency, pacerLag, missing: watch.missing, unexpected: watch.unexpected };
}

/** Sends ticks until one has caused an order: every connection on the way is up then, and every symbol has a price. */
export async function untilOrdersFlow(variant: Variant, symbols: readonly string[]): Promise<void> {
  const tape = new TickTape({ symbols, markEvery: symbols.length, markAt: 'end' });
  let flowing = false;
  variant.venue.listen(() => {
    flowing = true;
  });
  const probe = () => {
    if (flowing) return true;
    const nowNs = BigInt(Date.now()) * 1_000_000n;
    const texts = symbols.map((_, i) => tape.next(nowNs + BigInt(i)).text);
    variant.venue.send(Buffer.from(`[${texts.join(',')}]`));
    return undefined;
  };
  const what = `an order from the ${variant.name}`;
  await until(probe, { what, timeoutMs: 20_000, everyMs: PROBE_EVERY_MS });
  await sleep(PROBE_EVERY_MS * 3);
}

import { readFileSync } from 'node:fs';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout as pause } from 'node:timers/promises';
import type { Holds } from './channel.ts';
import { BenchBook, type BenchLog, payloadOf } from './log.ts';

const US_PER_MS = 1000;
const NS_PER_MS = 1e6;
const SIZES = [1, 1, 1, 1, 2, 5, 20, 100];
const FLUSH_EVERY = 10;
const SNAPSHOT_EVERY = 2000;
const YIELD_EVERY = 8;

/**
 * Appends as fast as a busy service could, in transactions of 1 to 100 events, waits for flushes, keeps snapshots and
 * leaves checkpoints to whoever makes them; and looks how long any of it kept everything else waiting.
 */
export async function holdsUnderLoad(log: BenchLog, seconds: number): Promise<Holds> {
  const calls = new CallTimes();
  const book = new BenchBook();
  const delay = monitorEventLoopDelay({ resolution: 1 });
  let flushing: Promise<void> = Promise.resolve();
  const from = { ms: performance.now(), seq: log.lastSeq };
  delay.enable();
  for (let turn = 0; performance.now() - from.ms < seconds * 1000; turn += 1) {
    const size = SIZES[turn % SIZES.length] ?? 1;
    const payloads = Array.from({ length: size }, (_, index) => payloadOf(log.lastSeq + index));
    calls.time(`commit of ${size}`, () => log.commit(payloads));
    payloads.forEach(book.apply);
    if (turn % FLUSH_EVERY === 0) {
      const earlier = flushing;
      flushing = calls.time('flush', () => Promise.all([earlier, log.flush()])).then(() => {});
    }
    if (turn % SNAPSHOT_EVERY === SNAPSHOT_EVERY - 1) {
      const saving = calls.time('snapshot', () => log.saveSnapshot(book.state));
      await saving;
    }
    if (turn % YIELD_EVERY === 0) await pause(1);
  }
  await flushing;
  delay.disable();
  return { ...calls.longest, longestDelayMs: delay.max / NS_PER_MS, events: log.lastSeq - from.seq };
}

class CallTimes {
  #longest = { longestCallMs: 0, longestHoldMs: 0, longestHold: '', longestCpuMs: 0, calls: 0 };

  get longest() {
    return this.#longest;
  }

  time<T>(name: string, call: () => T): T {
    const cpuFrom = process.threadCpuUsage();
    const waitedFrom = waitedForCoreMs();
    const from = performance.now();
    const result = call();
    const ms = performance.now() - from;
    const heldMs = Math.max(0, ms - (waitedForCoreMs() - waitedFrom));
    const { user, system } = process.threadCpuUsage(cpuFrom);
    const { longestCallMs, longestHoldMs, longestHold, longestCpuMs, calls } = this.#longest;
    this.#longest = {
      longestCallMs: Math.max(longestCallMs, ms),
      longestHoldMs: Math.max(longestHoldMs, heldMs),
      longestHold: heldMs > longestHoldMs ? name : longestHold,
      longestCpuMs: Math.max(longestCpuMs, (user + system) / US_PER_MS),
      calls: calls + 1,
    };
    return result;
  }
}

/** How long this thread was ready to run and had no core, since it began. Linux says so; elsewhere 0. */
function waitedForCoreMs(): number {
  try {
    return Number(readFileSync('/proc/thread-self/schedstat', 'utf8').split(' ')[1]) / NS_PER_MS;
  } catch {
    return 0;
  }
}

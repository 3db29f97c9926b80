const NS_PER_MS = 1_000_000n;
const LONGEST_MS = 60_000;

/** A sleep that can be cut short. One sleeper at a time. */
export interface Waker {
  /** Sleeps at most so long, at least a millisecond: what falls due meanwhile goes out together. Rejects when the signal aborts. */
  sleepNs(ns: bigint, signal: AbortSignal): Promise<void>;
  /** Sleeps until woken. */
  sleep(signal: AbortSignal): Promise<void>;
  /** Sleeps until woken, or until `other` resolves. It is told by its signal that nobody waits for it any more. */
  sleepUntil(other: (signal: AbortSignal) => Promise<void>, signal: AbortSignal): Promise<void>;
  wake(): void;
}

export function createWaker(): Waker {
  let wakeSleeper: (() => void) | null = null;
  let isWoken = false;

  const sleep = async (arm: (resolve: () => void) => () => void, signal: AbortSignal): Promise<void> => {
    signal.throwIfAborted();
    if (isWoken) {
      isWoken = false;
      return;
    }
    let disarm = () => {};
    let onAbort = () => {};
    try {
      await new Promise<void>((resolve, reject) => {
        wakeSleeper = resolve;
        onAbort = () => reject(signal.reason);
        signal.addEventListener('abort', onAbort, { once: true });
        disarm = arm(resolve);
      });
    } finally {
      wakeSleeper = null;
      signal.removeEventListener('abort', onAbort);
      disarm();
    }
  };

  return {
    sleepNs(ns, signal) {
      const ms = Math.min(Math.max(Number((ns + NS_PER_MS - 1n) / NS_PER_MS), 1), LONGEST_MS);
      return sleep((resolve) => {
        const timer = setTimeout(resolve, ms);
        return () => clearTimeout(timer);
      }, signal);
    },
    sleep: (signal) => sleep(() => () => {}, signal),
    sleepUntil(other, signal) {
      return sleep((resolve) => {
        const left = new AbortController();
        // Rejects because nobody waits any more, and for no other reason.
        other(left.signal).then(resolve, () => {});
        return () => left.abort();
      }, signal);
    },
    wake() {
      if (wakeSleeper === null) isWoken = true;
      else wakeSleeper();
    },
  };
}

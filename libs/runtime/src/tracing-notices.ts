import type { Logger } from './log.ts';

const QUIET_MS = 60_000;

export interface TracingNotices {
  exported(): void;
  failed(reason: string): void;
  /** A function that should have made spans threw. */
  notMade(error: unknown): void;
}

/**
 * Tells the log when the collector goes and comes, never more than one line a minute of a kind. An `expected` collector,
 * one that the configuration names, is missed aloud from the start; the usual one is only mentioned until it was there.
 */
export function createTracingNotices(options: {
  readonly log: Logger;
  readonly url: string;
  readonly expected: boolean;
}): TracingNotices {
  const { log, url } = options;
  let isMissed = false;
  let expected = options.expected;
  const mayTell = { failed: atMostOncePer(QUIET_MS), notMade: atMostOncePer(QUIET_MS) };
  return {
    exported() {
      expected = true;
      if (isMissed) log.info({ url }, 'spans are exported again');
      isMissed = false;
    },
    failed(reason) {
      if (isMissed || !mayTell.failed()) return;
      isMissed = true;
      log[expected ? 'warn' : 'info']({ url, reason }, 'spans are dropped: the collector does not take them');
    },
    notMade(error) {
      if (mayTell.notMade()) log.error({ err: error }, 'spans could not be made');
    },
  };
}

function atMostOncePer(quietMs: number): () => boolean {
  let toldMs = Number.NEGATIVE_INFINITY;
  return () => {
    const nowMs = performance.now();
    if (nowMs - toldMs < quietMs) return false;
    toldMs = nowMs;
    return true;
  };
}

/** A peer that was not let in. */
export interface Refusal {
  /**
   * What it tried: CURVE with a key that does not open, or another mechanism (NULL, PLAIN: ZeroMQ does not tell which).
   * `unknown`: it was gone before that was seen. A plain client that sees first that we speak CURVE leaves like that.
   */
  readonly mechanism: 'CURVE' | 'other' | 'unknown';
  /** The peer's IP address; where ZeroMQ does not tell it, the endpoint of ours at which it was refused. */
  readonly address: string;
  /** The key it proved to own, which is not on the list; undefined if it got no further than the greeting. */
  readonly publicKey: string | undefined;
  readonly reason: string;
}

/** `unreported`: refusals since the report before that were not reported themselves. */
export type RefusalListener = (refusal: Refusal, unreported: number) => void;

export interface RefusalLimits {
  /** Address and key pairs remembered as reported; the oldest is forgotten for a new one. */
  readonly remembered: number;
  readonly reportsPerMinute: number;
  readonly nowMs: () => number;
}

const MINUTE_MS = 60_000;

/**
 * Reports each refused address and key once, and no more than so many a minute: a stranger that comes back ten times a
 * second, with a new key each time if it likes, fills neither the log nor the memory. What the rate keeps back is
 * reported when it happens again later.
 */
export function createRefusalReporter(limits: RefusalLimits, report: RefusalListener): (refusal: Refusal) => void {
  const reported = new Set<string>();
  let minuteBeganMs = Number.NEGATIVE_INFINITY;
  let inMinute = 0;
  let unreported = 0;
  return (refusal) => {
    const who = `${refusal.mechanism} ${refusal.address} ${refusal.publicKey ?? refusal.reason}`;
    const nowMs = limits.nowMs();
    if (nowMs - minuteBeganMs >= MINUTE_MS) {
      minuteBeganMs = nowMs;
      inMinute = 0;
    }
    if (reported.has(who) || inMinute >= limits.reportsPerMinute) {
      unreported += 1;
      return;
    }
    if (reported.size >= limits.remembered)
      for (const oldest of reported) {
        reported.delete(oldest);
        break;
      }
    reported.add(who);
    inMinute += 1;
    const before = unreported;
    unreported = 0;
    report(refusal, before);
  };
}

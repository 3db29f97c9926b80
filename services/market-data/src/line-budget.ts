/** Lines of a kind that are written in a second. */
const LINES_A_SECOND = 10;
const SECOND_NS = 1_000_000_000n;

interface Second {
  endNs: bigint;
  written: number;
  withheld: number;
}

/**
 * Keeps a venue that sends nothing but faults from filling the log, which is written before the call returns: of each
 * kind so many lines a second are written, and the next one after them is told how many were not.
 */
export function createLineBudget(
  nowNs: () => bigint,
): (kind: string, write: (fields: { readonly withheld?: number }) => void) => void {
  const seconds = new Map<string, Second>();
  return (kind, write) => {
    const now = nowNs();
    const second = seconds.get(kind);
    if (second !== undefined && now < second.endNs && second.written >= LINES_A_SECOND) {
      second.withheld += 1;
      return;
    }
    const withheld = second?.withheld ?? 0;
    if (second === undefined || now >= second.endNs) {
      seconds.set(kind, { endNs: now + SECOND_NS, written: 1, withheld: 0 });
    } else second.written += 1;
    write(withheld === 0 ? {} : { withheld });
  };
}

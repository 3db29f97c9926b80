import type { BookFault, FeedOutput } from './protocol.ts';
import { createSnapshotBudget, type SnapshotBudget } from './snapshot-budget.ts';

const FIRST_NS = 10_000_000_000n;
const LAST_NS = 60_000_000_000n;

type Phase = { readonly valid: true } | { readonly valid: false; waits: number; dueNs: bigint | undefined };

/**
 * Which books are to be used, at venues that send a snapshot after each subscription: a book that is not valid waits
 * for its snapshot, and is subscribed again when none comes (after 10 s, then less and less often).
 */
export interface AwaitedSnapshots {
  add(symbol: string): void;
  remove(symbol: string): void;
  symbols(): readonly string[];
  has(symbol: string): boolean;
  isValid(symbol: string): boolean;
  arrived(symbol: string): void;
  /** The book is not to be used until the next snapshot; `isAsked`: the venue has been told to send one. */
  invalidate(symbol: string, reason: BookFault, isAsked: boolean): void;
  /** Those that may be asked for again now; the others are overdue when they may. */
  affordable(symbols: readonly string[]): readonly string[];
  /** The snapshot has been asked for now. */
  asked(symbols: readonly string[]): void;
  /** Symbols that have waited too long and are to be subscribed again. */
  overdue(): readonly string[];
}

export function createAwaitedSnapshots(port: { nowNs(): bigint; emit(output: FeedOutput): void }): AwaitedSnapshots {
  const phases = new Map<string, Phase>();
  const budgets = new Map<string, SnapshotBudget>();

  const dueNs = (waits: number): bigint => {
    const waitNs = FIRST_NS << BigInt(Math.min(waits, 4));
    return port.nowNs() + (waitNs < LAST_NS ? waitNs : LAST_NS);
  };

  const invalidate = (symbol: string, reason: BookFault, isAsked: boolean) => {
    if (!phases.has(symbol)) return;
    phases.set(symbol, { valid: false, waits: 0, dueNs: isAsked ? dueNs(0) : undefined });
    port.emit({ kind: 'book-invalid', symbol, reason });
  };

  return {
    add(symbol) {
      budgets.set(symbol, createSnapshotBudget());
      phases.set(symbol, { valid: false, waits: 0, dueNs: undefined });
      port.emit({ kind: 'book-invalid', symbol, reason: 'no-snapshot' });
    },
    remove(symbol) {
      budgets.delete(symbol);
      if (phases.delete(symbol)) port.emit({ kind: 'book-invalid', symbol, reason: 'unsubscribed' });
    },
    symbols: () => [...phases.keys()],
    has: (symbol) => phases.has(symbol),
    isValid: (symbol) => phases.get(symbol)?.valid === true,
    arrived(symbol) {
      if (phases.has(symbol)) phases.set(symbol, { valid: true });
    },
    invalidate,
    affordable: (symbols) =>
      symbols.filter((symbol) => {
        const laterNs = budgets.get(symbol)?.take(port.nowNs());
        const phase = phases.get(symbol);
        if (laterNs !== undefined && phase?.valid === false) phase.dueNs = laterNs;
        return laterNs === undefined;
      }),
    asked(symbols) {
      for (const symbol of symbols) {
        const phase = phases.get(symbol);
        if (phase?.valid === false) phase.dueNs = dueNs(phase.waits);
      }
    },
    overdue() {
      const late: string[] = [];
      for (const [symbol, phase] of phases) {
        if (phase.valid || phase.dueNs === undefined || port.nowNs() < phase.dueNs) continue;
        if (phase.waits === 0) port.emit({ kind: 'book-invalid', symbol, reason: 'no-snapshot' });
        phase.waits += 1;
        phase.dueNs = dueNs(phase.waits);
        late.push(symbol);
      }
      return late;
    },
  };
}

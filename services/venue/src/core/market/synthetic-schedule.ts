import type { SymbolState } from './synthetic-state.ts';

/**
 * A binary heap of indexes into `symbols`: the symbol that is due first at the root, at equal times the one listed first.
 */

/** True when the symbol at `a` goes before the one at `b`. */
function precedes(symbols: readonly SymbolState[], a: number, b: number): boolean {
  const aNs = symbols[a]?.nextNs ?? 0;
  const bNs = symbols[b]?.nextNs ?? 0;
  return aNs < bNs || (aNs === bNs && a < b);
}

/** Puts the root in its place after its time has moved on. */
export function settleRoot(schedule: number[], symbols: readonly SymbolState[]): void {
  const root = schedule[0];
  if (root === undefined) return;
  let at = 0;
  for (;;) {
    const left = 2 * at + 1;
    const first = schedule[left];
    if (first === undefined) break;
    const second = schedule[left + 1];
    const isSecond = second !== undefined && precedes(symbols, second, first);
    const least = isSecond ? second : first;
    if (!precedes(symbols, least, root)) break;
    schedule[at] = least;
    at = isSecond ? left + 1 : left;
  }
  schedule[at] = root;
}

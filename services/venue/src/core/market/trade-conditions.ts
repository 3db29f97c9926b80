/**
 * Codes of trades that say nothing about the price now, by the CTS and UTP specifications: cash (C), next day (N) and
 * seller's settlement (R), average price (B on tapes A and B, W), price variation (H), official open and close (Q, M),
 * prior reference price (P), sold out of sequence (Z, U), sold last (L), contingent (V, 7), derivatively priced (4),
 * corrected close (9). Odd lots (I) and trades outside of regular hours (T) are executions at the market's price.
 */
const NEVER: ReadonlySet<string> = new Set('C N R W H Q M P Z U L V 7 4 9'.split(' '));

/** Whether a trade with these conditions counts as a last price: see `MarketTrade.isLastSale`. */
export function isLastSale(conditions: readonly string[], tape: string): boolean {
  for (const condition of conditions) {
    if (NEVER.has(condition)) return false;
    // On tape C it is a bunched trade, which counts.
    if (condition === 'B' && (tape === 'A' || tape === 'B')) return false;
  }
  return true;
}

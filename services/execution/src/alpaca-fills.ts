import { decimal } from '@tickpath/trading';
import type { Get } from './alpaca-account.ts';
import { type FillsWanted, readFillActivity, type VenueFill } from './core/index.ts';

/** Alpaca's largest page. */
const PAGE = 100;
/** Executions of others since then, before the search is given up: 10,000. */
const MAX_PAGES = 100;

/**
 * The executions of the orders, those that are known left out, in the order in which they happened; undefined when the
 * venue did not answer. Fewer than there are if the activities do not tell of them. Read from the newest back to the
 * first one that is missing of each order, and at most to `fromNs`, by the venue's clock.
 */
export async function readFills(
  get: Get,
  { orders, fromNs }: { readonly orders: readonly FillsWanted[]; readonly fromNs: bigint | null },
): Promise<readonly (VenueFill & { readonly clOrdId: string })[] | undefined> {
  const wanted = new Map(orders.map((order) => [order.orderId, order]));
  const found: (VenueFill & { readonly clOrdId: string })[] = [];
  let from = '';
  for (let pages = 0; pages < MAX_PAGES; pages += 1) {
    const page = await get(`/v2/account/activities/FILL?direction=desc&page_size=${PAGE}${from}`);
    if (!Array.isArray(page)) return undefined;
    for (const raw of page) {
      const fill = readFillActivity(raw);
      if (fill === undefined) continue;
      if (fromNs !== null && fill.venueTsNs < fromNs) return found.reverse();
      const order = wanted.get(fill.orderId);
      if (order === undefined) continue;
      const { clOrdId, knownQty } = order;
      if (decimal(fill.cumQty).gt(decimal(knownQty))) found.push({ ...fill, clOrdId });
      const hasAll = decimal(fill.cumQty).minus(decimal(fill.lastQty)).lte(decimal(knownQty));
      if (hasAll) wanted.delete(fill.orderId);
      if (wanted.size === 0) return found.reverse();
    }
    const last: unknown = page.at(-1)?.id;
    if (page.length < PAGE || typeof last !== 'string') break;
    from = `&page_token=${encodeURIComponent(last)}`;
  }
  return found.reverse();
}

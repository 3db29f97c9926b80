import { isDecimalText, rfc3339ToNs } from '@tickpath/trading';

/** An order as the venue shows it. */
export interface VenueOrder {
  readonly clOrdId: string;
  readonly orderId: string;
  readonly filledQty: string;
  /** In the venue's words: `new`, `filled`, `canceled`, … */
  readonly status: string;
  /** When the venue last changed it, by the venue's clock. */
  readonly venueTsNs: bigint;
}

/** One event of the venue's `trade_updates`. Events that change nothing for us are `other`. */
export type VenueUpdate =
  | {
      readonly type: 'fill';
      readonly order: VenueOrder;
      readonly execId: string;
      readonly lastQty: string;
      readonly lastPx: string;
      readonly venueTsNs: bigint;
    }
  | { readonly type: 'acknowledged' | 'canceled' | 'expired' | 'rejected' | 'other'; readonly order: VenueOrder };

const TYPES: ReadonlyMap<string, VenueUpdate['type']> = new Map([
  ['fill', 'fill'],
  ['partial_fill', 'fill'],
  ['new', 'acknowledged'],
  ['accepted', 'acknowledged'],
  ['canceled', 'canceled'],
  ['expired', 'expired'],
  ['rejected', 'rejected'],
]);

/** Reads Alpaca's order object; undefined when it lacks what we need. Numbers are decimal text. */
export function readVenueOrder(raw: unknown): VenueOrder | undefined {
  const order = raw as Record<string, unknown> | null | undefined;
  const { id, client_order_id: clOrdId, filled_qty: filledQty, status, updated_at, created_at } = order ?? {};
  const venueTsNs = rfc3339ToNs(updated_at ?? created_at);
  if (typeof id !== 'string' || typeof clOrdId !== 'string' || !isDecimalText(filledQty)) return undefined;
  if (typeof status !== 'string' || venueTsNs === undefined) return undefined;
  return { clOrdId, orderId: id, filledQty, status, venueTsNs };
}

/** Reads the `data` of a `trade_updates` message; undefined when it is not one. */
export function readVenueUpdate(raw: unknown): VenueUpdate | undefined {
  const data = raw as Record<string, unknown> | null | undefined;
  const order = readVenueOrder(data?.order);
  const event = data?.event;
  if (order === undefined || typeof event !== 'string') return undefined;
  const type = TYPES.get(event) ?? 'other';
  if (type !== 'fill') return { type, order };
  const { execution_id: execId, qty: lastQty, price: lastPx, timestamp } = data ?? {};
  const venueTsNs = rfc3339ToNs(timestamp);
  if (typeof execId !== 'string' || !isDecimalText(lastQty) || !isDecimalText(lastPx)) return undefined;
  if (venueTsNs === undefined) return undefined;
  return { type, order, execId, lastQty, lastPx, venueTsNs };
}

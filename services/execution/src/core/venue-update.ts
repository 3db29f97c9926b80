import { decimal, isDecimalText, rfc3339ToNs, type Side } from '@tickpath/trading';

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

/** An order in the venue's list. */
export interface ListedOrder extends VenueOrder {
  /** By the venue's clock. */
  readonly createdNs: bigint;
}

/** An order of ours that the venue has open. */
export interface OpenVenueOrder {
  readonly clOrdId: string;
  readonly orderId: string;
  readonly symbol: string;
  readonly side: Side;
  readonly orderQty: string;
  readonly cumQty: string;
  readonly ordStatus: 'NEW' | 'PARTIALLY_FILLED';
}

/** The account as the venue has it at one moment. `cost` is signed like `qty`. */
export interface VenueAccount {
  /** Another account id is another book. */
  readonly accountId: string;
  readonly cash: string;
  readonly positions: readonly { readonly symbol: string; readonly qty: string; readonly cost: string }[];
  /** Ours that may still fill. */
  readonly openOrders: readonly OpenVenueOrder[];
  /** The latest orders, open and closed, whoever sent them. */
  readonly latestClOrdIds: readonly string[];
}

/** One execution, as the stream tells it or the account's activities do; the two give it different ids. */
export interface VenueFill {
  readonly orderId: string;
  readonly execId: string;
  readonly cumQty: string;
  readonly lastQty: string;
  readonly lastPx: string;
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

/** Reads one of Alpaca's listed orders; undefined when it lacks what we need. */
export function readListedOrder(raw: unknown): ListedOrder | undefined {
  const order = readVenueOrder(raw);
  const createdNs = rfc3339ToNs((raw as Record<string, unknown> | null | undefined)?.created_at);
  return order === undefined || createdNs === undefined ? undefined : { ...order, createdNs };
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

/** Reads one of Alpaca's open orders; undefined when it lacks what it takes to follow it. */
export function readOpenOrder(raw: unknown): OpenVenueOrder | undefined {
  const venueOrder = readVenueOrder(raw);
  const { symbol, side, qty } = raw as Record<string, unknown>;
  if (venueOrder === undefined || typeof symbol !== 'string' || !isDecimalText(qty)) return undefined;
  if (side !== 'buy' && side !== 'sell') return undefined;
  const { clOrdId, orderId, filledQty: cumQty } = venueOrder;
  const ordStatus = decimal(cumQty).isZero() ? 'NEW' : 'PARTIALLY_FILLED';
  return { clOrdId, orderId, symbol, side: side === 'buy' ? 'BUY' : 'SELL', orderQty: qty, cumQty, ordStatus };
}

/** Reads an execution of the account's activities; undefined when it lacks what we need. */
export function readFillActivity(raw: unknown): VenueFill | undefined {
  const fill = (raw ?? {}) as Record<string, unknown>;
  const { id: execId, order_id: orderId, cum_qty: cumQty, qty: lastQty, price: lastPx, transaction_time: time } = fill;
  const venueTsNs = rfc3339ToNs(time);
  if (typeof execId !== 'string' || typeof orderId !== 'string' || venueTsNs === undefined) return undefined;
  if (!isDecimalText(cumQty) || !isDecimalText(lastQty) || !isDecimalText(lastPx)) return undefined;
  return { orderId, execId, cumQty, lastQty, lastPx, venueTsNs };
}

/** The currencies in which Alpaca's pairs are quoted. */
const QUOTED_IN = /^([A-Z0-9]+)(USDT|USDC|USD|BTC)$/;

/**
 * Reads one of Alpaca's positions; undefined when it is not one. Positions alone spell a pair without its slash
 * (`BTCUSD`): here it has the name that orders and prices have.
 */
export function readPosition(raw: unknown): VenueAccount['positions'][number] | undefined {
  const { symbol: name, asset_class: assetClass, qty, cost_basis: cost } = (raw ?? {}) as Record<string, unknown>;
  if (typeof name !== 'string' || !isDecimalText(qty) || !isDecimalText(cost)) return undefined;
  const symbol = assetClass === 'crypto' ? name.replace(QUOTED_IN, '$1/$2') : name;
  return { symbol, qty, cost };
}

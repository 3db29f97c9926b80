import { type Decimal, type DecimalText, decimalOfUnits, divide } from '@tickpath/trading';
import type { OrderType, Side, TimeInForce, Trail } from '../matching/types.ts';
import type { Asset } from '../reference/asset.ts';

export type OrderStatus =
  | 'pending_new'
  | 'accepted'
  | 'new'
  | 'partially_filled'
  | 'filled'
  | 'done_for_day'
  | 'canceled'
  | 'expired'
  | 'replaced'
  | 'pending_cancel'
  | 'pending_replace'
  | 'rejected';

export type PositionIntent = 'buy_to_open' | 'buy_to_close' | 'sell_to_open' | 'sell_to_close';

/** An order once its request has been read: everything is of the right form, nothing is checked against the account yet. */
export interface NewOrder {
  readonly asset: Asset;
  readonly side: Side;
  readonly type: OrderType;
  readonly timeInForce: TimeInForce;
  /** In units of the asset, as are the prices. */
  readonly orderQty: number;
  readonly limitPx: number | null;
  readonly stopPx: number | null;
  readonly trail: Trail | null;
  readonly extendedHours: boolean;
  /** As the client stated it; `null`: the venue works it out. */
  readonly positionIntent: PositionIntent | null;
  /** `null`: the client left it to the venue to name the order. */
  readonly clOrdId: string | null;
}

/** What a replace changes; `null` leaves it as it is. */
export interface OrderChanges {
  readonly orderQty: number | null;
  readonly timeInForce: TimeInForce | null;
  readonly limitPx: number | null;
  readonly stopPx: number | null;
  readonly trail: Trail | null;
  readonly clOrdId: string | null;
}

/** An order as the venue keeps it: immutable, a new one after each event. Times are Unix nanoseconds of the market. */
export interface VenueOrder {
  readonly orderId: string;
  readonly clOrdId: string;
  readonly asset: Asset;
  readonly side: Side;
  readonly type: OrderType;
  readonly timeInForce: TimeInForce;
  readonly orderQty: number;
  readonly limitPx: number | null;
  readonly stopPx: number | null;
  readonly trail: Trail | null;
  readonly hwmPx: number | null;
  readonly isTriggered: boolean;
  readonly extendedHours: boolean;
  readonly positionIntent: PositionIntent;
  /** The price at which it is held against buying power; `null` when it opens nothing, or had no known price. */
  readonly reservePx: number | null;
  readonly status: OrderStatus;
  readonly cumQty: number;
  /** Exact Σ price × quantity of its fills, in 10^-(priceDecimals + qtyDecimals). */
  readonly notional: bigint;
  readonly createdNs: bigint;
  readonly updatedNs: bigint;
  readonly filledNs: bigint | null;
  readonly expiredNs: bigint | null;
  readonly cancelRequestedNs: bigint | null;
  readonly canceledNs: bigint | null;
  readonly failedNs: bigint | null;
  readonly replacedNs: bigint | null;
  readonly replacedBy: string | null;
  readonly replaces: string | null;
  readonly expiresNs: bigint | null;
}

/** The events of an order, as `trade_updates` names them; the last two are the venue's own and are told to nobody. */
export type OrderEventKind =
  | 'pending_new'
  | 'accepted'
  | 'new'
  | 'partial_fill'
  | 'fill'
  | 'done_for_day'
  | 'canceled'
  | 'expired'
  | 'replaced'
  | 'rejected'
  | 'pending_cancel'
  | 'pending_replace'
  | 'order_cancel_rejected'
  | 'order_replace_rejected'
  | 'triggered'
  | 'trailed';

export interface OrderEventBase {
  /** The order right after the event; never changed later. */
  readonly order: VenueOrder;
  /** A ULID. */
  readonly eventId: string;
  /** `null` on `pending_new`, as seen live. */
  readonly execId: string | null;
  readonly tsNs: bigint;
}

export interface FillEvent extends OrderEventBase {
  readonly kind: 'partial_fill' | 'fill';
  readonly execId: string;
  readonly lastPx: number;
  readonly lastQty: number;
  readonly liquidity: 'maker' | 'taker';
  /** The position in the symbol after this fill, signed. */
  readonly positionQty: Decimal;
  /** In USD, exact. */
  readonly fee: DecimalText;
}

export interface PlainOrderEvent extends OrderEventBase {
  readonly kind: Exclude<OrderEventKind, 'partial_fill' | 'fill'>;
}

export type OrderEvent = FillEvent | PlainOrderEvent;

const CLOSED: ReadonlySet<OrderStatus> = new Set(['filled', 'canceled', 'expired', 'replaced', 'rejected']);

/** True while an order can still fill or be canceled. */
export function isOpen(order: VenueOrder): boolean {
  return !CLOSED.has(order.status);
}

export function leavesQty(order: VenueOrder): number {
  return order.orderQty - order.cumQty;
}

/** Average price of an order's fills, rounded half-even to the ledger's decimals; `null` before the first fill. */
export function averageFillPx(order: VenueOrder): Decimal | null {
  if (order.cumQty === 0) return null;
  const { priceDecimals, qtyDecimals } = order.asset;
  return divide(decimalOfUnits(order.notional, priceDecimals + qtyDecimals), decimalOfUnits(order.cumQty, qtyDecimals));
}

/** True for the first that is heard of an order: a replacement that takes its place at once has no `pending_new`. */
export function isFirstOfOrder({ kind, order, tsNs }: OrderEvent): boolean {
  if (kind === 'pending_new') return true;
  return (kind === 'new' || kind === 'accepted') && order.replaces !== null && order.createdNs === tsNs;
}

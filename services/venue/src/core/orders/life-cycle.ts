/**
 * The life of an order at this venue as one table: what is not in it is illegal. `resting` stands for `new` or
 * `partially_filled`, whichever the filled quantity says.
 */
import type { OrderEventKind, OrderStatus } from './order.ts';

type Row = Readonly<Partial<Record<OrderEventKind, OrderStatus | 'resting'>>>;

/** What matching may say of an order that it holds, whatever the client has asked for meanwhile. */
const IN_MARKET: Row = { fill: 'filled', canceled: 'canceled', expired: 'expired' };

/** An order that is asked to go stays asked, whatever happens to it on the way. */
const PENDING_CANCEL: Row = {
  ...IN_MARKET,
  accepted: 'pending_cancel',
  new: 'pending_cancel',
  partial_fill: 'pending_cancel',
  triggered: 'pending_cancel',
  trailed: 'pending_cancel',
};

const PENDING_REPLACE: Row = {
  ...IN_MARKET,
  partial_fill: 'pending_replace',
  triggered: 'pending_replace',
  trailed: 'pending_replace',
  replaced: 'replaced',
  order_replace_rejected: 'resting',
};

const RESTING: Row = {
  ...IN_MARKET,
  partial_fill: 'resting',
  triggered: 'resting',
  trailed: 'resting',
  done_for_day: 'done_for_day',
  pending_cancel: 'pending_cancel',
  pending_replace: 'pending_replace',
  replaced: 'replaced',
};

/** Requests that come to nothing because the order closed first are told, and change nothing. */
function closed(status: OrderStatus): Row {
  return { order_cancel_rejected: status, order_replace_rejected: status };
}

export const ORDER_LIFE: Readonly<Record<OrderStatus, Row>> = {
  // On its way to the market; a replacement as well, until the order it replaces gives way or has closed.
  pending_new: {
    new: 'resting',
    accepted: 'accepted',
    pending_cancel: 'pending_cancel',
    canceled: 'canceled',
    expired: 'expired',
    rejected: 'rejected',
  },
  // Waits for its session to open.
  accepted: { new: 'resting', pending_cancel: 'pending_cancel', canceled: 'canceled', expired: 'expired' },
  new: RESTING,
  partially_filled: RESTING,
  done_for_day: {
    new: 'resting',
    pending_cancel: 'pending_cancel',
    pending_replace: 'pending_replace',
    replaced: 'replaced',
    canceled: 'canceled',
    expired: 'expired',
  },
  pending_cancel: PENDING_CANCEL,
  pending_replace: PENDING_REPLACE,
  filled: closed('filled'),
  canceled: closed('canceled'),
  expired: closed('expired'),
  replaced: closed('replaced'),
  rejected: {},
};

/** What an order may begin with: a replacement that arrives at once has no `pending_new`. */
const FIRST_STATUS: Row = { pending_new: 'pending_new', accepted: 'accepted', new: 'new' };

/** The status after the event; throws when the event is illegal, which no input may lead to. */
export function nextStatus(before: OrderStatus | null, kind: OrderEventKind, cumQty: number): OrderStatus {
  const next = (before === null ? FIRST_STATUS : ORDER_LIFE[before])[kind];
  if (next === undefined) throw new Error(`an order that is ${before ?? 'unknown'} cannot become ${kind}`);
  if (next !== 'resting') return next;
  return cumQty === 0 ? 'new' : 'partially_filled';
}

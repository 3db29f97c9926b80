/**
 * The life of an order as one table: what is not in it is illegal.
 *
 * The states are FIX's OrdStatus, and three of ours: APPROVED (risk said yes, nothing is sent), UNKNOWN (a call to
 * the venue timed out: it may or may not have arrived) and REFUSED (approved, but known never to have been sent).
 */
export type OrdStatus =
  | 'APPROVED'
  | 'PENDING_NEW'
  | 'UNKNOWN'
  | 'NEW'
  | 'PARTIALLY_FILLED'
  | 'PENDING_CANCEL'
  | 'FILLED'
  | 'CANCELED'
  | 'REJECTED'
  | 'EXPIRED'
  | 'REFUSED';

/** Events of the execution log. `OrderFilled` is split by whether it completes the order. */
export type OrderTransition =
  | 'OrderSubmitted'
  | 'OrderUnknown'
  | 'OrderAccepted'
  | 'OrderPartiallyFilled'
  | 'OrderFilled'
  | 'OrderCancelRequested'
  | 'OrderCancelRejected'
  | 'OrderCanceled'
  | 'OrderRejected'
  | 'OrderExpired'
  | 'OrderRefused';

type Row = Readonly<Partial<Record<OrderTransition, OrdStatus>>>;

/** What the venue may say of an order it has: the same from every state in which it may have it. */
const AT_VENUE: Row = {
  OrderAccepted: 'NEW',
  OrderPartiallyFilled: 'PARTIALLY_FILLED',
  OrderFilled: 'FILLED',
  OrderCanceled: 'CANCELED',
  OrderRejected: 'REJECTED',
  OrderExpired: 'EXPIRED',
};

/** Executions that the venue reports after it had closed the order are real money: applied, the state stays. */
function closed(status: OrdStatus): Row {
  return { OrderPartiallyFilled: status, OrderFilled: status };
}

export const ORDER_STATES: Readonly<Record<OrdStatus, Row>> = {
  APPROVED: { OrderSubmitted: 'PENDING_NEW', OrderUnknown: 'UNKNOWN', OrderRefused: 'REFUSED' },
  PENDING_NEW: { ...AT_VENUE, OrderUnknown: 'UNKNOWN', OrderCancelRequested: 'PENDING_CANCEL' },
  // Found at the venue: what the venue says. Not found after the window: refused as never sent.
  UNKNOWN: { ...AT_VENUE, OrderRefused: 'REFUSED', OrderCancelRequested: 'UNKNOWN' },
  NEW: { ...AT_VENUE, OrderCancelRequested: 'PENDING_CANCEL' },
  // A late acknowledgement does not undo a fill.
  PARTIALLY_FILLED: { ...AT_VENUE, OrderAccepted: 'PARTIALLY_FILLED', OrderCancelRequested: 'PENDING_CANCEL' },
  // A partial fill while the cancel is on its way leaves the cancel pending.
  PENDING_CANCEL: {
    ...AT_VENUE,
    OrderAccepted: 'PENDING_CANCEL',
    OrderPartiallyFilled: 'PENDING_CANCEL',
    OrderCancelRejected: 'NEW',
    OrderCancelRequested: 'PENDING_CANCEL',
  },
  FILLED: {},
  CANCELED: closed('CANCELED'),
  REJECTED: {},
  EXPIRED: closed('EXPIRED'),
  REFUSED: {},
};

export const TERMINAL_STATES: ReadonlySet<OrdStatus> = new Set([
  'FILLED',
  'CANCELED',
  'REJECTED',
  'EXPIRED',
  'REFUSED',
]);

/** True when nothing more is expected of the order, so its reservation is free. */
export function isTerminal(status: OrdStatus): boolean {
  return TERMINAL_STATES.has(status);
}

/** The state after the event, or `undefined` when the event is illegal in that state. */
export function nextStatus(status: OrdStatus, transition: OrderTransition): OrdStatus | undefined {
  return ORDER_STATES[status][transition];
}

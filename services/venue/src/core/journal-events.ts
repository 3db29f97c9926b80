import { type Decimal, Decimal as DecimalValue, decimalText } from '@tickpath/trading';
import type { AccountIdentity } from './account.ts';
import type { FillOutput, OrderEvent, VenueOrder } from './matching.ts';

/** What the journal keeps: the opening of the account, then each event of matching, with the order as it is after it. */
export type VenueEvents = {
  readonly AccountOpened: AccountJson;
  readonly OrderReceived: OrderEventJson;
  readonly OrderAccepted: OrderEventJson & ExecIdJson;
  readonly OrderCanceled: OrderEventJson & ExecIdJson;
  readonly OrderPartiallyFilled: FillJson;
  readonly OrderFilled: FillJson;
};

export interface AccountJson {
  readonly id: string;
  readonly accountNumber: string;
  readonly createdNs: string;
  /** In USD, before the first fill. */
  readonly cash: string;
}

/** `VenueOrder` with amounts as decimal text and times as decimal text of Unix nanoseconds. */
export type VenueOrderJson = {
  readonly [K in keyof VenueOrder]: VenueOrder[K] extends Decimal | bigint
    ? string
    : VenueOrder[K] extends bigint | null
      ? string | null
      : VenueOrder[K];
};

interface OrderEventJson {
  readonly eventId: string;
  readonly tsNs: string;
  readonly order: VenueOrderJson;
}

interface ExecIdJson {
  readonly execId: string;
}

interface FillJson extends OrderEventJson, ExecIdJson {
  readonly lastPx: string;
  readonly lastQty: string;
  readonly positionQty: string;
}

/** The types of today; each payload is at its first schema. */
export const VENUE_EVENT_TYPES = {
  AccountOpened: { schema: 1 },
  OrderReceived: { schema: 1 },
  OrderAccepted: { schema: 1 },
  OrderCanceled: { schema: 1 },
  OrderPartiallyFilled: { schema: 1 },
  OrderFilled: { schema: 1 },
} as const;

/** One event as a journal takes it or gives it. */
export type VenueEvent = {
  readonly [K in keyof VenueEvents]: { readonly type: K; readonly payload: VenueEvents[K] };
}[keyof VenueEvents];

export type OrderJournalEvent = Exclude<VenueEvent, { type: 'AccountOpened' }>;

export function accountOpened({ id, accountNumber, createdNs }: AccountIdentity, cash: string): VenueEvent {
  return { type: 'AccountOpened', payload: { id, accountNumber, createdNs: String(createdNs), cash } };
}

export function accountOf({ id, accountNumber, createdNs }: AccountJson): AccountIdentity {
  return { id, accountNumber, createdNs: BigInt(createdNs) };
}

/** An event of matching as the journal keeps it. `orderEventOf` gives it back exactly. */
export function journaled(event: OrderEvent): OrderJournalEvent {
  switch (event.kind) {
    case 'pending_new':
      return { type: 'OrderReceived', payload: orderEventJson(event) };
    case 'new':
      return { type: 'OrderAccepted', payload: { ...orderEventJson(event), execId: event.execId } };
    case 'canceled':
      return { type: 'OrderCanceled', payload: { ...orderEventJson(event), execId: event.execId } };
    case 'partial_fill':
      return { type: 'OrderPartiallyFilled', payload: fillJson(event) };
    case 'fill':
      return { type: 'OrderFilled', payload: fillJson(event) };
  }
}

export function orderEventOf(event: OrderJournalEvent): OrderEvent {
  const { eventId } = event.payload;
  const tsNs = BigInt(event.payload.tsNs);
  const order = orderOf(event.payload.order);
  switch (event.type) {
    case 'OrderReceived':
      return { kind: 'pending_new', order, eventId, tsNs };
    case 'OrderAccepted':
      return { kind: 'new', order, execId: event.payload.execId, eventId, tsNs };
    case 'OrderCanceled':
      return { kind: 'canceled', order, execId: event.payload.execId, eventId, tsNs };
    case 'OrderPartiallyFilled':
      return { kind: 'partial_fill', order, eventId, tsNs, ...executionOf(event.payload) };
    case 'OrderFilled':
      return { kind: 'fill', order, eventId, tsNs, ...executionOf(event.payload) };
  }
}

function orderEventJson({ eventId, tsNs, order }: OrderEvent): OrderEventJson {
  return { eventId, tsNs: String(tsNs), order: orderJson(order) };
}

function fillJson(fill: FillOutput): FillJson {
  const { execId, lastPx, lastQty, positionQty } = fill;
  const amounts = { lastPx: decimalText(lastPx), lastQty: decimalText(lastQty), positionQty: decimalText(positionQty) };
  return { ...orderEventJson(fill), execId, ...amounts };
}

function executionOf({ execId, lastPx, lastQty, positionQty }: FillJson) {
  return { execId, lastPx: amount(lastPx), lastQty: amount(lastQty), positionQty: amount(positionQty) };
}

function orderJson(order: VenueOrder): VenueOrderJson {
  return {
    ...order,
    orderQty: decimalText(order.orderQty),
    createdNs: String(order.createdNs),
    cumQty: decimalText(order.cumQty),
    notional: decimalText(order.notional),
    updatedNs: String(order.updatedNs),
    filledNs: timeJson(order.filledNs),
    cancelRequestedNs: timeJson(order.cancelRequestedNs),
    canceledNs: timeJson(order.canceledNs),
  };
}

function orderOf(json: VenueOrderJson): VenueOrder {
  return {
    ...json,
    orderQty: amount(json.orderQty),
    createdNs: BigInt(json.createdNs),
    cumQty: amount(json.cumQty),
    notional: amount(json.notional),
    updatedNs: BigInt(json.updatedNs),
    filledNs: timeOf(json.filledNs),
    cancelRequestedNs: timeOf(json.cancelRequestedNs),
    canceledNs: timeOf(json.canceledNs),
  };
}

function timeJson(tsNs: bigint | null): string | null {
  return tsNs === null ? null : String(tsNs);
}

function timeOf(text: string | null): bigint | null {
  return text === null ? null : BigInt(text);
}

/** Not `decimal`, which takes no more digits than the wire: the product of two amounts has as many as both. */
function amount(text: string): Decimal {
  return new DecimalValue(text);
}

/** Events of the exchange as the journal takes them, and back: what an event changed, not what the order became. */
import { type DecimalText, unitsOf, unitsText } from '@tickpath/trading';
import type { AccountIdentity } from '../account/identity.ts';
import type { Trail } from '../matching/types.ts';
import type { Asset, AssetOf } from '../reference/asset.ts';
import type { AccountOpening } from './apply-event.ts';
import type {
  AccountJson,
  ArrivedJson,
  FillJson,
  MarketAtJson,
  OrderEventJson,
  ReceivedJson,
  ReplacedJson,
  ReportJson,
  RunJson,
  TermsJson,
  TrailedJson,
  TrailJson,
} from './journal-payloads.ts';
import { upcastFill, upcastReceived, upcastReport } from './journal-upcast.ts';
import { type FillEvent, isFirstOfOrder, type OrderEvent, type PlainOrderEvent, type VenueOrder } from './order.ts';
import type { OrderChange, OrderHappening, OrderTerms } from './order-change.ts';
import type { ExchangeState } from './state.ts';

/** What the journal keeps: which account and which run, how far the run came, and the life of each order. */
export type VenueEvents = {
  readonly AccountOpened: AccountJson;
  readonly RunStarted: RunJson;
  readonly MarketAt: MarketAtJson;
  readonly OrderReceived: ReceivedJson;
  /** It waits for its session. */
  readonly OrderHeld: ArrivedJson;
  /** It is in the market. */
  readonly OrderAccepted: ArrivedJson;
  readonly OrderPartiallyFilled: FillJson;
  readonly OrderFilled: FillJson;
  readonly OrderReplaced: ReplacedJson;
  readonly OrderTrailed: TrailedJson;
  readonly OrderTriggered: ReportJson;
  readonly OrderDoneForDay: ReportJson;
  readonly OrderCanceled: ReportJson;
  readonly OrderExpired: ReportJson;
  readonly OrderRejected: ReportJson;
  readonly OrderCancelRequested: ReportJson;
  readonly OrderCancelRejected: ReportJson;
  readonly OrderReplaceRequested: ReportJson;
  readonly OrderReplaceRejected: ReportJson;
};

export const VENUE_EVENT_TYPES = {
  AccountOpened: { schema: 1 },
  RunStarted: { schema: 1 },
  MarketAt: { schema: 1 },
  OrderReceived: { schema: 2, upcast: { 1: upcastReceived } },
  OrderHeld: { schema: 1 },
  OrderAccepted: { schema: 2, upcast: { 1: upcastReport } },
  OrderPartiallyFilled: { schema: 2, upcast: { 1: upcastFill } },
  OrderFilled: { schema: 2, upcast: { 1: upcastFill } },
  OrderReplaced: { schema: 1 },
  OrderTrailed: { schema: 1 },
  OrderTriggered: { schema: 1 },
  OrderDoneForDay: { schema: 1 },
  OrderCanceled: { schema: 2, upcast: { 1: upcastReport } },
  OrderExpired: { schema: 1 },
  OrderRejected: { schema: 1 },
  OrderCancelRequested: { schema: 1 },
  OrderCancelRejected: { schema: 1 },
  OrderReplaceRequested: { schema: 1 },
  OrderReplaceRejected: { schema: 1 },
} as const;

/** One event as a journal takes it or gives it. */
export type VenueEvent = {
  readonly [K in keyof VenueEvents]: { readonly type: K; readonly payload: VenueEvents[K] };
}[keyof VenueEvents];

export type OrderJournalEvent = Exclude<VenueEvent, { type: 'AccountOpened' | 'RunStarted' | 'MarketAt' }>;

/** The types that hold nothing but that it happened. */
const REPORTS = {
  triggered: 'OrderTriggered',
  done_for_day: 'OrderDoneForDay',
  canceled: 'OrderCanceled',
  expired: 'OrderExpired',
  rejected: 'OrderRejected',
  pending_cancel: 'OrderCancelRequested',
  order_cancel_rejected: 'OrderCancelRejected',
  pending_replace: 'OrderReplaceRequested',
  order_replace_rejected: 'OrderReplaceRejected',
} as const satisfies Partial<Record<PlainOrderEvent['kind'], keyof VenueEvents>>;

type ReportKind = keyof typeof REPORTS;

const REPORT_KINDS = Object.fromEntries(Object.entries(REPORTS).map(([kind, type]) => [type, kind])) as Readonly<
  Record<(typeof REPORTS)[ReportKind], ReportKind>
>;

export function accountOpened({ account, cashUsd }: Pick<AccountOpening, 'account' | 'cashUsd'>): VenueEvent {
  const { id, accountNumber, createdNs } = account;
  return { type: 'AccountOpened', payload: { id, accountNumber, createdNs: String(createdNs), cash: cashUsd } };
}

export function accountOf({ id, accountNumber, createdNs }: AccountJson): AccountIdentity {
  return { id, accountNumber, createdNs: BigInt(createdNs) };
}

/** An event of an order as the journal keeps it. `changeOf` and `eventOfChange` give it back exactly. */
export function journaled(event: OrderEvent): OrderJournalEvent {
  switch (event.kind) {
    case 'fill':
      return { type: 'OrderFilled', payload: fillJson(event) };
    case 'partial_fill':
      return { type: 'OrderPartiallyFilled', payload: fillJson(event) };
    default:
      return journaledPlain(event);
  }
}

function journaledPlain(event: PlainOrderEvent): OrderJournalEvent {
  const { kind, order } = event;
  switch (kind) {
    case 'pending_new':
      return { type: 'OrderReceived', payload: { ...eventJson(event), terms: termsJson(order) } };
    case 'accepted':
      return { type: 'OrderHeld', payload: arrivedJson(event) };
    case 'new':
      return { type: 'OrderAccepted', payload: arrivedJson(event) };
    case 'replaced':
      return { type: 'OrderReplaced', payload: { ...reportJson(event), replacedBy: order.replacedBy ?? '' } };
    case 'trailed': {
      const { priceDecimals } = order.asset;
      const hwmPx = unitsText(order.hwmPx ?? 0, priceDecimals);
      return {
        type: 'OrderTrailed',
        payload: { ...reportJson(event), hwmPx, stopPx: unitsText(order.stopPx ?? 0, priceDecimals) },
      };
    }
    default:
      return { type: REPORTS[kind], payload: reportJson(event) };
  }
}

/**
 * What a journal's event changes in the state as it stands. Throws `RangeError` for an amount that is finer than the
 * instrument is listed with, and for a symbol of which `assetOf` knows nothing.
 */
export function changeOf(state: ExchangeState, assetOf: AssetOf, stored: OrderJournalEvent): OrderChange {
  const { orderId, eventId, tsNs } = stored.payload;
  const execId = 'execId' in stored.payload ? stored.payload.execId : null;
  return { ...happeningOf(state, assetOf, stored), orderId, eventId, execId, tsNs: BigInt(tsNs) };
}

function happeningOf(state: ExchangeState, assetOf: AssetOf, stored: OrderJournalEvent): OrderHappening {
  const { type, payload } = stored;
  switch (type) {
    case 'OrderReceived':
      return { kind: 'pending_new', terms: termsOf(payload.terms, assetOf), orderQty: null };
    case 'OrderHeld':
    case 'OrderAccepted': {
      const { terms, orderQty } = payload;
      return {
        kind: type === 'OrderHeld' ? 'accepted' : 'new',
        terms: terms === undefined ? null : termsOf(terms, assetOf),
        orderQty: orderQty === undefined ? null : unitsOf(orderQty, assetAt(state, payload).qtyDecimals),
      };
    }
    case 'OrderFilled':
    case 'OrderPartiallyFilled': {
      const { priceDecimals, qtyDecimals } = assetAt(state, payload);
      return {
        kind: type === 'OrderFilled' ? 'fill' : 'partial_fill',
        lastPx: unitsOf(payload.lastPx, priceDecimals),
        lastQty: unitsOf(payload.lastQty, qtyDecimals),
        liquidity: payload.liquidity,
        fee: payload.fee,
      };
    }
    case 'OrderReplaced':
      return { kind: 'replaced', replacedBy: payload.replacedBy };
    case 'OrderTrailed': {
      const { priceDecimals } = assetAt(state, payload);
      const hwmPx = unitsOf(payload.hwmPx, priceDecimals);
      return { kind: 'trailed', hwmPx, stopPx: unitsOf(payload.stopPx, priceDecimals) };
    }
    default:
      return { kind: REPORT_KINDS[type] };
  }
}

function assetAt({ orders }: ExchangeState, { orderId }: OrderEventJson): Asset {
  const order = orders.get(orderId);
  if (order === undefined) throw new RangeError(`order ${orderId} has an event before its first`);
  return order.asset;
}

function eventJson({ order, eventId, tsNs }: OrderEvent): OrderEventJson {
  return { orderId: order.orderId, eventId, tsNs: String(tsNs) };
}

function reportJson(event: OrderEvent): ReportJson {
  return { ...eventJson(event), execId: event.execId ?? '' };
}

function arrivedJson(event: PlainOrderEvent): ArrivedJson {
  const { order } = event;
  if (isFirstOfOrder(event)) return { ...reportJson(event), terms: termsJson(order) };
  if (order.replaces === null) return reportJson(event);
  return { ...reportJson(event), orderQty: unitsText(order.orderQty, order.asset.qtyDecimals) };
}

function fillJson(fill: FillEvent): FillJson {
  const { priceDecimals, qtyDecimals } = fill.order.asset;
  const { lastPx, lastQty, liquidity, fee } = fill;
  const amounts = { lastQty: unitsText(lastQty, qtyDecimals), lastPx: unitsText(lastPx, priceDecimals) };
  return { ...reportJson(fill), ...amounts, liquidity, fee };
}

function termsJson(order: VenueOrder): TermsJson {
  const { priceDecimals, qtyDecimals, symbol } = order.asset;
  const { clOrdId, side, type, timeInForce, extendedHours, positionIntent, isTriggered, replaces, expiresNs } = order;
  const px = (units: number | null) => (units === null ? null : unitsText(units, priceDecimals));
  return {
    ...{ clOrdId, symbol, side, type, timeInForce },
    orderQty: unitsText(order.orderQty, qtyDecimals),
    limitPx: px(order.limitPx),
    stopPx: px(order.stopPx),
    trail: order.trail === null ? null : trailJson(order.trail, priceDecimals),
    hwmPx: px(order.hwmPx),
    ...{ isTriggered, extendedHours, positionIntent },
    reservePx: px(order.reservePx),
    expiresNs: expiresNs === null ? null : String(expiresNs),
    replaces,
  };
}

function termsOf(json: TermsJson, assetOf: AssetOf): OrderTerms {
  const { symbol, trail, expiresNs, ...same } = json;
  const asset = assetOf(symbol);
  if (asset === undefined) throw new RangeError(`${symbol} is not listed`);
  const { priceDecimals, qtyDecimals } = asset;
  const px = (text: DecimalText | null) => (text === null ? null : unitsOf(text, priceDecimals));
  return {
    ...same,
    asset,
    orderQty: unitsOf(json.orderQty, qtyDecimals),
    limitPx: px(json.limitPx),
    stopPx: px(json.stopPx),
    trail: trail === null ? null : trailOf(trail, priceDecimals),
    hwmPx: px(json.hwmPx),
    reservePx: px(json.reservePx),
    expiresNs: expiresNs === null ? null : BigInt(expiresNs),
  };
}

const MILLI_DECIMALS = 3;

function trailJson(trail: Trail, priceDecimals: number): TrailJson {
  if (trail.by === 'price') return { by: 'price', px: unitsText(trail.px, priceDecimals) };
  return { by: 'percent', percent: unitsText(trail.milliPercent, MILLI_DECIMALS) };
}

function trailOf(json: TrailJson, priceDecimals: number): Trail {
  if (json.by === 'price') return { by: 'price', px: unitsOf(json.px, priceDecimals) };
  return { by: 'percent', milliPercent: unitsOf(json.percent, MILLI_DECIMALS) };
}

import {
  type AccountIdentity,
  type AlpacaAccount,
  type AlpacaPosition,
  alpacaAccount,
  alpacaPosition,
  alpacaPositions,
} from './core/account.ts';
import type { MarketQuote, MarketTrade } from './core/market-event.ts';
import {
  type MatchingInput,
  type MatchingOutput,
  type MatchingState,
  type OrderEvent,
  openOrderCount,
  step,
  type VenueOrder,
} from './core/matching.ts';
import { listOrders, type OrderListing } from './core/order-listing.ts';
import { readOrderRequest } from './core/order-request.ts';
import type { Refusal } from './core/refusal.ts';
import type { VenueMetrics } from './metrics.ts';

export interface ExchangeLog {
  debug(fields: object, message: string): void;
}

export interface ExchangeOptions {
  readonly state: MatchingState;
  readonly account: AccountIdentity;
  /** The market's time (`marketNow`): the wall clock's when live, the tape's in a replay. */
  readonly nowNs: () => bigint;
  readonly newId: () => string;
  readonly metrics: VenueMetrics;
  readonly log: ExchangeLog;
}

export type SubmitResult =
  | { readonly ok: true; readonly order: VenueOrder }
  | { readonly ok: false; readonly refusal: Refusal };

/** The matching core with time and ids given to it, and its events handed to whoever listens. */
export interface Exchange {
  /** Shows a quote to the resting orders. */
  onQuote(quote: MarketQuote): void;
  /** Lets positions be worth what shares now change hands at. */
  onTrade(trade: MarketTrade): void;
  /** Takes the body of an order; answers with the order as it came in (`pending_new`), its fills follow as events. */
  submit(body: unknown): SubmitResult;
  cancel(orderId: string): Refusal | null;
  order(orderId: string): VenueOrder | undefined;
  orderByClOrdId(clOrdId: string): VenueOrder | undefined;
  orders(listing: OrderListing): VenueOrder[];
  openOrderCount(): number;
  account(): AlpacaAccount;
  /** What is held; flat symbols are left out. */
  positions(): AlpacaPosition[];
  /** The position in a symbol, named as itself or by its asset id; `undefined` when nothing of it is held. */
  position(symbolOrAssetId: string): AlpacaPosition | undefined;
  /** Calls `listener` for every event from now on, in order, in the turn it happens; answers how to stop. */
  listen(listener: (event: OrderEvent) => void): () => void;
}

export function createExchange({ state, account, nowNs, newId, metrics, log }: ExchangeOptions): Exchange {
  const listeners = new Set<(event: OrderEvent) => void>();
  let lastNs = 0n;
  /** Never back: a quote may be older than an order that came in before it. */
  const atLeastLast = (tsNs: bigint): bigint => {
    if (tsNs > lastNs) lastNs = tsNs;
    return lastNs;
  };
  /** Each order has a time of its own, also while a tape stands still, so that listings can be paged by time. */
  const afterLast = (tsNs: bigint): bigint => atLeastLast(tsNs > lastNs ? tsNs : lastNs + 1n);

  /** One step of the core, timed when it serves orders: what a quote without any costs is no matching. */
  const matched = (input: MatchingInput): MatchingOutput[] => {
    const serves = input.kind === 'submit' || (input.kind === 'quote' && state.open.has(input.symbol));
    if (!serves) return step(state, input);
    const startNs = process.hrtime.bigint();
    const outputs = step(state, input);
    metrics.match(Number(process.hrtime.bigint() - startNs) / 1e9);
    return outputs;
  };

  const apply = (input: MatchingInput): MatchingOutput[] => {
    const outputs = matched(input);
    for (const output of outputs) {
      count(output);
      if (output.kind === 'refused') continue;
      log.debug(logFields(output), `order ${output.kind}`);
      for (const listener of listeners) listener(output);
    }
    return outputs;
  };

  const count = (output: MatchingOutput): void => {
    if (output.kind === 'refused') metrics.order('refused');
    if (output.kind === 'pending_new') metrics.order('accepted');
    if (output.kind === 'canceled') metrics.order('canceled');
    if (output.kind === 'fill') metrics.order('filled');
    if (output.kind === 'fill' || output.kind === 'partial_fill') metrics.fill();
  };

  return {
    onQuote(quote) {
      apply({ ...quote, tsNs: atLeastLast(quote.tsNs) });
    },
    onTrade(trade) {
      step(state, trade);
    },
    submit(body) {
      const read = readOrderRequest(body);
      if (!read.ok) {
        metrics.order('refused');
        return read;
      }
      const order = { ...read.request, clOrdId: read.request.clOrdId ?? newId() };
      const [first] = apply({ kind: 'submit', order, orderId: newId(), tsNs: afterLast(nowNs()) });
      if (first?.kind === 'refused') return { ok: false, refusal: first.refusal };
      if (first === undefined) throw new Error('a submitted order led to nothing');
      return { ok: true, order: first.order };
    },
    cancel(orderId) {
      const [first] = apply({ kind: 'cancel', orderId, tsNs: atLeastLast(nowNs()) });
      return first?.kind === 'refused' ? first.refusal : null;
    },
    order: (orderId) => state.orders.get(orderId),
    orderByClOrdId(clOrdId) {
      const orderId = state.orderIdByClOrdId.get(clOrdId);
      return orderId === undefined ? undefined : state.orders.get(orderId);
    },
    orders: (listing) => listOrders(state.orders.values(), listing),
    openOrderCount: () => openOrderCount(state),
    account: () => alpacaAccount(state, account),
    positions: () => alpacaPositions(state),
    position: (symbolOrAssetId) => alpacaPosition(state, symbolOrAssetId),
    listen(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}

function logFields({ order, kind }: OrderEvent): object {
  const { clOrdId, orderId, symbol, side, status } = order;
  return { event: kind, clOrdId, orderId, symbol, side, qty: order.orderQty, cumQty: order.cumQty, status };
}

import type { Flushed, JournalEvent } from '@tickpath/journal';
import { type Book, record, type VenueJournal } from './book.ts';
import {
  type AlpacaAccount,
  type AlpacaPosition,
  alpacaAccount,
  alpacaPosition,
  alpacaPositions,
} from './core/account.ts';
import { type ActivityListing, type AlpacaActivity, listActivities } from './core/activities.ts';
import type { VenueEvents } from './core/journal-events.ts';
import type { MarketQuote, MarketTrade } from './core/market-event.ts';
import {
  type MatchingInput,
  type MatchingOutput,
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
  /** Where every event goes before anybody hears of it. */
  readonly journal: Pick<VenueJournal, 'transact' | 'flushed'>;
  /** What the journal's events have led to. */
  readonly book: Book;
  /** The market's time (`marketNow`): the wall clock's when live, the tape's in a replay. */
  readonly nowNs: () => bigint;
  readonly newId: () => string;
  readonly metrics: VenueMetrics;
  readonly log: ExchangeLog;
  /** Where a test may have the process die. */
  readonly failpoint: (point: 'before-commit' | 'after-commit' | 'after-flush') => void;
  /** The journal has failed, so the book is ahead of it: the process has to end. */
  readonly onFatal: (error: unknown) => void;
}

export type SubmitResult =
  | { readonly ok: true; readonly order: VenueOrder }
  | { readonly ok: false; readonly refusal: Refusal };

/**
 * The matching core with time and ids given to it. Each step is one synchronous turn and one transaction of the journal;
 * its events are handed to whoever listens once they are on the disk. What the methods return may not be there yet: it may
 * leave the process only after `settled`.
 */
export interface Exchange {
  /** Shows a quote to the resting orders. */
  onQuote(quote: MarketQuote): void;
  /** Lets positions be worth what shares now change hands at. */
  onTrade(trade: MarketTrade): void;
  /** Takes the body of an order; gives the order as it came in (`pending_new`), its fills follow as events. */
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
  /** Executions of the account; a refusal when the page token is none of theirs. */
  activities(listing: ActivityListing): AlpacaActivity[] | Refusal;
  /** Calls `listener` for every event from now on, in order, once it survives the loss of power; answers how to stop. */
  listen(listener: (event: OrderEvent) => void): () => void;
  /** Resolves when all that has happened so far survives the loss of power and every listener has heard of it. */
  settled(): Promise<void>;
}

export function createExchange(options: ExchangeOptions): Exchange {
  const { journal, book, nowNs, newId, metrics, log, failpoint, onFatal } = options;
  const { state, account } = book;
  const listeners = new Set<(event: OrderEvent) => void>();
  let told: Promise<void> = Promise.resolve();
  let lastNs = latestNs(state.orders.values());
  /** Never back, also over a restart: a quote may be older than an order that came in before it. */
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

  const publish = ({ value: events }: Flushed<readonly OrderEvent[], JournalEvent<VenueEvents>>): void => {
    for (const event of events) for (const listener of listeners) listener(event);
  };

  /** Told in order of commit; one sync of the disk serves all that was committed while the one before it ran. */
  const keep = (events: readonly OrderEvent[]): void => {
    failpoint('before-commit');
    const flushed = journal.flushed(record(journal, events));
    failpoint('after-commit');
    told = Promise.all([flushed, told]).then(([proof]) => {
      failpoint('after-flush');
      publish(proof);
    });
    told.catch(onFatal);
  };

  const apply = (input: MatchingInput): MatchingOutput[] => {
    const outputs = matched(input);
    if (outputs.length === 0) return outputs;
    const events = outputs.filter((output) => output.kind !== 'refused');
    if (events.length > 0) {
      try {
        keep(events);
      } catch (error) {
        onFatal(error);
        throw error;
      }
    }
    for (const output of outputs) count(output);
    for (const event of events) log.debug(logFields(event), `order ${event.kind}`);
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
    activities: (listing) => listActivities(state.fills, listing),
    listen(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    settled: () => told,
  };
}

/** The time of the last event; 0 before any. */
function latestNs(orders: Iterable<VenueOrder>): bigint {
  let latest = 0n;
  for (const { updatedNs } of orders) if (updatedNs > latest) latest = updatedNs;
  return latest;
}

function logFields({ order, kind }: OrderEvent): object {
  const { clOrdId, orderId, symbol, side, status } = order;
  return { event: kind, clOrdId, orderId, symbol, side, qty: order.orderQty, cumQty: order.cumQty, status };
}

import type { Json } from '@tickpath/journal';
import type { DecimalText, Instrument } from '@tickpath/trading';
import type { Book, BookEntry, MarketAt, MarketRun, VenueJournal } from './book.ts';
import { createBookkeeper } from './bookkeeper.ts';
import { type AccountIdentity, accountIdentity } from './core/account/identity.ts';
import type { SourceEvent } from './core/market/event.ts';
import type { MarketPast } from './core/matching/matcher.ts';
import { nextDueNs, step } from './core/orders/exchange-core.ts';
import {
  isFirstOfOrder,
  type NewOrder,
  type OrderChanges,
  type OrderEvent,
  type VenueOrder,
} from './core/orders/order.ts';
import type { ExchangeInput, ExchangeOutput, ExchangeState } from './core/orders/state.ts';
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
  /** How far the source has come: noted with every step that is kept, so that a start never goes back behind a fill. */
  readonly position?: () => Json | null;
  readonly metrics: VenueMetrics;
  readonly log: ExchangeLog;
  /** Where a test may have the process die. */
  readonly failpoint: (point: 'before-commit' | 'after-commit' | 'after-flush') => void;
  /** The journal or a step has failed, so the book is ahead of the journal: the process has to end. */
  readonly onFatal: (error: unknown) => void;
}

export type SubmitResult =
  | { readonly ok: true; readonly order: VenueOrder }
  | { readonly ok: false; readonly refusal: Refusal };

/**
 * The exchange's core with time and ids given to it. Each step is synchronous, and the steps of one turn of the event loop
 * are one transaction of the journal; their events are handed to whoever listens once they are on the disk. What the methods
 * return is not there yet: it may leave the process only after `settled`.
 */
export interface Exchange {
  /** Shows an event of the market to the orders, after what has fallen due by then; each in order, before it is published. */
  onMarket(event: SourceEvent): void;
  /** States what the trades before the source's place have left behind, where those are not shown. */
  showPast(instrument: Instrument, past: MarketPast): void;
  /** Lets happen what has fallen due by now; also says that the source has gone back, when it has. */
  onClock(): void;
  /** When something next happens by itself, in the market's time; `null`: nothing will. */
  nextDueNs(): bigint | null;
  /** Takes an order; gives it as it came in (`pending_new`), its fills follow as events. */
  submit(order: NewOrder): SubmitResult;
  /** Puts another order in the place of one; gives the new one. */
  replace(orderId: string, changes: OrderChanges): SubmitResult;
  cancel(orderId: string): Refusal | null;
  /** Cancels what is open and opens another account, with nothing but cash. */
  reset(cashUsd: DecimalText): AccountIdentity;
  order(orderId: string): VenueOrder | undefined;
  orderByClOrdId(clOrdId: string): VenueOrder | undefined;
  /** To read from, never to change; it is ahead of what has been told. */
  state(): ExchangeState;
  /** `marketNow`. */
  nowNs(): bigint;
  /** Calls `listener` for every event of an order from now on, in order, once it survives the loss of power; answers how to stop. */
  listen(listener: (event: OrderEvent) => void): () => void;
  /** Notes that another run begins. */
  beginRun(run: MarketRun): void;
  /** Notes how far the source has come, if it has moved since that was last noted. */
  recordPosition(): void;
  /** Resolves when all that has happened so far survives the loss of power and every listener has heard of it. */
  settled(): Promise<void>;
}

/** The venue's own: clients are not told. */
const UNTOLD: ReadonlySet<OrderEvent['kind']> = new Set(['triggered', 'trailed']);

const ENDS = ['canceled', 'expired', 'replaced', 'rejected'] as const;

function isEnd(kind: OrderEvent['kind']): kind is (typeof ENDS)[number] {
  return ENDS.some((end) => end === kind);
}

export function createExchange(options: ExchangeOptions): Exchange {
  const { journal, book, nowNs, newId, position = () => null, metrics, log, failpoint, onFatal } = options;
  const { state } = book;
  const listeners = new Set<(event: OrderEvent) => void>();
  let runId = book.run?.runId ?? null;

  /** One step of the core, timed when it serves orders: what an event of the market without any costs is no matching. */
  const matched = (input: ExchangeInput): readonly ExchangeOutput[] => {
    const serves = input.kind === 'market' && state.committed.has(input.event.instrument.symbol);
    if (!serves && input.kind !== 'submit' && input.kind !== 'replace') return step(state, input);
    const startNs = process.hrtime.bigint();
    const outputs = step(state, input);
    metrics.match(Number(process.hrtime.bigint() - startNs) / 1e9);
    return outputs;
  };

  const tell = (entries: readonly BookEntry[]): void => {
    for (const entry of entries) {
      if (entry.kind === 'account-opened' || entry.kind === 'run-started' || UNTOLD.has(entry.kind)) continue;
      for (const listener of listeners) listener(entry);
    }
  };

  const marketAt = (): MarketAt | null => {
    const at = runId === null ? null : position();
    return runId === null || at === null ? null : { runId, position: at };
  };

  const bookkeeper = createBookkeeper({
    ...{ journal, failpoint, tell, onFatal },
    noted: JSON.stringify({ runId, position: book.lastPosition }),
  });

  /** A step that breaks off leaves a state of which the journal will never hear. */
  const stepped = (input: ExchangeInput): readonly ExchangeOutput[] => {
    try {
      return matched(input);
    } catch (error) {
      bookkeeper.fail(error);
      throw error;
    }
  };

  const apply = (input: ExchangeInput): readonly ExchangeOutput[] => {
    const outputs = stepped(input);
    if (outputs.length === 0) return outputs;
    const kept = outputs.filter((output) => output.kind !== 'refused');
    if (kept.length > 0) bookkeeper.enter(kept, marketAt());
    for (const output of outputs) count(output);
    for (const output of kept)
      if (output.kind !== 'account-opened') log.debug(logFields(output), `order ${output.kind}`);
    return outputs;
  };

  const count = (output: ExchangeOutput): void => {
    if (output.kind === 'account-opened') return;
    if (output.kind === 'refused') return metrics.order('refused');
    if (isFirstOfOrder(output)) metrics.order('accepted');
    if (output.kind === 'fill') metrics.order('filled');
    else if (isEnd(output.kind)) metrics.order(output.kind);
    if (output.kind === 'fill' || output.kind === 'partial_fill') metrics.fill();
  };

  /** What became of a request for an order: what was due before it, of other orders, comes first among the outputs. */
  const resultOf = (outputs: readonly ExchangeOutput[], orderId: string): SubmitResult => {
    for (const output of outputs) {
      if (output.kind === 'refused') return { ok: false, refusal: output.refusal };
      if (output.kind !== 'account-opened' && output.order.orderId === orderId)
        return { ok: true, order: output.order };
    }
    throw new Error(`the request for order ${orderId} led to nothing`);
  };

  return {
    onMarket(event) {
      apply({ kind: 'market', event, tsNs: event.tsNs });
    },
    showPast(instrument, past) {
      apply({ kind: 'past', instrument, past, tsNs: nowNs() });
    },
    onClock() {
      apply({ kind: 'clock', tsNs: nowNs() });
    },
    nextDueNs: () => nextDueNs(state),
    submit(order) {
      const orderId = newId();
      const named = { ...order, clOrdId: order.clOrdId ?? newId() };
      return resultOf(apply({ kind: 'submit', order: named, orderId, tsNs: nowNs() }), orderId);
    },
    replace(orderId, changes) {
      const newOrderId = newId();
      const named = { ...changes, clOrdId: changes.clOrdId ?? newId() };
      const input = { kind: 'replace', orderId, newOrderId, changes: named, tsNs: nowNs() } as const;
      return resultOf(apply(input), newOrderId);
    },
    cancel(orderId) {
      const last = apply({ kind: 'cancel', orderId, tsNs: nowNs() }).at(-1);
      return last?.kind === 'refused' ? last.refusal : null;
    },
    reset(cashUsd) {
      const tsNs = nowNs();
      const account = accountIdentity(newId(), tsNs);
      apply({ kind: 'reset', account, cashUsd, tsNs });
      return account;
    },
    order: (orderId) => state.orders.get(orderId),
    orderByClOrdId(clOrdId) {
      const orderId = state.orderIdByClOrdId.get(clOrdId);
      return orderId === undefined ? undefined : state.orders.get(orderId);
    },
    state: () => state,
    nowNs,
    listen(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    beginRun(run) {
      runId = run.runId;
      bookkeeper.enter([{ kind: 'run-started', run }], null);
    },
    recordPosition() {
      const at = marketAt();
      if (at !== null) bookkeeper.note(at);
    },
    settled: bookkeeper.settled,
  };
}

function logFields({ order, kind }: OrderEvent): object {
  const { clOrdId, orderId, asset, side, status } = order;
  return {
    event: kind,
    clOrdId,
    orderId,
    symbol: asset.symbol,
    side,
    qty: order.orderQty,
    cumQty: order.cumQty,
    status,
  };
}

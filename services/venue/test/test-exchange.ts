import type { Json } from '@tickpath/journal';
import type { Book, VenueJournal } from '../src/book.ts';
import type { SourceEvent } from '../src/core/market/event.ts';
import type { OrderEvent, VenueOrder } from '../src/core/orders/order.ts';
import type { VenueRules } from '../src/core/orders/state.ts';
import { createExchange, type Exchange, type ExchangeOptions } from '../src/exchange.ts';
import { anOrder, type OrderFields, PLAIN_RULES } from './builders.ts';
import { openTestBook } from './test-book.ts';
import { NO_METRICS } from './venue-harness.ts';

export interface DeskSettings {
  readonly dataDir: string;
  readonly rules?: Partial<VenueRules>;
  readonly initialCashUsd?: string;
  readonly position?: () => Json | null;
  readonly startNs?: bigint;
  readonly options?: Partial<ExchangeOptions>;
}

/** An exchange on a journal, without servers, with a clock that its test moves. */
export interface ExchangeDesk {
  readonly exchange: Exchange;
  readonly journal: VenueJournal;
  readonly book: Book;
  /** Everything that was told so far. */
  readonly heard: readonly OrderEvent[];
  readonly faults: unknown[];
  nowNs: bigint;
  /** Shows an event; the clock goes with it. */
  show(event: SourceEvent): void;
  wait(ns: bigint): void;
  /** The order as it came in. Throws when it is refused. */
  submit(fields: OrderFields): VenueOrder;
  [Symbol.asyncDispose](): Promise<void>;
}

export async function openDesk(settings: DeskSettings): Promise<ExchangeDesk> {
  const { dataDir, rules = {}, initialCashUsd = '1000000', position, startNs = 1_000_000_000n } = settings;
  const opened = await openTestBook(dataDir, { rules: { ...PLAIN_RULES, ...rules }, initialCashUsd });
  const heard: OrderEvent[] = [];
  const faults: unknown[] = [];
  const exchange = createExchange({
    ...opened,
    nowNs: () => desk.nowNs,
    newId: () => crypto.randomUUID(),
    ...(position !== undefined && { position }),
    metrics: NO_METRICS,
    log: { debug() {} },
    failpoint() {},
    onFatal: (error) => void faults.push(error),
    ...settings.options,
  });
  exchange.listen((event) => heard.push(event));
  const desk: ExchangeDesk = {
    exchange,
    ...opened,
    heard,
    faults,
    nowNs: startNs,
    show(event) {
      if (event.tsNs > desk.nowNs) desk.nowNs = event.tsNs;
      exchange.onMarket(event);
    },
    wait(ns) {
      desk.nowNs += ns;
      exchange.onClock();
    },
    submit(fields) {
      const result = exchange.submit(anOrder(fields));
      if (!result.ok) throw new Error(result.refusal.message);
      return result.order;
    },
    async [Symbol.asyncDispose]() {
      await exchange.settled().catch(() => {});
      await opened.journal.close();
    },
  };
  return desk;
}

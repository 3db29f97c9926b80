import { wholeNumber } from '../journal/seeded.ts';
import { drawOrder, type OrderKind, priceText, type SeenQuote } from './venue-load-orders.ts';
import { type LoadedVenue, type MarketMessage, Unanswered } from './venue-load-process.ts';

/** An order entity, as far as it is looked at. */
export interface Order {
  readonly id: string;
  readonly client_order_id: string;
  readonly symbol: string;
  readonly side: string;
  readonly type: string;
  readonly time_in_force: string;
  readonly qty: string;
  readonly limit_price: string | null;
  readonly stop_price: string | null;
  readonly trail_price: string | null;
  readonly trail_percent: string | null;
  readonly filled_qty: string;
  readonly status: string;
  readonly created_at: string;
  readonly submitted_at: string;
  readonly replaces: string | null;
  readonly replaced_by: string | null;
}

/** An event as `trade_updates` told it. */
export interface Told {
  readonly event: string;
  readonly eventId: string;
  readonly timestamp: string;
  readonly order: Order;
  /** Of fills only. */
  readonly fill: { readonly qty: string; readonly price: string; readonly execId: string } | null;
}

/** A change that was acknowledged, and whether it had to take effect before it was. */
export interface Acknowledged {
  readonly orderId: string;
  readonly isAtOnce: boolean;
}

export interface Replaced extends Acknowledged {
  readonly newOrderId: string;
  /** What was asked for in all, with what the first order fills. */
  readonly qty: string;
}

interface Update {
  readonly event: string;
  readonly event_id: string;
  readonly timestamp: string;
  readonly order: Order;
  readonly qty: string;
  readonly price: string;
  readonly execution_id: string;
}

export interface Trading {
  /** Whether the venue lets a cancel or a replace take effect before it answers. */
  readonly isAtOnce: boolean;
  /** Asked after each order; without it trading goes on until the process is gone. */
  readonly isOver?: () => boolean;
}

const CANCEL_SHARE = 0.25;
const REPLACE_SHARE = 0.15;

/** A client that keeps only what it was told: what the venue must never take back. */
export class LoadTrader {
  /** The names of all orders sent and not refused. */
  readonly sent = new Set<string>();
  /** Acknowledged orders as they were answered, by their name. */
  readonly acknowledged = new Map<string, Order>();
  readonly kinds = new Map<OrderKind, number>();
  readonly canceled: Acknowledged[] = [];
  readonly replaced: Replaced[] = [];
  readonly told: Told[] = [];
  /** Orders, cancels and replaces to which no answer came. */
  unanswered = 0;
  refused = 0;
  #named = 0;
  readonly #random: () => number;
  readonly #quotes = new Map<string, SeenQuote>();

  readonly #mostQty: number;

  constructor(random: () => number, { mostQty }: { readonly mostQty: number }) {
    this.#random = random;
    this.#mostQty = mostQty;
  }

  /** Names sent whose fate nobody told. */
  get inDoubt(): string[] {
    return [...this.sent].filter((clOrdId) => !this.acknowledged.has(clOrdId));
  }

  /** Follows the quotes of a venue; resolves when every symbol has one. */
  async watch(venue: LoadedVenue, symbols: readonly string[]): Promise<void> {
    this.#quotes.clear();
    const quoted = Promise.withResolvers<void>();
    await venue.market({ quotes: ['*'] }, (messages) => {
      this.see(messages);
      if (symbols.every((symbol) => this.#quotes.has(symbol))) quoted.resolve();
    });
    await quoted.promise;
  }

  async listen(venue: LoadedVenue): Promise<void> {
    await venue.updates((update) => this.#hear(update as Update));
  }

  /** Sends orders one after the other, with cancels and replaces between them, until that is over or the process gone. */
  async trade(venue: LoadedVenue, trading: Trading): Promise<void> {
    try {
      while (trading.isOver?.() !== true) {
        const order = await this.submit(venue, this.#newName());
        if (order === undefined) continue;
        const chance = this.#random();
        if (chance < CANCEL_SHARE) await this.#cancel(venue, order, trading);
        else if (chance < CANCEL_SHARE + REPLACE_SHARE) await this.#replace(venue, order, trading);
      }
    } catch (error) {
      if (!(error instanceof Unanswered)) throw error;
      this.unanswered += 1;
    }
  }

  /** Sends an order under a name, perhaps one sent before; the order if it was taken now. */
  async submit(venue: LoadedVenue, clOrdId: string): Promise<Order | undefined> {
    const isNew = !this.sent.has(clOrdId);
    const { kind, body } = this.#draw(clOrdId);
    this.sent.add(clOrdId);
    const answer = await venue.request('POST', '/v2/orders', body);
    if (answer.status === 422 && !isNew && /must be unique/.test(JSON.stringify(answer.body))) return undefined;
    if (answer.status === 403) {
      this.#refuse(clOrdId);
      return undefined;
    }
    if (answer.status !== 200) throw new Error(`POST ${clOrdId}: ${answer.status} ${JSON.stringify(answer.body)}`);
    if (this.acknowledged.has(clOrdId)) throw new Error(`${clOrdId} was taken twice`);
    const order = answer.body as Order;
    this.acknowledged.set(clOrdId, order);
    this.kinds.set(kind, (this.kinds.get(kind) ?? 0) + 1);
    return order;
  }

  #newName(): string {
    this.#named += 1;
    return `load-${this.#named}`;
  }

  #draw(clOrdId: string) {
    const symbols = [...this.#quotes];
    const [symbol, quote] = symbols[wholeNumber(this.#random, 0, symbols.length - 1)] ?? [];
    if (symbol === undefined || quote === undefined) throw new Error('no quote was seen');
    return drawOrder(this.#random, { clOrdId, symbol, quote, mostQty: this.#mostQty });
  }

  /** No order of that name may ever be there. */
  #refuse(clOrdId: string): void {
    this.refused += 1;
    this.sent.delete(clOrdId);
  }

  async #cancel(venue: LoadedVenue, { id }: Order, { isAtOnce }: Trading): Promise<void> {
    const { status } = await venue.request('DELETE', `/v2/orders/${id}`);
    if (status === 204) this.canceled.push({ orderId: id, isAtOnce });
    else if (status !== 422) throw new Error(`DELETE ${id}: ${status}`);
  }

  async #replace(venue: LoadedVenue, order: Order, { isAtOnce }: Trading): Promise<void> {
    const clOrdId = this.#newName();
    this.sent.add(clOrdId);
    const changes = this.#changes(order);
    const { status, body } = await venue.request('PATCH', `/v2/orders/${order.id}`, {
      ...changes,
      client_order_id: clOrdId,
    });
    if (status === 200) {
      const made = body as Order;
      this.acknowledged.set(clOrdId, made);
      this.replaced.push({ orderId: order.id, newOrderId: made.id, isAtOnce, qty: changes.qty });
    } else if (status === 403 || status === 422) this.#refuse(clOrdId);
    else throw new Error(`PATCH ${order.id}: ${status} ${JSON.stringify(body)}`);
  }

  #changes({ qty, limit_price: limitPrice, type }: Order) {
    const change = { qty: String(Number(qty) + wholeNumber(this.#random, 0, 1) * 10) };
    if (limitPrice === null || type !== 'limit') return change;
    return {
      ...change,
      limit_price: priceText(Math.round(Number(limitPrice) * 100) + wholeNumber(this.#random, -2, 2)),
    };
  }

  /** Takes the quotes out of market data, for those to come. */
  see(messages: readonly MarketMessage[]): void {
    for (const { T, S, bp, ap } of messages) {
      if (T !== 'q' || S === undefined || bp === 0 || ap === 0) continue;
      this.#quotes.set(S, { bidCents: Math.round(Number(bp) * 100), askCents: Math.round(Number(ap) * 100) });
    }
  }

  /** How many symbols have a quote that was seen. */
  get quoted(): number {
    return this.#quotes.size;
  }

  #hear({ event, event_id: eventId, timestamp, order, qty, price, execution_id: execId }: Update): void {
    const isFill = event === 'fill' || event === 'partial_fill';
    this.told.push({ event, eventId, timestamp, order, fill: isFill ? { qty, price, execId } : null });
  }
}

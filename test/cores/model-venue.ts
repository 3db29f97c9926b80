import assert from 'node:assert/strict';
import type {
  FillsWanted,
  ListedOrder,
  OpenVenueOrder,
  VenueAccount,
  VenueFill,
  VenueOrder,
  VenueUpdate,
} from '@tickpath/execution/core';
import { type Fill, recompute } from '../e2e/independent-ledger.ts';

export const INITIAL_CASH = '100000';

interface ModelOrder {
  readonly clOrdId: string;
  readonly orderId: string;
  readonly symbol: string;
  readonly side: 'BUY' | 'SELL';
  readonly qty: number;
  cum: number;
  status: 'new' | 'partially_filled' | 'filled' | 'canceled';
}

/** A venue as naive as can be: a list of orders and a list of fills, from which the account is counted each time. */
export class ModelVenue {
  #book = 1;
  #made = 0;
  #fills: (Fill & VenueFill)[] = [];
  #orders: ModelOrder[] = [];
  readonly #publish: (update: VenueUpdate) => void;

  constructor(publish: (update: VenueUpdate) => void) {
    this.#publish = publish;
  }

  get open(): ModelOrder[] {
    return this.#orders.filter(({ status }) => status === 'new' || status === 'partially_filled');
  }

  accountId(): string {
    return `account-${this.#book}`;
  }

  /** The book begins anew: another account, with nothing in it. */
  reset(): void {
    this.#book += 1;
    this.#fills = [];
    this.#orders = [];
  }

  submit(order: { clOrdId: string; symbol: string; side: 'BUY' | 'SELL'; orderQty: string }): VenueOrder {
    const { clOrdId, symbol, side, orderQty } = order;
    assert.equal(this.find(clOrdId), undefined, `${clOrdId} was sent twice`);
    this.#made += 1;
    const made: ModelOrder = {
      ...{ clOrdId, symbol, side, orderId: `v-${this.#book}-${this.#made}` },
      ...{ qty: Number(orderQty), cum: 0, status: 'new' },
    };
    this.#orders.push(made);
    this.#publish({ type: 'acknowledged', order: shown(made) });
    return shown(made);
  }

  find(clOrdId: string): VenueOrder | undefined {
    const order = this.#orders.find((one) => one.clOrdId === clOrdId);
    return order === undefined ? undefined : shown(order);
  }

  fill(order: ModelOrder, qty: number, cents: number): void {
    order.cum += qty;
    order.status = order.cum === order.qty ? 'filled' : 'partially_filled';
    const lastPx = (cents / 100).toFixed(2).replace(/\.?0+$/, '');
    const { symbol, side, orderId } = order;
    const fill = { lastQty: `${qty}`, lastPx, venueTsNs: 1n };
    const n = this.#fills.length + 1;
    this.#fills.push({ ...fill, symbol, side, orderId, cumQty: `${order.cum}`, execId: `activity-${n}` });
    this.#publish({ type: 'fill', order: shown(order), execId: `x-${this.#book}-${n}`, ...fill });
  }

  cancel(order: ModelOrder): void {
    order.status = 'canceled';
    this.#publish({ type: 'canceled', order: shown(order) });
  }

  /** Their executions among the activities, as `readFills` gives them. */
  fillsOf(orders: readonly FillsWanted[]): (VenueFill & { readonly clOrdId: string })[] {
    return this.#fills.flatMap((fill) => {
      const wanted = orders.find(({ orderId }) => orderId === fill.orderId);
      const isNew = wanted !== undefined && Number(fill.cumQty) > Number(wanted.knownQty);
      return isNew ? [{ ...fill, clOrdId: wanted.clOrdId }] : [];
    });
  }

  /** Newest first. */
  latest(): ListedOrder[] {
    return this.#orders.map((order) => ({ ...shown(order), createdNs: 1n })).reverse();
  }

  account(): VenueAccount {
    const { cash, positions } = recompute(INITIAL_CASH, this.#fills);
    const held = [...positions].filter(([, { qty }]) => qty !== '0');
    const openOrders = this.open.map(
      ({ clOrdId, orderId, symbol, side, qty, cum }): OpenVenueOrder => ({
        ...{ clOrdId, orderId, symbol, side, orderQty: `${qty}`, cumQty: `${cum}` },
        ordStatus: cum === 0 ? 'NEW' : 'PARTIALLY_FILLED',
      }),
    );
    return {
      accountId: this.accountId(),
      cash,
      positions: held.map(([symbol, { qty, cost }]) => ({ symbol, qty, cost })),
      openOrders,
      latestClOrdIds: this.latest().map(({ clOrdId }) => clOrdId),
    };
  }
}

function shown({ clOrdId, orderId, cum, status }: ModelOrder): VenueOrder {
  return { clOrdId, orderId, filledQty: `${cum}`, status, venueTsNs: 1n };
}

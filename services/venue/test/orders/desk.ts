import assert from 'node:assert/strict';
import { unitsText } from '@tickpath/trading';
import type { BookLevel, MarketBook, MarketStatus, SourceEvent } from '../../src/core/market/event.ts';
import { nextDueNs, step } from '../../src/core/orders/exchange-core.ts';
import type { FillEvent, OrderChanges, OrderEvent, VenueOrder } from '../../src/core/orders/order.ts';
import type {
  ExchangeInput,
  ExchangeOutput,
  ExchangeSetup,
  ExchangeState,
  VenueRules,
} from '../../src/core/orders/state.ts';
import type { Refusal } from '../../src/core/refusal.ts';
import { anAsset, anExchange, anOrder, aQuote, aTrade, type OrderFields } from '../builders.ts';
import { assertConsistent } from './consistency.ts';

export const SECOND_NS = 1_000_000_000n;
export const MS_NS = 1_000_000n;

const NO_CHANGES: OrderChanges = {
  orderQty: null,
  timeInForce: null,
  limitPx: null,
  stopPx: null,
  trail: null,
  clOrdId: null,
};

/** The pure exchange with a clock that its test moves. Orders bear the name they are given as both their ids; after each step the books have to be right. */
export class Desk {
  readonly state: ExchangeState;
  readonly outputs: ExchangeOutput[] = [];
  nowNs: bigint;
  #told = 0;

  constructor(rules: Partial<VenueRules> = {}, options: Partial<ExchangeSetup> & { readonly startNs?: bigint } = {}) {
    const { startNs = 1_789_738_200_000_000_000n, ...setup } = options;
    this.nowNs = startNs;
    this.state = anExchange(rules, setup);
  }

  /** Everything that has happened, refusals left out. */
  get events(): OrderEvent[] {
    return this.outputs.filter((output) => output.kind !== 'refused' && output.kind !== 'account-opened');
  }

  get fills(): FillEvent[] {
    return this.events.filter((event): event is FillEvent => 'lastQty' in event);
  }

  step(input: ExchangeInput): readonly ExchangeOutput[] {
    const outputs = step(this.state, input);
    this.outputs.push(...outputs);
    assertConsistent(this.state);
    return outputs;
  }

  /** What was said since this was last asked: the kind and the order of each event, in order; of fills quantity and price. */
  said(): string[] {
    const news = this.outputs.slice(this.#told);
    this.#told = this.outputs.length;
    return news.map(textOf);
  }

  /** Time passes, and what is due happens. */
  wait(ns: bigint): void {
    this.nowNs += ns;
    this.step({ kind: 'clock', tsNs: this.nowNs });
  }

  until(ns: bigint): void {
    assert.ok(ns >= this.nowNs, `${ns} is before ${this.nowNs}`);
    this.wait(ns - this.nowNs);
  }

  nextDueNs(): bigint | null {
    return nextDueNs(this.state);
  }

  market(event: SourceEvent): void {
    this.step({ kind: 'market', event, tsNs: event.tsNs });
  }

  quote(fields: Parameters<typeof aQuote>[0] = {}): void {
    this.market(aQuote({ tsNs: this.nowNs, ...fields }));
  }

  trade(fields: Parameters<typeof aTrade>[0] = {}): void {
    this.market(aTrade({ tsNs: this.nowNs, ...fields }));
  }

  book(symbol: string, levels: { bids?: readonly BookLevel[]; asks?: readonly BookLevel[]; reset?: boolean }): void {
    const { bids = [], asks = [], reset = false } = levels;
    const event: MarketBook = { kind: 'book', instrument: anAsset(symbol), tsNs: this.nowNs, reset, bids, asks };
    this.market(event);
  }

  status(effect: MarketStatus['effect'], symbol = 'AAPL'): void {
    this.market({
      ...{ kind: 'status', instrument: anAsset(symbol), tsNs: this.nowNs, effect, tape: 'C' },
      ...{ statusCode: '', statusMessage: '', reasonCode: '', reasonMessage: '' },
    });
  }

  /** The order as it is after the step. Throws when it is refused. */
  submit(id: string, fields: OrderFields = {}): VenueOrder {
    const refusal = this.refusalOf(id, fields);
    if (refusal !== null) throw new Error(refusal.message);
    return this.order(id);
  }

  /** `null`: it was taken. */
  refusalOf(id: string, fields: OrderFields = {}): Refusal | null {
    const order = { ...anOrder(fields), clOrdId: id };
    return refusalIn(this.step({ kind: 'submit', order, orderId: id, tsNs: this.nowNs }));
  }

  cancel(orderId: string): Refusal | null {
    return refusalIn(this.step({ kind: 'cancel', orderId, tsNs: this.nowNs }));
  }

  replace(orderId: string, newOrderId: string, changes: Partial<OrderChanges>): Refusal | null {
    const all = { ...NO_CHANGES, ...changes, clOrdId: newOrderId };
    return refusalIn(this.step({ kind: 'replace', orderId, newOrderId, changes: all, tsNs: this.nowNs }));
  }

  order(orderId: string): VenueOrder {
    const order = this.state.orders.get(orderId);
    if (order === undefined) throw new Error(`no order ${orderId}`);
    return order;
  }
}

function refusalIn(outputs: readonly ExchangeOutput[]): Refusal | null {
  const last = outputs.at(-1);
  return last?.kind === 'refused' ? last.refusal : null;
}

function textOf(output: ExchangeOutput): string {
  if (output.kind === 'refused') return `refused ${output.refusal.status} ${output.refusal.message}`;
  if (output.kind === 'account-opened') return `account-opened ${output.cashUsd}`;
  const { kind, order } = output;
  if (kind !== 'fill' && kind !== 'partial_fill') return `${kind} ${order.orderId}`;
  const { priceDecimals, qtyDecimals } = order.asset;
  const { lastQty, lastPx, liquidity } = output;
  return `${kind} ${order.orderId} ${unitsText(lastQty, qtyDecimals)}@${unitsText(lastPx, priceDecimals)} ${liquidity}`;
}

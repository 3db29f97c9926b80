import {
  type Decimal,
  type DecimalText,
  Decimal as DecimalValue,
  decimal,
  decimalText,
  divide,
  type Ledger,
  openLedger,
  postExecution,
  ZERO,
} from '@tickpath/trading';
import { scopedUlid, scopedUuid } from './ids.ts';
import type { QuoteSides } from './market-event.ts';
import type { OrderRequest, Side, TimeInForce } from './order-request.ts';
import { badField, orderNotFound, type Refusal, unprocessable } from './refusal.ts';

export type VenueOrderStatus = 'pending_new' | 'new' | 'partially_filled' | 'filled' | 'canceled';
export type PositionIntent = 'buy_to_open' | 'buy_to_close' | 'sell_to_open' | 'sell_to_close';

/** An order as the venue keeps it. `notional` is the exact Σ price × quantity of its fills; times are Unix nanoseconds. */
export interface VenueOrder {
  readonly orderId: string;
  readonly clOrdId: string;
  readonly symbol: string;
  readonly side: Side;
  readonly type: 'market';
  readonly timeInForce: TimeInForce;
  readonly orderQty: Decimal;
  readonly positionIntent: PositionIntent;
  readonly createdNs: bigint;
  readonly status: VenueOrderStatus;
  readonly cumQty: Decimal;
  readonly notional: Decimal;
  readonly updatedNs: bigint;
  readonly filledNs: bigint | null;
  readonly cancelRequestedNs: bigint | null;
  readonly canceledNs: bigint | null;
}

/** One side of the market as last shown; `taken` is what fills have consumed of it since. */
interface ShownSide {
  px: DecimalText;
  sz: DecimalText;
  taken: Decimal;
}

interface ShownMarket {
  readonly bid: ShownSide;
  readonly ask: ShownSide;
}

/** The whole state of matching. `step` changes it in place; nothing else does. */
export interface MatchingState {
  readonly idScope: string;
  idCount: number;
  /** The instruments that can be ordered; `null` when a tape does not say which it holds. */
  readonly symbols: ReadonlySet<string> | null;
  readonly markets: Map<string, ShownMarket>;
  readonly orders: Map<string, VenueOrder>;
  readonly orderIdByClOrdId: Map<string, string>;
  /** Ids of open orders per symbol, in order of arrival: the time priority. */
  readonly open: Map<string, string[]>;
  /** Cash and positions of the one account. Each fill moves cash by exactly price × quantity; there are no fees. */
  ledger: Ledger;
  /** Per symbol the price at which shares last changed hands: in the market's trades, or in a fill of this account. */
  readonly lastPx: Map<string, DecimalText>;
  /** Every execution of the account, in order. */
  readonly fills: FillOutput[];
}

/** The market as shown now; a side with price or size `0` is absent. */
export interface QuoteInput {
  readonly kind: 'quote';
  readonly symbol: string;
  readonly bidPx: DecimalText;
  readonly bidSz: DecimalText;
  readonly askPx: DecimalText;
  readonly askSz: DecimalText;
  readonly updates: QuoteSides;
  readonly tsNs: bigint;
}

/** A trade of the market. It fills nothing: it says what positions are worth. */
export interface TradeInput {
  readonly kind: 'trade';
  readonly symbol: string;
  readonly price: DecimalText;
}

export type MatchingInput =
  | QuoteInput
  | TradeInput
  | {
      readonly kind: 'submit';
      readonly order: OrderRequest & { readonly clOrdId: string };
      readonly orderId: string;
      readonly tsNs: bigint;
    }
  | { readonly kind: 'cancel'; readonly orderId: string; readonly tsNs: bigint };

interface OrderOutput {
  /** The order right after the event; never changed later. */
  readonly order: VenueOrder;
  readonly eventId: string;
  readonly tsNs: bigint;
}

export interface FillOutput extends OrderOutput {
  readonly kind: 'partial_fill' | 'fill';
  readonly execId: string;
  readonly lastPx: Decimal;
  readonly lastQty: Decimal;
  /** The position in the symbol after this fill, signed. */
  readonly positionQty: Decimal;
}

export type OrderEvent =
  | (OrderOutput & { readonly kind: 'pending_new' })
  | (OrderOutput & { readonly kind: 'new' | 'canceled'; readonly execId: string })
  | FillOutput;

export type MatchingOutput = OrderEvent | { readonly kind: 'refused'; readonly refusal: Refusal };

const ABSENT = '0';

export interface MatchingSetup {
  /** Makes the ids of executions and events differ between runs; the same scope gives the same ids. */
  readonly idScope: string;
  readonly symbols: ReadonlySet<string> | null;
  /** What the account holds before its first fill. */
  readonly initialCashUsd: DecimalText;
}

/** No market shown, no order, an account with nothing but its cash. Throws `RangeError` when that is no decimal text. */
export function createMatching({ idScope, symbols, initialCashUsd }: MatchingSetup): MatchingState {
  return {
    idScope,
    idCount: 0,
    symbols,
    markets: new Map(),
    orders: new Map(),
    orderIdByClOrdId: new Map(),
    open: new Map(),
    ledger: openLedger(decimal(initialCashUsd)),
    lastPx: new Map(),
    fills: [],
  };
}

/** The signed quantity held of a symbol. */
export function heldQty(state: MatchingState, symbol: string): Decimal {
  return state.ledger.positions.get(symbol)?.qty ?? ZERO;
}

export function openOrderCount(state: MatchingState): number {
  let count = 0;
  for (const queue of state.open.values()) count += queue.length;
  return count;
}

/** True while an order can still fill or be canceled. */
export function isOpen(order: VenueOrder): boolean {
  return order.status !== 'filled' && order.status !== 'canceled';
}

/** Average price of an order's fills, rounded half-even to the ledger's decimals; `null` before the first fill. */
export function averagePx(order: VenueOrder): Decimal | null {
  return order.cumQty.isZero() ? null : divide(order.notional, order.cumQty);
}

/**
 * Applies one input and returns what it led to, in order. A market order fills only against what the market showed:
 * a buy at the ask, a sell at the bid, up to the size not yet taken since that side was last updated; the rest stays
 * open for later quotes. Orders of one symbol are served in order of arrival.
 */
export function step(state: MatchingState, input: MatchingInput): MatchingOutput[] {
  switch (input.kind) {
    case 'quote':
      return quote(state, input);
    case 'trade':
      state.lastPx.set(input.symbol, input.price);
      return [];
    case 'submit':
      return submit(state, input);
    case 'cancel':
      return cancel(state, input.orderId, input.tsNs);
  }
}

function quote(state: MatchingState, input: QuoteInput): MatchingOutput[] {
  const shown = marketOf(state, input.symbol);
  if (input.updates !== 'ask') show(shown.bid, input.bidPx, input.bidSz);
  if (input.updates !== 'bid') show(shown.ask, input.askPx, input.askSz);
  return match(state, input.symbol, input.tsNs);
}

function marketOf(state: MatchingState, symbol: string): ShownMarket {
  let shown = state.markets.get(symbol);
  if (shown === undefined) {
    shown = { bid: { px: ABSENT, sz: ABSENT, taken: ZERO }, ask: { px: ABSENT, sz: ABSENT, taken: ZERO } };
    state.markets.set(symbol, shown);
  }
  return shown;
}

function show(side: ShownSide, px: DecimalText, sz: DecimalText): void {
  side.px = px;
  side.sz = sz;
  side.taken = ZERO;
}

function submit(state: MatchingState, input: Extract<MatchingInput, { kind: 'submit' }>): MatchingOutput[] {
  const { order: request, orderId, tsNs } = input;
  if (state.symbols !== null && !state.symbols.has(request.symbol)) {
    return [{ kind: 'refused', refusal: unprocessable(`asset "${request.symbol}" not found`) }];
  }
  if (state.orderIdByClOrdId.has(request.clOrdId)) {
    return [{ kind: 'refused', refusal: badField('client_order_id must be unique') }];
  }
  const pending: VenueOrder = {
    orderId,
    clOrdId: request.clOrdId,
    symbol: request.symbol,
    side: request.side,
    type: request.type,
    timeInForce: request.timeInForce,
    orderQty: request.orderQty,
    positionIntent: intentOf(request.side, heldQty(state, request.symbol)),
    createdNs: tsNs,
    status: 'pending_new',
    cumQty: ZERO,
    notional: ZERO,
    updatedNs: tsNs,
    filledNs: null,
    cancelRequestedNs: null,
    canceledNs: null,
  };
  const resting: VenueOrder = { ...pending, status: 'new' };
  return [
    happened(state, { kind: 'pending_new', order: pending, ...eventOf(state, tsNs) }),
    happened(state, { kind: 'new', order: resting, execId: execIdOf(state), ...eventOf(state, tsNs) }),
    ...match(state, request.symbol, tsNs),
  ];
}

function intentOf(side: Side, position: Decimal): PositionIntent {
  if (side === 'buy') return position.lt(0) ? 'buy_to_close' : 'buy_to_open';
  return position.gt(0) ? 'sell_to_close' : 'sell_to_open';
}

function cancel(state: MatchingState, orderId: string, tsNs: bigint): MatchingOutput[] {
  const order = state.orders.get(orderId);
  if (order === undefined) return [{ kind: 'refused', refusal: orderNotFound(orderId) }];
  if (!isOpen(order)) {
    return [{ kind: 'refused', refusal: unprocessable(`order is already in "${order.status}" state`) }];
  }
  const canceled: VenueOrder = {
    ...order,
    status: 'canceled',
    updatedNs: tsNs,
    cancelRequestedNs: tsNs,
    canceledNs: tsNs,
  };
  return [happened(state, { kind: 'canceled', order: canceled, execId: execIdOf(state), ...eventOf(state, tsNs) })];
}

/** Serves the open orders of a symbol, oldest first, from what is left of the two sides. */
function match(state: MatchingState, symbol: string, tsNs: bigint): FillOutput[] {
  const queue = state.open.get(symbol);
  if (queue === undefined) return [];
  const shown = marketOf(state, symbol);
  const fills: FillOutput[] = [];
  for (const orderId of [...queue]) {
    const order = state.orders.get(orderId);
    if (order === undefined) throw new Error(`open order ${orderId} is not among the orders`);
    const side = order.side === 'buy' ? shown.ask : shown.bid;
    if (side.px === ABSENT || side.sz === ABSENT) continue;
    const left = decimal(side.sz).minus(side.taken);
    if (left.lte(0)) continue;
    const lastQty = DecimalValue.min(left, order.orderQty.minus(order.cumQty));
    side.taken = side.taken.plus(lastQty);
    fills.push(fill(state, order, { lastPx: decimal(side.px), lastQty, tsNs }));
  }
  return fills;
}

function fill(
  state: MatchingState,
  order: VenueOrder,
  execution: { lastPx: Decimal; lastQty: Decimal; tsNs: bigint },
): FillOutput {
  const { lastPx, lastQty, tsNs } = execution;
  const cumQty = order.cumQty.plus(lastQty);
  const done = cumQty.eq(order.orderQty);
  const filled: VenueOrder = {
    ...order,
    status: done ? 'filled' : 'partially_filled',
    cumQty,
    notional: order.notional.plus(lastPx.times(lastQty)),
    updatedNs: tsNs,
    filledNs: done ? tsNs : null,
  };
  const held = heldQty(state, order.symbol);
  return happened(state, {
    kind: done ? 'fill' : 'partial_fill',
    order: filled,
    execId: execIdOf(state),
    lastPx,
    lastQty,
    positionQty: order.side === 'buy' ? held.plus(lastQty) : held.minus(lastQty),
    ...eventOf(state, tsNs),
  });
}

function happened<E extends OrderEvent>(state: MatchingState, event: E): E {
  replay(state, event);
  return event;
}

/**
 * Brings the state to where the event leaves it: orders, queues, ledger and executions, not the market shown. Live
 * matching does this with each of its events, and a start with those that were written down, so both end alike.
 */
export function replay(state: MatchingState, event: OrderEvent): void {
  const { order } = event;
  state.orders.set(order.orderId, order);
  switch (event.kind) {
    case 'pending_new':
      state.orderIdByClOrdId.set(order.clOrdId, order.orderId);
      enqueue(state, order);
      return;
    case 'new':
      return;
    case 'partial_fill':
      return post(state, event);
    case 'fill':
      post(state, event);
      return removeOpen(state, order);
    case 'canceled':
      return removeOpen(state, order);
  }
}

function post(state: MatchingState, fill: FillOutput): void {
  const { symbol, side } = fill.order;
  const lastPx = decimalText(fill.lastPx);
  const lastQty = decimalText(fill.lastQty);
  state.ledger = postExecution(state.ledger, { symbol, side: side === 'buy' ? 'BUY' : 'SELL', lastQty, lastPx });
  state.lastPx.set(symbol, lastPx);
  state.fills.push(fill);
}

function enqueue(state: MatchingState, { symbol, orderId }: VenueOrder): void {
  const queue = state.open.get(symbol);
  if (queue === undefined) state.open.set(symbol, [orderId]);
  else queue.push(orderId);
}

function removeOpen(state: MatchingState, { symbol, orderId }: VenueOrder): void {
  const queue = state.open.get(symbol);
  if (queue === undefined) return;
  const index = queue.indexOf(orderId);
  if (index >= 0) queue.splice(index, 1);
  if (queue.length === 0) state.open.delete(symbol);
}

function execIdOf(state: MatchingState): string {
  state.idCount += 1;
  return scopedUuid(state.idScope, state.idCount);
}

function eventOf(state: MatchingState, tsNs: bigint): { eventId: string; tsNs: bigint } {
  state.idCount += 1;
  return { eventId: scopedUlid(state.idScope, state.idCount, tsNs), tsNs };
}

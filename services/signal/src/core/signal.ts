import type { Strategy, StrategyContext, StrategyInstance, Target } from '@tickpath/strategy';
import {
  type Bar,
  type BarInterval,
  clOrdIdOf,
  type Decimal,
  decimal,
  decimalText,
  type OrderIntent,
  ZERO,
} from '@tickpath/trading';
import type { Payload } from '@tickpath/wire';

export interface SignalConfig {
  readonly prefix: string;
  readonly symbols: readonly string[];
  /** How long an intent may take to reach risk before it is refused as stale. */
  readonly intentTtlNs: bigint;
}

interface SymbolSignal {
  readonly symbol: string;
  instance: StrategyInstance;
  /** Bars that came before the warm-up: delivered after it, if it did not hold them. Undefined once warm. */
  heldBars: Bar[] | undefined;
  /** Start of the last bar given to the instance, by interval. */
  readonly lastBarStartNs: Map<BarInterval, bigint>;
  positionQty: Decimal;
  target: Target | undefined;
  /** The cause of the last intent and how many it has made. */
  lastCause: string;
  lastN: number;
}

interface OpenOrder {
  readonly symbol: string;
  /** `asked`: risk has not answered. `approved`: it said yes. `logged`: its log has it, and only its end there closes it. */
  readonly state: 'asked' | 'approved' | 'logged';
}

/** State of the signal core; owned and changed in place by `stepSignal`. */
export interface SignalState {
  readonly config: SignalConfig;
  readonly strategy: Strategy;
  readonly symbols: Map<string, SymbolSignal>;
  /** Orders that may still change a position, by clOrdId: sent to risk, or approved and not terminal. */
  readonly openOrders: Map<string, OpenOrder>;
  run: string | undefined;
  portfolioLoaded: boolean;
  halted: string | undefined;
}

type MarketPayload =
  | { readonly kind: 'trade'; readonly payload: Payload<'trade'> }
  | { readonly kind: 'quote'; readonly payload: Payload<'quote'> }
  | { readonly kind: 'bar'; readonly payload: Payload<'bar'> };

export type SignalInput =
  | ({ readonly type: 'market'; readonly symbol: string; readonly nowNs: bigint } & MarketPayload)
  /** The first run, or another one: its time may be earlier, and the strategy begins anew with its bars. */
  | { readonly type: 'run'; readonly run: string }
  | { readonly type: 'warm-up'; readonly symbol: string; readonly bars: readonly Bar[] }
  | { readonly type: 'portfolio'; readonly portfolio: Payload<'portfolio'> }
  /** Risk has begun another log: nothing is asked until its positions and open orders have been loaded. */
  | { readonly type: 'risk-log-changed' }
  | { readonly type: 'decision'; readonly decision: Payload<'riskDecision'> }
  | { readonly type: 'approved'; readonly clOrdId: string; readonly symbol: string }
  | { readonly type: 'position'; readonly symbol: string; readonly qty: string }
  | { readonly type: 'order-closed'; readonly clOrdId: string }
  | { readonly type: 'halt'; readonly reason: string };

/** An order to ask risk about. The answer comes back as `decision`; until then the symbol has no other intent. */
export interface SignalOutput {
  readonly type: 'check';
  readonly intent: OrderIntent;
  readonly features: Readonly<Record<string, number>>;
}

export function openSignal(config: SignalConfig, strategy: Strategy): SignalState {
  const symbols = config.symbols.map((symbol): [string, SymbolSignal] => [
    symbol,
    {
      symbol,
      instance: strategy.create(symbol),
      heldBars: [],
      lastBarStartNs: new Map(),
      positionQty: ZERO,
      target: undefined,
      lastCause: '',
      lastN: 0,
    },
  ]);
  return {
    config,
    strategy,
    symbols: new Map(symbols),
    openOrders: new Map(),
    run: undefined,
    portfolioLoaded: false,
    halted: undefined,
  };
}

/** Applies one input to the state, in place, and says which orders to ask risk about. Deterministic: no clock, no I/O. */
export function stepSignal(state: SignalState, input: SignalInput): SignalOutput[] {
  switch (input.type) {
    case 'market':
      return onMarket(state, input);
    case 'run':
      if (state.run !== undefined && state.run !== input.run) forgetMarket(state);
      state.run = input.run;
      return [];
    case 'warm-up':
      warmUp(state, input.symbol, input.bars);
      return [];
    case 'portfolio':
      loadPortfolio(state, input.portfolio);
      return [];
    case 'risk-log-changed':
      state.portfolioLoaded = false;
      return [];
    case 'decision':
      takeDecision(state, input.decision);
      return [];
    case 'approved':
      state.openOrders.set(input.clOrdId, { symbol: input.symbol, state: 'logged' });
      return [];
    case 'order-closed':
      state.openOrders.delete(input.clOrdId);
      return [];
    case 'position': {
      const signal = state.symbols.get(input.symbol);
      if (signal !== undefined) signal.positionQty = decimal(input.qty);
      return [];
    }
    case 'halt':
      state.halted = input.reason;
      return [];
  }
}

/** Whether it may trade, and if not, why (DESIGN §5). */
export function signalTradingState(state: SignalState): { state: 'WARMING' | 'ACTIVE' | 'HALTED'; reasons: string[] } {
  if (state.halted !== undefined) return { state: 'HALTED', reasons: [state.halted] };
  const reasons: string[] = [];
  if (state.run === undefined) reasons.push('no market from market-data yet');
  if (!state.portfolioLoaded) reasons.push('positions not loaded from risk');
  const cold = Array.from(state.symbols.values()).filter((signal) => signal.heldBars !== undefined);
  if (cold.length > 0) reasons.push(`no history from store for ${cold.map((signal) => signal.symbol).join(', ')}`);
  return { state: reasons.length === 0 ? 'ACTIVE' : 'WARMING', reasons };
}

function onMarket(state: SignalState, input: Extract<SignalInput, { type: 'market' }>): SignalOutput[] {
  const signal = state.symbols.get(input.symbol);
  if (signal === undefined) return [];
  if (signal.heldBars !== undefined) {
    if (input.kind === 'bar') signal.heldBars.push(input.payload);
    return [];
  }
  // A suspect price, or one that is older than the last, decides nothing.
  if (input.kind !== 'bar' && (input.payload.flags?.length ?? 0) > 0) return [];
  const target = decideTarget(signal, input);
  // A bar of the past is for warm-up: what a strategy makes of it is no decision of now.
  if (input.kind === 'bar' && input.payload.history === true) return [];
  if (target !== undefined) signal.target = target;
  if (target === undefined || signalTradingState(state).state !== 'ACTIVE') return [];
  return pursue(state, signal, { name: causeOf(input), receivedNs: input.payload.receivedNs, nowNs: input.nowNs });
}

function decideTarget(signal: SymbolSignal, input: MarketPayload): Target | undefined {
  const { instance } = signal;
  const context: StrategyContext = { symbol: signal.symbol, positionQty: decimalText(signal.positionQty) };
  if (input.kind === 'trade') return instance.onTrade?.(input.payload, context);
  if (input.kind === 'quote') return instance.onQuote?.(input.payload, context);
  return takeBar(signal, input.payload, context);
}

/** A bar the warm-up already held is not given twice, nor one that has been revised. */
function takeBar(signal: SymbolSignal, bar: Bar, context: StrategyContext): Target | undefined {
  const last = signal.lastBarStartNs.get(bar.interval);
  if (last !== undefined && bar.startNs <= last) return undefined;
  signal.lastBarStartNs.set(bar.interval, bar.startNs);
  return signal.instance.onBar?.(bar, context);
}

function warmUp(state: SignalState, symbol: string, bars: readonly Bar[]): void {
  const signal = state.symbols.get(symbol);
  if (signal?.heldBars === undefined) return;
  const context: StrategyContext = { symbol, positionQty: decimalText(signal.positionQty) };
  const held = signal.heldBars;
  signal.heldBars = undefined;
  for (const bar of [...bars, ...held]) {
    const target = takeBar(signal, bar, context);
    if (target !== undefined) signal.target = target;
  }
}

/** Another run is another market: what the strategy has seen says nothing of it, nor do the times of its bars. */
function forgetMarket({ symbols, strategy }: SignalState): void {
  for (const signal of symbols.values()) {
    signal.instance = strategy.create(signal.symbol);
    signal.target = undefined;
    signal.lastBarStartNs.clear();
    if (signal.heldBars !== undefined) signal.heldBars = [];
  }
}

/** Positions and open orders as risk has them. Only what risk has not answered yet may still become an order beside them. */
function loadPortfolio(state: SignalState, portfolio: Payload<'portfolio'>): void {
  const held = new Map(portfolio.positions.map(({ symbol, qty }) => [symbol, qty]));
  for (const signal of state.symbols.values()) signal.positionQty = decimal(held.get(signal.symbol) ?? '0');
  for (const [clOrdId, order] of state.openOrders) if (order.state !== 'asked') state.openOrders.delete(clOrdId);
  for (const { clOrdId, symbol } of portfolio.openOrders) state.openOrders.set(clOrdId, { symbol, state: 'logged' });
  state.portfolioLoaded = true;
}

/** A refused order is not open, unless risk's log has it: then a service before this one asked, and this is a duplicate. */
function takeDecision(state: SignalState, decision: Payload<'riskDecision'>): void {
  const order = state.openOrders.get(decision.clOrdId);
  if (order === undefined || order.state === 'logged') return;
  if (decision.approved) state.openOrders.set(decision.clOrdId, { ...order, state: 'approved' });
  else state.openOrders.delete(decision.clOrdId);
}

interface CausingEvent {
  readonly name: string;
  readonly receivedNs: bigint;
  readonly nowNs: bigint;
}

/**
 * The order that brings the position nearer to the target, if none is open for the symbol. A target on the other side
 * of zero is reached in two orders, the first to flat: venues take no order that closes and opens at once.
 */
function pursue(state: SignalState, signal: SymbolSignal, event: CausingEvent): SignalOutput[] {
  const { name: cause, receivedNs, nowNs } = event;
  const { target, positionQty, symbol } = signal;
  if (target === undefined) return [];
  for (const open of state.openOrders.values()) if (open.symbol === symbol) return [];
  const wanted = decimal(target.targetQty);
  const crossesZero = wanted.times(positionQty).isNegative() && !wanted.isZero() && !positionQty.isZero();
  const delta = (crossesZero ? ZERO : wanted).minus(positionQty);
  if (delta.isZero()) return [];

  signal.lastN = signal.lastCause === cause ? signal.lastN + 1 : 0;
  signal.lastCause = cause;
  const { prefix, intentTtlNs } = state.config;
  const strategy = state.strategy.name;
  const clOrdId = clOrdIdOf(prefix, { run: state.run ?? '', strategy, symbol, cause, n: signal.lastN });
  const intent: OrderIntent = {
    clOrdId,
    symbol,
    side: delta.isNegative() ? 'SELL' : 'BUY',
    orderQty: decimalText(delta.abs()),
    ordType: 'MARKET',
    // A pair of currencies trades without a break: venues take no order for its day.
    timeInForce: symbol.includes('-') ? 'GTC' : 'DAY',
    strategy,
    cause,
    receivedNs,
    expiresNs: nowNs + intentTtlNs,
  };
  state.openOrders.set(clOrdId, { symbol, state: 'asked' });
  return [{ type: 'check', intent, features: target.features }];
}

/** Names the venue event by what the venue says of it, so that it has the same name after a restart. */
function causeOf(input: MarketPayload): string {
  if (input.kind === 'trade') return `trade:${input.payload.venueTsNs}:${input.payload.tradeId}`;
  if (input.kind === 'quote') return `quote:${input.payload.venueTsNs}`;
  return `bar.${input.payload.interval}:${input.payload.startNs}`;
}

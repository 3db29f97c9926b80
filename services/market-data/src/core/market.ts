import {
  addTrade,
  BAR_INTERVALS_NS,
  type Bar,
  type BarBuilder,
  type BarInterval,
  barBuilder,
  closeBars,
} from '@tickpath/trading';
import { marketTopic, type Payload } from '@tickpath/wire';
import { type MarketEvent, type Rejected, readAlpacaMessage, type Stamps } from './alpaca.ts';

/** One message to publish. */
export type Publication =
  | { readonly kind: 'trade'; readonly topic: string; readonly payload: Payload<'trade'> }
  | { readonly kind: 'quote'; readonly topic: string; readonly payload: Payload<'quote'> }
  | { readonly kind: 'bar'; readonly topic: string; readonly payload: Payload<'bar'> };

export type MarketInput =
  /** An array of Alpaca data messages, parsed. */
  | { readonly type: 'frame'; readonly messages: readonly unknown[]; readonly stamps: Stamps }
  /** Another run of the venue: its time may be earlier, and no bar begun before is one of it. */
  | { readonly type: 'run' }
  /** The market's clock, for bars whose interval ends without another trade. */
  | { readonly type: 'clock'; readonly marketNowNs: bigint; readonly stamps: Stamps };

interface SymbolMarket {
  readonly topics: Readonly<Record<'trade' | 'quote' | BarInterval, string>>;
  readonly builders: readonly BarBuilder[];
}

/** State of the market-data core; owned and changed in place by `stepMarket`. */
export interface MarketState {
  readonly symbols: Map<string, SymbolMarket>;
  /** Latest venue time seen over all symbols. */
  marketNowNs: bigint;
  /** The earliest end of an open bar: until then no bar can close. */
  nextCloseNs: bigint;
  readonly intervals: readonly BarInterval[];
}

/** Told of what is not published as it came. */
export interface MarketObserver {
  rejected(fault: Rejected): void;
  lateTrade(symbol: string): void;
}

const NEVER = 2n ** 63n;

export function openMarket(intervals: readonly BarInterval[]): MarketState {
  return { symbols: new Map(), marketNowNs: 0n, nextCloseNs: NEVER, intervals };
}

/**
 * Publications that follow from an input, in order: bars that a message's time closes come before the message itself.
 * A message that cannot be read is reported to the observer and changes nothing else.
 */
export function stepMarket(state: MarketState, input: MarketInput, observer: MarketObserver): Publication[] {
  const out: Publication[] = [];
  if (input.type === 'run') {
    state.symbols.clear();
    state.marketNowNs = 0n;
    state.nextCloseNs = NEVER;
    return out;
  }
  if (input.type === 'clock') {
    advance(state, input.marketNowNs, input.stamps, out);
    return out;
  }
  for (const raw of input.messages) {
    const event = readAlpacaMessage(raw, input.stamps);
    if (event === undefined) continue;
    if (event.kind === 'rejected') observer.rejected(event);
    else take(state, event, out, observer);
  }
  return out;
}

function take(state: MarketState, event: MarketEvent, out: Publication[], observer: MarketObserver): void {
  const { payload, symbol } = event;
  advance(state, payload.venueTsNs, payload, out);
  const market = symbolMarket(state, symbol);
  if (event.kind === 'quote') {
    out.push({ kind: 'quote', topic: market.topics.quote, payload: event.payload });
    return;
  }
  out.push({ kind: 'trade', topic: market.topics.trade, payload: event.payload });
  let late = false;
  for (const builder of market.builders) {
    if (!addTrade(builder, payload.venueTsNs, event.payload.price, event.payload.size)) late = true;
    const endNs = builder.current?.endNs;
    if (endNs !== undefined && endNs < state.nextCloseNs) state.nextCloseNs = endNs;
  }
  if (late) observer.lateTrade(symbol);
}

/** Moves the market's clock and closes every bar, of every symbol, that ends by then. */
function advance(state: MarketState, nowNs: bigint, stamps: Stamps, out: Publication[]): void {
  if (nowNs > state.marketNowNs) state.marketNowNs = nowNs;
  if (state.marketNowNs < state.nextCloseNs) return;
  state.nextCloseNs = NEVER;
  for (const market of state.symbols.values()) {
    for (const builder of market.builders) {
      const bar = closeBars(builder, state.marketNowNs);
      if (bar !== undefined) out.push(barPublication(market, bar, stamps));
      const endNs = builder.current?.endNs;
      if (endNs !== undefined && endNs < state.nextCloseNs) state.nextCloseNs = endNs;
    }
  }
}

function barPublication(market: SymbolMarket, bar: Bar, stamps: Stamps): Publication {
  const { receivedNs, decodedNs } = stamps;
  return { kind: 'bar', topic: market.topics[bar.interval], payload: { ...bar, receivedNs, decodedNs } };
}

function symbolMarket(state: MarketState, symbol: string): SymbolMarket {
  const known = state.symbols.get(symbol);
  if (known !== undefined) return known;
  const topics: Record<string, string> = {
    trade: marketTopic(symbol, 'trade'),
    quote: marketTopic(symbol, 'quote'),
  };
  for (const interval of Object.keys(BAR_INTERVALS_NS)) topics[interval] = marketTopic(symbol, `bar.${interval}`);
  const market = { topics: topics as SymbolMarket['topics'], builders: state.intervals.map(barBuilder) };
  state.symbols.set(symbol, market);
  return market;
}

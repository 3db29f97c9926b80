import { BAR_INTERVALS_NS, type BarInterval } from '@tickpath/trading';
import { type Envelope, type Payload, symbolOfTopic } from '@tickpath/wire';
import { type KeptBar, KeptBars } from './kept-bars.ts';
import { Ring } from './ring.ts';

export interface StoreLimits {
  readonly tradesPerSymbol: number;
  readonly quotesPerSymbol: number;
  readonly barsPerSymbol: number;
}

interface SymbolStore {
  readonly trades: Ring<Payload<'trade'>>;
  readonly quotes: Ring<Payload<'quote'>>;
  readonly bars: Readonly<Record<BarInterval, KeptBars>>;
}

interface StreamCount {
  received: number;
  gaps: number;
  lost: number;
}

/** Everything the store knows, bounded by its limits times the number of symbols. Changed in place by `ingest`. */
export interface StoreState {
  readonly limits: StoreLimits;
  readonly symbols: Map<string, SymbolStore>;
  readonly streams: Map<string, StreamCount>;
}

export function openStore(limits: StoreLimits): StoreState {
  return { limits, symbols: new Map(), streams: new Map() };
}

/** Takes one message of the market stream. Kinds the store does not keep are counted and otherwise ignored. */
export function ingest(state: StoreState, topic: string, envelope: Envelope): void {
  streamCount(state, topic).received += 1;
  const symbol = symbolOfTopic(topic);
  if (symbol === undefined) return;
  const store = symbolStore(state, symbol);
  if (envelope.kind === 'trade') store.trades.push(envelope.payload);
  else if (envelope.kind === 'quote') store.quotes.push(envelope.payload);
  else if (envelope.kind === 'bar') {
    const { interval, startNs, open, high, low, close, volume, tradeCount, withdrawn } = envelope.payload;
    const { incomplete, history } = envelope.payload;
    const kept = store.bars[interval];
    if (withdrawn === true) kept.withdraw(startNs);
    else kept.put({ interval, startNs, open, high, low, close, volume, tradeCount, incomplete, history });
  }
}

/** Another run begins: trades, quotes and bars of the one before are no history of it. The counts go on. */
export function beginRun({ symbols }: StoreState): void {
  symbols.clear();
}

/** Notes that `[from, to]` of a topic will not come; an open end counts as one. */
export function noteLoss(state: StoreState, topic: string, from: number, to: number | null): void {
  const count = streamCount(state, topic);
  count.gaps += 1;
  count.lost += to === null ? 1 : to - from + 1;
}

/** The newest `count` closed bars, oldest first; fewer when there are fewer; none for an unknown symbol. */
export function lastBars(state: StoreState, symbol: string, interval: BarInterval, count: number): readonly KeptBar[] {
  return state.symbols.get(symbol)?.bars[interval].last(count) ?? [];
}

/** Per topic: messages received, gaps seen, messages lost in them. */
export function streamCounts(state: StoreState): Payload<'streams'>['topics'] {
  return Array.from(state.streams, ([topic, count]) => ({ topic, ...count }));
}

function streamCount(state: StoreState, topic: string): StreamCount {
  let count = state.streams.get(topic);
  if (count === undefined) {
    count = { received: 0, gaps: 0, lost: 0 };
    state.streams.set(topic, count);
  }
  return count;
}

function symbolStore(state: StoreState, symbol: string): SymbolStore {
  let store = state.symbols.get(symbol);
  if (store === undefined) {
    const { tradesPerSymbol, quotesPerSymbol, barsPerSymbol } = state.limits;
    store = {
      trades: new Ring(tradesPerSymbol),
      quotes: new Ring(quotesPerSymbol),
      bars: barRings(barsPerSymbol),
    };
    state.symbols.set(symbol, store);
  }
  return store;
}

function barRings(capacity: number): SymbolStore['bars'] {
  const intervals = Object.keys(BAR_INTERVALS_NS) as BarInterval[];
  return Object.fromEntries(intervals.map((interval) => [interval, new KeptBars(capacity)])) as SymbolStore['bars'];
}

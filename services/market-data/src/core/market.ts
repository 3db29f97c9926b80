import { marketTopic } from '@tickpath/wire';
import { type BookStep, invalidate, keepBook, refreshBook, takeBook } from './book-keeper.ts';
import type { BookEvent, BookFault, FeedEvent, FeedOutput, InstrumentEvent, QuoteEvent } from './feeds/protocol.ts';
import {
  beginRun,
  type MarketInput,
  type MarketObserver,
  type MarketOutput,
  type MarketState,
  type Step,
  symbolMarket,
} from './market-state.ts';
import { lift, settle, stand } from './quality/data-state.ts';
import { judgeAge, judgeQuote, judgeTime, noteEvent } from './quality/symbol-quality.ts';
import type { SymbolMarket } from './symbol-market.ts';
import { advance, flagsOf, noteViolation, reviseTrade, takeRecovered, takeTrade } from './trade-steps.ts';

const NS_PER_MS = 1_000_000n;

/**
 * Outputs that follow from an input, in order: bars that a message's time closes come before the message itself, and what
 * it says of the validity of the symbol's data after it.
 */
export function stepMarket(state: MarketState, input: MarketInput, observer: MarketObserver): MarketOutput[] {
  const step: Step = { state, stamps: input.stamps, observer, out: [] };
  if (input.type === 'clock') tick(step, input.marketNowNs);
  else if (input.type === 'run') beginRun(state, input.isLive);
  else if (input.type === 'connection') connect(step, input.isSubscribed);
  else for (const output of input.outputs) take(step, output);
  return step.out;
}

function take(step: Step, output: FeedOutput): void {
  const { observer } = step;
  switch (output.kind) {
    case 'event':
      return takeEvent(step, output.event, output.recovered);
    case 'book-invalid':
      return spoilBook(step, symbolMarket(step.state, output.symbol), output.reason);
    case 'rejected':
      return observer.rejected(output);
    case 'unknown':
    case 'duplicate':
    case 'lost':
      return observer.dropped(output);
    case 'send':
    case 'fetch':
    case 'state':
    case 'reconnect':
      // For whoever keeps the connection.
      return;
  }
}

function takeEvent(step: Step, event: FeedEvent, isRecovered: boolean): void {
  if (event.kind === 'instrument') return takeInstrument(step, event);
  const market = symbolMarket(step.state, event.symbol);
  const wasStale = !isRecovered && noteEvent(market.quality, step.stamps.receivedNs);
  switch (event.kind) {
    case 'trade':
      if (isRecovered) takeRecovered(step, market, event);
      else takeTrade(step, market, event);
      break;
    case 'quote':
      takeQuote(step, market, event);
      break;
    case 'book':
      takeBookEvent(step, market, event);
      break;
    case 'status': {
      const { kind: _kind, symbol: _symbol, ...payload } = event;
      step.out.push({ kind: 'status', topic: market.topics.status, payload: { ...payload, ...step.stamps } });
      break;
    }
    case 'correction':
    case 'cancel':
      reviseTrade(step, market, event);
      break;
    default:
      step.observer.unpublished(event.kind);
  }
  if (wasStale) lift(market.data, 'stale', step.state.marketNowNs);
  sayData(step, market);
}

function takeInstrument({ state, out, stamps }: Step, event: InstrumentEvent): void {
  state.instruments.set(event.symbol, event);
  const { kind, symbol, ...payload } = event;
  out.push({ kind, topic: marketTopic(symbol, 'instrument'), payload: { ...payload, ...stamps } });
}

function takeQuote(step: Step, market: SymbolMarket, quote: QuoteEvent): void {
  const { state, stamps, out } = step;
  const { quality: config, isLive } = state.config;
  const found = judgeQuote(quote, { config, time: { stamps, isLive } });
  if (found.tellsTime) advance(step, quote.venueTsNs);
  const flags = flagsOf(step, market, found.violations);
  const { bidPx, bidSize, askPx, askSize, bidExchange, askExchange, conditions, venueTsNs } = quote;
  const { receivedNs, decodedNs } = stamps;
  const payload = {
    ...{ bidPx, bidSize, askPx, askSize, bidExchange, askExchange, conditions },
    ...{ venueTsNs, receivedNs, decodedNs, flags },
  };
  out.push({ kind: 'quote', topic: market.topics.quote, payload });
}

function takeBookEvent(step: Step, market: SymbolMarket, event: BookEvent): void {
  const { state, stamps, out, observer } = step;
  const { symbol } = market;
  const future = judgeTime(event.venueTsNs, { stamps, isLive: state.config.isLive }, state.config.quality);
  if (future === undefined) advance(step, event.venueTsNs);
  else noteViolation(step, market, future);
  market.book ??= keepBook();
  const { payload, fault }: BookStep = takeBook(market.book, event, { stamps, snapshotEveryNs: snapshotEvery(state) });
  if (payload !== undefined) out.push({ kind: 'book', topic: market.topics.book, payload });
  if (fault !== undefined) {
    observer.bookInvalid(symbol, fault);
    out.push({ kind: 'resync', symbol, reason: fault });
    standFor(step, market, fault);
  } else if (market.book.fault === null) lift(market.data, 'book', state.marketNowNs);
}

function spoilBook(step: Step, market: SymbolMarket, reason: BookFault): void {
  const { stamps, out, observer } = step;
  market.book ??= keepBook();
  observer.bookInvalid(market.symbol, reason);
  const payload = invalidate(market.book, reason, stamps);
  if (payload !== undefined) out.push({ kind: 'book', topic: market.topics.book, payload });
  standFor(step, market, reason);
  sayData(step, market);
}

function standFor({ state }: Step, { data }: SymbolMarket, reason: BookFault): void {
  stand(data, 'book', { text: `found ${reason}, needed valid`, nowNs: state.marketNowNs });
}

function sayData({ state, stamps, out }: Step, { data, topics }: SymbolMarket): void {
  const cleanNs = BigInt(state.config.quality.cleanMs) * NS_PER_MS;
  const payload = settle(data, { nowNs: state.marketNowNs, cleanNs, receivedNs: stamps.receivedNs });
  if (payload !== undefined) out.push({ kind: 'dataState', topic: topics.data, payload });
}

function connect(step: Step, isSubscribed: boolean): void {
  const { state } = step;
  if (state.isSubscribed === isSubscribed) return;
  state.isSubscribed = isSubscribed;
  const nowNs = state.marketNowNs;
  for (const market of state.symbols.values()) {
    if (isSubscribed) {
      lift(market.data, 'feed', nowNs);
      // Silence is counted from here: what was missed meanwhile is no fault of the symbol.
      if (noteEvent(market.quality, step.stamps.receivedNs)) lift(market.data, 'stale', nowNs);
    } else stand(market.data, 'feed', { text: 'found disconnected, needed subscribed', nowNs });
    sayData(step, market);
  }
}

/** What the passing of time does: bars close, symbols become stale or clean, quiet books are shown in full. */
function tick(step: Step, marketNowNs: bigint): void {
  const { state, stamps, out } = step;
  advance(step, marketNowNs);
  const clock = { stamps, snapshotEveryNs: snapshotEvery(state) };
  const isWatched = state.isSubscribed && state.config.isLive;
  for (const market of state.symbols.values()) {
    const { quality, book, topics } = market;
    const stale = isWatched ? judgeAge(quality, stamps.receivedNs, state.config.quality) : undefined;
    if (stale !== undefined) noteViolation(step, market, stale);
    const payload = book === undefined ? undefined : refreshBook(book, clock);
    if (payload !== undefined) out.push({ kind: 'book', topic: topics.book, payload });
    sayData(step, market);
  }
}

function snapshotEvery({ config }: MarketState): bigint {
  return BigInt(config.bookSnapshotMs) * NS_PER_MS;
}

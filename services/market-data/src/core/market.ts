import { marketTopic } from '@tickpath/wire';
import { advance, hear, reviseCoverage, takeVenueBar } from './bar-steps.ts';
import { type BookStep, invalidate, keepBook, refreshBook, takeBook } from './book-keeper.ts';
import { takeTop } from './book-quotes.ts';
import { beginHistory, listenAnew, noteCovered, noteLostTrades, noteSilence } from './coverage.ts';
import type {
  BookEvent,
  BookFault,
  CancelEvent,
  CorrectionEvent,
  FeedEvent,
  FeedOutput,
  ImbalanceEvent,
  InstrumentEvent,
  LuldEvent,
  QuoteEvent,
} from './feeds/protocol.ts';
import { publishedSource } from './feeds/venue-time.ts';
import {
  beginRun,
  coverageOf,
  type MarketInput,
  type MarketObserver,
  type MarketOutput,
  type MarketState,
  type Publication,
  type Step,
  symbolMarket,
} from './market-state.ts';
import { isValid, lift, settle, stand } from './quality/data-state.ts';
import { judgeAge, judgeQuote, judgeTime, noteEvent } from './quality/symbol-quality.ts';
import type { SymbolMarket } from './symbol-market.ts';
import { flagsOf, noteViolation, reviseTrade, takeRecovered, takeTrade, violateGap } from './trade-steps.ts';

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
  else if (input.type === 'withdrawn') for (const symbol of input.symbols) withdraw(step, symbol);
  else if (input.type === 'added') for (const symbol of input.symbols) listenAnew(coverageOf(state, symbol));
  else for (const output of input.outputs) take(step, output);
  if (state.changed.size > 0) reviseCoverage(step);
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
      return observer.dropped(output);
    case 'lost':
      if (output.topic === 'trade') takeLoss(step, output);
      return observer.dropped(output);
    case 'begins':
    case 'covered':
      return takeCoverage(step.state, output);
    case 'send':
    case 'fetch':
    case 'state':
    case 'reconnect':
      // For whoever keeps the connection.
      return;
  }
}

function takeLoss(step: Step, output: Extract<FeedOutput, { kind: 'lost' }>): void {
  const { state } = step;
  const { symbol } = output;
  noteLostTrades(coverageOf(state, symbol), { nowNs: state.marketNowNs, isListening: state.isSubscribed });
  const market = state.symbols.get(symbol);
  // Of what has never been heard of there is nothing to publish, and nobody has its data.
  if (market === undefined) return;
  state.changed.add(market);
  violateGap(step, market, output);
  sayData(step, market);
}

function takeCoverage(state: MarketState, output: Extract<FeedOutput, { kind: 'begins' | 'covered' }>): void {
  for (const symbol of output.symbols) {
    const coverage = coverageOf(state, symbol);
    if (output.kind === 'begins') beginHistory(coverage, output.atNs, output.hasBars);
    else noteCovered(coverage, output.fromNs, state.isSubscribed);
    const market = state.symbols.get(symbol);
    if (market !== undefined) state.changed.add(market);
  }
}

function takeEvent(step: Step, event: FeedEvent, isRecovered: boolean): void {
  if (event.kind === 'instrument') return takeInstrument(step, event);
  if (event.kind === 'venue-bar') {
    if (isRecovered) return takeVenueBar(step, event);
    // Of what is streamed we make our own.
    return step.observer.unpublished(event.kind);
  }
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
      const { kind: _kind, symbol: _symbol, venueTsSource, ...said } = event;
      const payload = { ...said, ...step.stamps, venueTsSource: publishedSource(venueTsSource) };
      step.out.push({ kind: 'status', topic: market.topics.status, payload });
      break;
    }
    case 'correction':
    case 'cancel':
      publishAsItIs(step, event);
      reviseTrade(step, market, event);
      break;
    case 'luld':
    case 'imbalance':
      publishAsItIs(step, event);
  }
  if (wasStale) lift(market.data, 'stale', step.state.marketNowNs);
  sayData(step, market);
}

/** Messages with nothing to judge: they may be of the past, or bear the time of what they are about. */
function publishAsItIs({ out, stamps }: Step, event: LuldEvent | ImbalanceEvent | CorrectionEvent | CancelEvent): void {
  const { kind, symbol, ...said } = event;
  out.push({ kind, topic: marketTopic(symbol, kind), payload: { ...said, ...stamps } } as Publication);
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
  if (found.tellsTime) hear(step, quote.venueTsNs);
  const flags = flagsOf(step, market, found.violations);
  const { bidPx, bidSize, askPx, askSize, bidExchange, askExchange, conditions, venueTsNs } = quote;
  const { receivedNs, decodedNs } = stamps;
  const payload = {
    ...{ bidPx, bidSize, askPx, askSize, bidExchange, askExchange, conditions },
    ...{ venueTsNs, receivedNs, decodedNs, flags },
    venueTsSource: publishedSource(quote.venueTsSource),
  };
  out.push({ kind: 'quote', topic: market.topics.quote, payload });
}

function takeBookEvent(step: Step, market: SymbolMarket, event: BookEvent): void {
  const { state, stamps, out, observer } = step;
  const { symbol } = market;
  const { bookQuotesOf } = state.config;
  if (event.venueTsSource === 'venue') followBook(step, market, event);
  market.book ??= keepBook();
  const { payload, fault }: BookStep = takeBook(market.book, event, { stamps, snapshotEveryNs: snapshotEvery(state) });
  if (payload !== undefined) out.push({ kind: 'book', topic: market.topics.book, payload });
  if (fault !== undefined) {
    observer.bookInvalid(symbol, fault);
    out.push({ kind: 'resync', symbol, reason: fault });
    standFor(step, market, fault);
  } else if (market.book.fault === null) lift(market.data, 'book', state.marketNowNs);
  const quote = payload === undefined || bookQuotesOf === null ? undefined : takeTop(market.book, event, bookQuotesOf);
  if (quote !== undefined) takeQuote(step, market, quote);
}

/** A book's time as the market's, unless it is too far ahead of ours. */
function followBook(step: Step, market: SymbolMarket, { venueTsNs }: BookEvent): void {
  const { stamps, state } = step;
  const future = judgeTime(venueTsNs, { stamps, isLive: state.config.isLive }, state.config.quality);
  if (future === undefined) hear(step, venueTsNs);
  else noteViolation(step, market, future);
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

/** What trades come until the stream goes on is not known; a protocol says what of it is lost. */
function loseTouch(state: MarketState): void {
  // Before anything was heard there is nothing to lose.
  if (state.listensNs === undefined) return;
  state.listensNs = undefined;
  for (const coverage of state.coverages.values()) noteSilence(coverage, state.heardNs);
  for (const market of state.symbols.values()) state.changed.add(market);
}

function connect(step: Step, isSubscribed: boolean): void {
  const { state } = step;
  if (state.isSubscribed === isSubscribed) return;
  state.isSubscribed = isSubscribed;
  if (!isSubscribed) loseTouch(state);
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

/** The last word of a symbol that is followed no more; should it come back, it begins as one never heard of. */
function withdraw({ state, stamps, out }: Step, symbol: string): void {
  const { data, book, topics } = symbolMarket(state, symbol);
  const invalid = book === undefined ? undefined : invalidate(book, 'unsubscribed', stamps);
  if (invalid !== undefined) out.push({ kind: 'book', topic: topics.book, payload: invalid });
  const isNew = data.said === undefined || isValid(data);
  const payload = {
    valid: false,
    reasons: ['feed: found removed from what is subscribed, needed subscribed'],
    sinceNs: isNew ? stamps.receivedNs : data.sinceNs,
  };
  out.push({ kind: 'dataState', topic: topics.data, payload });
  state.symbols.delete(symbol);
  listenAnew(coverageOf(state, symbol));
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

import type { BarInterval } from '@tickpath/trading';
import {
  type BookEvent,
  type BookFault,
  type FeedEvent,
  type FeedOutput,
  type MarketConfig,
  type MarketInput,
  type MarketObserver,
  type MarketOutput,
  openMarket,
  type Publication,
  type QualityConfig,
  stepMarket,
} from '../src/core/index.ts';

export const STAMPS = { receivedNs: 5n, decodedNs: 6n };
const NOON_MS = Date.UTC(2026, 0, 5, 17);

/** Milliseconds after noon in New York, in Unix ns. */
export function nsAt(ms: number): bigint {
  return BigInt(NOON_MS + ms) * 1_000_000n;
}

export const QUALITY: QualityConfig = {
  priceJump: { severity: 'halt', maxRatio: 0.1, confirmations: 3 },
  crossedQuote: { severity: 'tag' },
  stale: { severity: 'halt', afterMs: 10_000 },
  futureTime: { severity: 'tag', toleranceMs: 1_000 },
  notPositive: { severity: 'tag' },
  outlier: { severity: 'count', window: 20, maxScore: 3.5, minRatio: 0.01 },
  gap: { severity: 'count' },
  cleanMs: 1_000,
};

export interface MarketOptions {
  readonly intervals?: readonly BarInterval[];
  readonly quality?: Partial<QualityConfig>;
  readonly bars?: Partial<MarketConfig['bars']>;
  readonly isLive?: boolean;
  readonly bookQuotesOf?: string | null;
}

export function configOf(options: MarketOptions = {}): MarketConfig {
  const { intervals = ['1s'], quality, bars, isLive = false, bookQuotesOf = null } = options;
  return {
    quality: { ...QUALITY, ...quality },
    bars: {
      ...{ intervals, graceMs: 0, session: 'all', conditions: 'alpaca', reviseWithinMs: 0, heldTrades: 100 },
      ...{ activity: [], ...bars },
    },
    bookSnapshotMs: 1_000,
    isLive,
    bookQuotesOf,
  };
}

export function aTrade(symbol: string, ms: number, fields: Partial<FeedEvent & { kind: 'trade' }> = {}): FeedEvent {
  return {
    ...{ kind: 'trade', symbol, tradeId: String(ms), price: '10', size: '1', takerSide: null },
    ...{ exchange: 'V', conditions: [], tape: 'C', venueTsNs: nsAt(ms), ...fields },
  };
}

export function aQuote(symbol: string, ms: number, fields: Partial<FeedEvent & { kind: 'quote' }> = {}): FeedEvent {
  return {
    ...{
      kind: 'quote',
      symbol,
      bidPx: '9',
      bidSize: '1',
      askPx: '11',
      askSize: '1',
      venueSeq: null,
      venueTsSource: 'venue',
    },
    ...{ bidExchange: 'V', askExchange: 'V', conditions: [], venueTsNs: nsAt(ms), ...fields },
  };
}

export function aBook(ms: number, fields: Partial<BookEvent> = {}): BookEvent {
  return {
    ...{
      kind: 'book',
      symbol: 'BTC-USD',
      snapshot: false,
      bids: [],
      asks: [],
      venueSeq: null,
      checksum: null,
      venueTsSource: 'venue',
    },
    ...{ venueTsNs: nsAt(ms), ...fields },
  };
}

/** A market core, what it was told of in words, and short ways to feed it. */
export function marketOf(options: MarketOptions = {}) {
  const state = openMarket(configOf(options));
  const told: string[] = [];
  const observer: MarketObserver = {
    rejected: ({ reason }) => void told.push(`rejected ${reason}`),
    violated: (symbol, { rule, text }) => void told.push(`${symbol} ${rule}: ${text}`),
    unbarred: (symbol, reason) => void told.push(`${symbol} unbarred ${reason}`),
    bookInvalid: (symbol, reason) => void told.push(`${symbol} book ${reason}`),
    dropped: ({ kind }) => void told.push(kind),
    unpublished: (kind) => void told.push(`unpublished ${kind}`),
  };
  const step = (input: MarketInput) => stepMarket(state, input, observer);
  const feed = (outputs: readonly FeedOutput[], receivedMs?: number) => {
    const receivedNs = receivedMs === undefined ? STAMPS.receivedNs : nsAt(receivedMs);
    return step({ type: 'feed', outputs, stamps: { receivedNs, decodedNs: receivedNs + 1n } });
  };
  return {
    state,
    told,
    step,
    feed,
    events: (...events: FeedEvent[]) => feed(events.map((event) => ({ kind: 'event', event, recovered: false }))),
    /** Events that came at a time of our own clock. */
    eventsAt: (receivedMs: number, ...events: FeedEvent[]) =>
      feed(
        events.map((event) => ({ kind: 'event', event, recovered: false })),
        receivedMs,
      ),
    recovered: (...events: FeedEvent[]) => feed(events.map((event) => ({ kind: 'event', event, recovered: true }))),
    bookInvalid: (reason: BookFault, symbol = 'BTC-USD') => feed([{ kind: 'book-invalid', symbol, reason }]),
    connection: (isSubscribed: boolean, ms = 0) =>
      step({ type: 'connection', isSubscribed, stamps: { receivedNs: nsAt(ms), decodedNs: nsAt(ms) } }),
    clock: (ms: number) =>
      step({ type: 'clock', marketNowNs: nsAt(ms), stamps: { receivedNs: nsAt(ms), decodedNs: nsAt(ms) } }),
  };
}

/** What was published, topic by topic; bars with their start and content, states of data with their reasons. */
export function inWords(outputs: readonly MarketOutput[]): string[] {
  return outputs.map((output) => {
    if (output.kind === 'resync') return `resync ${output.symbol}: ${output.reason}`;
    const { topic } = output;
    if (output.kind === 'bar') {
      const { startNs, tradeCount, volume, revision } = output.payload;
      const revised = (revision ?? 0) > 0 ? `, revision ${revision}` : '';
      return `${topic} from ${(startNs - nsAt(0)) / 1_000_000n} ms: ${tradeCount} of ${volume}${revised}`;
    }
    if (output.kind === 'dataState') {
      const { valid, reasons } = output.payload;
      return valid ? `${topic} valid` : `${topic} invalid: ${reasons.join('; ')}`;
    }
    const flags = 'flags' in output.payload ? (output.payload.flags ?? []) : [];
    return [topic, ...flags].join(' ');
  });
}

export function ofKind<K extends Publication['kind']>(outputs: readonly MarketOutput[], kind: K) {
  return outputs.filter((output): output is Extract<Publication, { kind: K }> => output.kind === kind);
}

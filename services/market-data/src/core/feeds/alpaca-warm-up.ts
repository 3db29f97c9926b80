import {
  type AssetClass,
  addDays,
  BAR_INTERVALS_NS,
  type BarInterval,
  barSpanOf,
  newYorkDateOf,
  tradingDayOf,
} from '@tickpath/trading';
import { venueSymbolOf } from '@tickpath/wire';
import { readBarsPage } from './alpaca-messages.ts';
import { isRejected } from './levels.ts';
import type { FeedOutput, VenueBarEvent } from './protocol.ts';
import { parsed, rejected } from './reading.ts';
import type { Requests } from './requests.ts';
import { rfc3339 } from './venue-text-time.ts';

export const WARM_UP_BARS = ['none', '1m', '5m', '15m', '1h'] as const;

/** What is fetched of the time before a symbol is subscribed for the first time. */
export interface WarmUpOptions {
  /** Longest bars in progress whose trades so far are fetched. */
  readonly wholeBars: (typeof WARM_UP_BARS)[number];
  /** The venue's own bars, for so many lengths of each interval of a minute or more. */
  readonly bars: number;
  readonly intervals: readonly BarInterval[];
  readonly maxSymbols: number;
  /** How long after the subscription it is fetched: before that, followers of a market-data just started hear nothing. */
  readonly afterMs: number;
}

/** The venue's names of the intervals that it has bars of. */
const TIMEFRAMES: Readonly<Partial<Record<BarInterval, string>>> = {
  '1m': '1Min',
  '5m': '5Min',
  '15m': '15Min',
  '1h': '1Hour',
  '1d': '1Day',
};
const NS_PER_MS = 1_000_000n;
const BARS_A_PAGE = 10_000;
const MAX_PAGES = 20;
/** Symbols that one request is for. */
export const SYMBOLS_A_REQUEST = 100;
/**
 * What was over so long ago is history. The venue's clock may be behind ours and its bars take a moment: a bar that ended
 * within this time is made of trades, as the one in progress.
 */
const SETTLED_NS = 5_000_000_000n;

export interface AlpacaWarmUp {
  /** Symbols that are subscribed now; those that have been before are passed over. */
  begin(symbols: readonly string[]): void;
  has(symbol: string): boolean;
  /** Asks for what has become due. */
  clock(): void;
  forget(symbol: string): void;
}

export interface WarmUpPort {
  readonly assetClass: AssetClass;
  readonly feed: string;
  readonly options: WarmUpOptions | null;
  readonly requests: Requests;
  nowNs(): bigint;
  emit(output: FeedOutput): void;
  /** Whether the trades of the symbols can be fetched now. */
  isReady(symbols: readonly string[]): boolean;
  /** Has the trades of the symbols since a time handed on, in their order before those streamed. */
  fetchTrades(symbols: readonly string[], sinceNs: bigint): void;
}

interface Due {
  readonly symbols: readonly string[];
  readonly options: WarmUpOptions;
  readonly atNs: bigint;
  readonly dueNs: bigint;
}

/** Asks once a symbol for what the venue has of the time before it was subscribed. */
export function createAlpacaWarmUp(port: WarmUpPort): AlpacaWarmUp {
  const { assetClass, feed, options, requests, emit } = port;
  const isCrypto = assetClass === 'crypto';
  /** Symbols that have been subscribed, warmed up or not. */
  const begun = new Set<string>();

  let waiting: Due[] = [];

  const within = (news: readonly string[], mostSymbols: number): readonly string[] => {
    const left = Math.max(0, mostSymbols - (begun.size - news.length));
    if (news.length <= left) return news;
    emit(
      rejected(
        'fetch',
        `no warm-up of ${news[left]} and those after it: ${begun.size} symbols, allowed ${mostSymbols}`,
      ),
    );
    return news.slice(0, left);
  };

  const fetchBars = (symbols: readonly string[], interval: BarInterval, asked: WarmUpOptions & { atNs: bigint }) => {
    const timeframe = TIMEFRAMES[interval];
    if (timeframe === undefined) return;
    const query = new URLSearchParams({
      symbols: symbols.map((symbol) => (isCrypto ? venueSymbolOf(symbol) : symbol)).join(','),
      timeframe,
      start: rfc3339(historyStart(interval, { assetClass, count: asked.bars, atNs: asked.atNs })),
      // Of bars the times are those of their starts, the end included.
      end: rfc3339(barSpanOf(interval, assetClass, asked.atNs).startNs - 1n),
      limit: String(BARS_A_PAGE),
      sort: 'asc',
      ...(isCrypto ? {} : { feed }),
    });
    fetchBarsPage(query, { interval, count: asked.bars, found: new Map() }, 1);
  };

  interface Fetching {
    readonly interval: BarInterval;
    readonly count: number;
    readonly found: Map<string, VenueBarEvent[]>;
  }

  const fetchBarsPage = (query: URLSearchParams, fetching: Fetching, page: number) => {
    const { interval, found } = fetching;
    const base = isCrypto ? `/v1beta3/crypto/${feed}/bars` : '/v2/stocks/bars';
    requests.ask(`bars ${interval}`, `${base}?${query}`, (answer) => {
      const read = answer.ok ? readBarsPage(parsed(answer.body), interval) : rejected('fetch', answer.reason);
      if (isRejected(read)) {
        emit(read);
        return handOn(fetching);
      }
      for (const bar of read.bars) {
        const ofSymbol = found.get(bar.symbol);
        if (ofSymbol === undefined) found.set(bar.symbol, [bar]);
        else ofSymbol.push(bar);
      }
      if (read.nextToken === null) return handOn(fetching);
      if (page === MAX_PAGES) {
        emit(rejected('fetch', `bars ${interval} of the past: more than ${MAX_PAGES} pages, allowed ${MAX_PAGES}`));
        return handOn(fetching);
      }
      query.set('page_token', read.nextToken);
      fetchBarsPage(query, fetching, page + 1);
    });
  };

  const handOn = ({ found, count }: Fetching) => {
    for (const bars of found.values()) {
      for (const event of bars.slice(-count)) emit({ kind: 'event', event, recovered: true });
    }
  };

  const fetchDue = () => {
    const nowNs = port.nowNs();
    const isDue = ({ dueNs, symbols }: Due) => dueNs <= nowNs && port.isReady(symbols);
    const due = waiting.filter(isDue);
    if (due.length === 0) return;
    waiting = waiting.filter((each) => !due.includes(each));
    const wanted = due.filter(({ symbols }) => symbols.length > 0);
    for (const { symbols, options: asked, atNs } of wanted) {
      if (asked.wholeBars === 'none') continue;
      port.fetchTrades(symbols, barSpanOf(asked.wholeBars, assetClass, atNs).startNs);
    }
    for (const { symbols, options: asked, atNs } of wanted) {
      if (asked.bars === 0) continue;
      for (const interval of asked.intervals) fetchBars(symbols, interval, { ...asked, atNs });
    }
  };

  return {
    begin(symbols) {
      const unknown = symbols.filter((symbol) => !begun.has(symbol));
      for (const symbol of unknown) begun.add(symbol);
      if (options === null || (options.wholeBars === 'none' && options.bars === 0)) return;
      const news = within(unknown, options.maxSymbols);
      if (news.length === 0) return;
      const nowNs = port.nowNs();
      const atNs = nowNs - SETTLED_NS;
      emit({ kind: 'begins', symbols: news, atNs, hasBars: options.bars > 0 });
      const dueNs = nowNs + BigInt(options.afterMs) * NS_PER_MS;
      for (const some of inRequests(news)) waiting.push({ symbols: some, options, atNs, dueNs });
      fetchDue();
    },
    clock: fetchDue,
    has: (symbol) => begun.has(symbol),
    forget(symbol) {
      begun.delete(symbol);
      waiting = waiting.map((due) => ({ ...due, symbols: due.symbols.filter((each) => each !== symbol) }));
    },
  };
}

/** The symbols in parts that a request has room for. */
export function inRequests(symbols: readonly string[]): string[][] {
  const parts: string[][] = [];
  for (let at = 0; at < symbols.length; at += SYMBOLS_A_REQUEST) parts.push(symbols.slice(at, at + SYMBOLS_A_REQUEST));
  return parts;
}

/**
 * From when on `count` bars before a time begin: of equities that many lengths of regular sessions, so that a night or
 * a weekend in between is not taken for bars.
 */
export function historyStart(
  interval: BarInterval,
  { assetClass, count, atNs }: { readonly assetClass: AssetClass; readonly count: number; readonly atNs: bigint },
): bigint {
  const lengthNs = BAR_INTERVALS_NS[interval];
  const lastNs = barSpanOf(interval, assetClass, atNs).startNs;
  if (assetClass === 'crypto') return lastNs - BigInt(count) * lengthNs;
  let leftNs = BigInt(count) * lengthNs;
  let date = newYorkDateOf(lastNs);
  for (let days = 0, trading = 0; days < 2 * count + 30; days += 1, date = addDays(date, -1)) {
    const day = tradingDayOf(date);
    if (day === undefined || day.openNs >= lastNs) continue;
    if (interval === '1d') {
      trading += 1;
      if (trading === count) return barSpanOf('1d', assetClass, day.openNs).startNs;
      continue;
    }
    const isOver = day.closeNs <= lastNs;
    const endNs = isOver ? day.closeNs : lastNs;
    if (endNs - day.openNs >= leftNs) return barSpanOf(interval, assetClass, endNs - leftNs).startNs;
    leftNs -= endNs - day.openNs;
  }
  return lastNs - 2n * BigInt(count) * lengthNs;
}

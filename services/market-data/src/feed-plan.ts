import type { ConfigOf } from '@tickpath/runtime';
import { symbolOfVenue } from '@tickpath/wire';
import type { LiveSource, marketDataSchema } from './config.ts';
import { symbolRulesOf } from './symbol-rules.ts';

export type MarketDataConfig = ConfigOf<typeof marketDataSchema>;

/** Stands for all symbols that a venue has. */
export const EVERY_SYMBOL = '*';

/** One feed as configured. Its source names it: in metrics, logs, files and commands. */
export interface FeedPlan {
  readonly source: LiveSource | 'recording';
  /** In Tickpath's spelling. */
  readonly symbols: readonly string[];
  /** Null for the usual place. */
  readonly streamUrl: string | null;
  readonly restUrl: string | null;
  /** Of Alpaca, which keeps assets apart from market data; null for `restUrl`. */
  readonly tradingUrl: string | null;
  /** Alpaca's feed name. */
  readonly feed: string;
}

type ListedFeeds = Pick<
  MarketDataConfig,
  'source' | 'symbols' | 'streamUrl' | 'restUrl' | 'tradingUrl' | 'feed' | 'feeds'
>;

/** The feeds in the order of the configuration, that of its first keys in front. */
export function feedPlans({ feeds, ...first }: ListedFeeds): readonly FeedPlan[] {
  const { source, symbols, streamUrl, restUrl, tradingUrl, feed } = first;
  return [{ source, symbols, streamUrl, restUrl, tradingUrl, feed }, ...feeds].map((plan) => ({
    ...plan,
    symbols: [...new Set(plan.symbols.map(spelled))],
  }));
}

/** Feeds that cannot be had together, or cannot be asked for what is wanted of them; one line each. */
export function feedFaults(config: ListedFeeds): string[] {
  const plans = feedPlans(config);
  if (config.source === 'recording') {
    const { length } = config.feeds;
    const fault = `market-data.source is recording, which is played alone, and market-data.feeds has ${length}; allowed: 0`;
    return length === 0 ? [] : [fault];
  }
  return plans.flatMap((plan, at) => [
    ...sourceFaults(plans, at),
    ...urlFaults(plan, at),
    ...plan.symbols.flatMap((symbol) => symbolFaults(symbol, plans, at)),
    ...venueFaults(plan, at),
  ]);
}

/** Whether the venue can be asked for all that it has. */
export function canHaveEverySymbol(source: FeedPlan['source']): boolean {
  return source === 'alpaca-stocks' || source === 'alpaca-crypto';
}

function sourceFaults(plans: readonly FeedPlan[], at: number): string[] {
  const { source } = plans[at] as FeedPlan;
  const first = plans.findIndex((plan) => plan.source === source);
  if (first === at) return [];
  return [`${keyOf(at)}.source is ${source}, as is ${keyOf(first)}.source; a source may be named once`];
}

/** Found at the start: where none can be dialled or asked, no other try helps. */
function urlFaults(plan: FeedPlan, at: number): string[] {
  const { streamUrl } = plan;
  const faults: string[] = [];
  if (streamUrl !== null && !isUrl(streamUrl, ['ws:', 'wss:'])) {
    faults.push(`${keyOf(at)}.streamUrl: found ${streamUrl}; allowed: a URL of ws or wss, without #`);
  }
  for (const key of ['restUrl', 'tradingUrl'] as const) {
    const url = plan[key];
    if (url === null || isUrl(url, ['http:', 'https:'])) continue;
    faults.push(`${keyOf(at)}.${key}: found ${url}; allowed: a URL of http or https, without #`);
  }
  return faults;
}

function isUrl(text: string, protocols: readonly string[]): boolean {
  const url = URL.parse(text);
  return url !== null && protocols.includes(url.protocol) && url.hash === '';
}

function symbolFaults(symbol: string, plans: readonly FeedPlan[], at: number): string[] {
  const { source } = plans[at] as FeedPlan;
  const key = `${keyOf(at)}.symbols`;
  if (symbol === EVERY_SYMBOL) {
    if (canHaveEverySymbol(source)) return [];
    return [`${key}: found * for ${source}, which cannot be asked for all that it has; allowed: symbols by name`];
  }
  if (symbolOfVenue(symbol) === undefined) {
    return [`${key}: found ${JSON.stringify(cutText(symbol))}; allowed: ${SPELLING}`];
  }
  const home = plans.findIndex((plan) => plan.symbols.includes(symbol));
  if (home === at) return [];
  const { source: homeSource } = plans[home] as FeedPlan;
  return [`${key} (${source}) names ${symbol}, as does ${keyOf(home)}.symbols (${homeSource}); a symbol has one feed`];
}

/** More than the venue takes, or two that are one there: it would be silent about what is too much. */
function venueFaults({ source, symbols }: FeedPlan, at: number): string[] {
  const { maxSymbols, venueSymbolOf } = symbolRulesOf(source);
  const key = `${keyOf(at)}.symbols`;
  const faults: string[] = [];
  if (maxSymbols !== null && symbols.length > maxSymbols) {
    faults.push(`${key}: found ${symbols.length} symbols for ${source}; allowed: ${maxSymbols}`);
  }
  const byVenueSymbol = new Map<string, string>();
  for (const symbol of symbols) {
    if (symbolOfVenue(symbol) === undefined) continue;
    const venueSymbol = venueSymbolOf(symbol);
    const twin = byVenueSymbol.get(venueSymbol);
    if (twin === undefined) byVenueSymbol.set(venueSymbol, symbol);
    else faults.push(`${key} (${source}) names ${twin} and ${symbol}, which are both ${venueSymbol} there`);
  }
  return faults;
}

/** What a symbol looks like, for faults. */
export const SPELLING = '1 to 32 capital letters, digits, dots and dashes, such as AAPL or BTC-USDT';

const SHOWN_LENGTH = 40;

/** What somebody sent, for a fault: no longer than a line takes. */
export function cutText(text: string): string {
  return text.length <= SHOWN_LENGTH ? text : `${text.slice(0, SHOWN_LENGTH)}… (${text.length} characters)`;
}

function keyOf(at: number): string {
  return at === 0 ? 'market-data' : `market-data.feeds[${at - 1}]`;
}

/** One spelling for all feeds: what is no symbol stays as it is, to be named in a fault. */
function spelled(symbol: string): string {
  return symbolOfVenue(symbol) ?? symbol;
}

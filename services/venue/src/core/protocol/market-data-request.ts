import { type AssetClass, isDateText, newYorkDateOf, nsOfNewYork } from '@tickpath/trading';
import { isSymbol } from '../market/event.ts';
import type { SeriesPosition } from '../market/history-series.ts';
import { readTimeframe, type Timeframe } from './market-timeframe.ts';
import { QueryFields } from './query-fields.ts';
import { shown } from './shown.ts';

/** What of the past is asked for. */
export interface PastRequest {
  /** In the order in which they are answered. */
  readonly symbols: readonly string[];
  /** Both inclusive; never later than the market's now. */
  readonly startNs: bigint;
  readonly endNs: bigint;
  readonly limit: number;
  readonly isDescending: boolean;
  /** `null` for trades and quotes. */
  readonly timeframe: Timeframe | null;
  /** Where the page before ended. */
  readonly after: PagePosition | null;
}

export interface PagePosition extends SeriesPosition {
  readonly symbol: string;
}

export type DataKind = 'trades' | 'quotes' | 'bars';

/** Where and when a request is made: decides which fields it may have and what their defaults are. */
export interface DataContext {
  readonly kind: DataKind;
  readonly assetClass: AssetClass;
  /** The symbol in the path; `null` when the query names the symbols. */
  readonly symbol: string | null;
  readonly nowNs: bigint;
}

export type ReadRequest<T> =
  | { readonly ok: true; readonly request: T }
  | { readonly ok: false; readonly fault: string };

const MOST_ROWS = 10_000;
const DEFAULT_ROWS = 1000;
const FEEDS = ['sip', 'iex', 'delayed_sip', 'otc', 'boats', 'overnight'] as const;
const ADJUSTMENTS = ['raw', 'split', 'dividend', 'spin-off', 'all'];
const SEQUENCE_DIGITS = 20;

/** Reads the query of a historical request. Faults are Alpaca's where they are known. */
export function readPastRequest(
  query: Readonly<Record<string, unknown>>,
  context: DataContext,
): ReadRequest<PastRequest> {
  const { kind, assetClass, nowNs } = context;
  const isEquity = assetClass === 'us_equity';
  const allowed = [
    ...['start', 'end', 'limit', 'page_token', 'sort'],
    ...(kind === 'bars' ? ['timeframe'] : []),
    ...(isEquity ? ['feed', 'currency', 'asof'] : []),
    ...(isEquity && kind === 'bars' ? ['adjustment'] : []),
  ];
  const fields = new QueryFields(query);
  checkNames(fields, query, context.symbol === null ? ['symbols', ...allowed] : allowed);
  const symbols = readSymbols(fields, context);
  checkEquityFields(fields);
  const startNs = readTime(fields, 'start') ?? nsOfNewYork(newYorkDateOf(nowNs), 0);
  const wantedEndNs = readTime(fields, 'end') ?? nowNs;
  if (fields.text('end') !== null && wantedEndNs < startNs) fields.refuse('end should not be before start');
  const limit = readLimit(fields);
  const isDescending = fields.choice('sort', ['asc', 'desc']) === 'desc';
  const timeframe = kind === 'bars' ? readBarLength(fields) : null;
  const after = readPageToken(fields, { kind: kindText(kind, timeframe), symbols });
  const refusal = fields.refusal();
  if (refusal !== null) return { ok: false, fault: refusal.message };
  const request = { symbols, startNs, endNs: nowNs, limit, isDescending, timeframe, after };
  return { ok: true, request: wantedEndNs > nowNs ? request : { ...request, endNs: wantedEndNs } };
}

/** Reads the query of a request for what is latest: the symbols, sorted. */
export function readLatestRequest(
  query: Readonly<Record<string, unknown>>,
  context: Omit<DataContext, 'kind' | 'nowNs'>,
): ReadRequest<readonly string[]> {
  const fields = new QueryFields(query);
  const allowed = context.assetClass === 'us_equity' ? ['feed', 'currency'] : [];
  checkNames(fields, query, context.symbol === null ? ['symbols', ...allowed] : allowed);
  const symbols = readSymbols(fields, context);
  checkEquityFields(fields);
  const refusal = fields.refusal();
  return refusal === null ? { ok: true, request: symbols } : { ok: false, fault: refusal.message };
}

/** The token that leads to the page behind a row; opaque to clients. */
export function pageToken(
  position: PagePosition,
  { kind, timeframe }: { kind: DataKind; timeframe: Timeframe | null },
): string {
  const { symbol, tsNs, sequence } = position;
  return btoa([symbol, kindText(kind, timeframe), tsNs, String(sequence).padStart(SEQUENCE_DIGITS, '0')].join('|'));
}

function kindText(kind: DataKind, timeframe: Timeframe | null): string {
  return timeframe === null ? kind : `${timeframe.count}${timeframe.unit}`;
}

function checkNames(fields: QueryFields, query: Readonly<Record<string, unknown>>, allowed: readonly string[]): void {
  const unexpected = Object.keys(query).filter((name) => !allowed.includes(name));
  if (unexpected.length > 0) fields.refuse(`unexpected query parameter(s): ${shown(unexpected.join(', '))}`);
}

function readSymbols(
  fields: QueryFields,
  { symbol, assetClass }: Pick<DataContext, 'symbol' | 'assetClass'>,
): string[] {
  const symbols = symbol === null ? (fields.list('symbols') ?? []) : [symbol];
  if (symbols.length === 0) fields.refuse('symbols is required');
  const isPair = assetClass === 'crypto';
  for (const one of symbols) {
    if (!isSymbol(one) || one.includes('/') !== isPair) fields.refuse(`invalid symbol: ${shown(one)}`);
  }
  return [...new Set(symbols)].sort();
}

/** The market is one and unadjusted: every feed and adjustment shows the same, in dollars. */
function checkEquityFields(fields: QueryFields): void {
  fields.choice('feed', FEEDS);
  for (const one of fields.list('adjustment') ?? []) {
    if (!ADJUSTMENTS.includes(one)) fields.refuse(`invalid adjustment: ${shown(one)}`);
  }
  const currency = fields.text('currency');
  if (currency !== null && currency !== 'USD') fields.refuse(`invalid currency: ${shown(currency)}, only USD is there`);
  const asof = fields.text('asof');
  if (asof !== null && asof !== '-') fields.date('asof');
}

/** RFC 3339, or a date: its midnight in New York. */
function readTime(fields: QueryFields, name: string): bigint | null {
  const text = fields.text(name);
  return text !== null && isDateText(text) ? nsOfNewYork(text, 0) : fields.time(name);
}

function readLimit(fields: QueryFields): number {
  const text = fields.text('limit');
  if (text === null) return DEFAULT_ROWS;
  const limit = /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN;
  if (limit >= 1 && limit <= MOST_ROWS) return limit;
  fields.refuse(`invalid limit: ${shown(text)}, limit must be between 1 and ${MOST_ROWS}`);
  return DEFAULT_ROWS;
}

function readBarLength(fields: QueryFields): Timeframe | null {
  const text = fields.text('timeframe');
  if (text === null) {
    fields.refuse('timeframe is required');
    return null;
  }
  const timeframe = readTimeframe(text);
  if (timeframe === null) fields.refuse(`invalid timeframe: ${shown(text)}`);
  return timeframe;
}

function readPageToken(
  fields: QueryFields,
  { kind, symbols }: { readonly kind: string; readonly symbols: readonly string[] },
): PagePosition | null {
  const token = fields.text('page_token');
  if (token === null) return null;
  const [symbol = '', ofKind, ns = '', sequence = '', ...rest] = decoded(token).split('|');
  const isWhole = /^\d{1,19}$/.test(ns) && /^\d{20}$/.test(sequence) && rest.length === 0;
  if (isWhole && ofKind === kind && symbols.includes(symbol)) {
    return { symbol, tsNs: BigInt(ns), sequence: Number(sequence) };
  }
  fields.refuse(`invalid page_token: ${shown(token)}`);
  return null;
}

function decoded(token: string): string {
  try {
    return atob(token);
  } catch (error) {
    if (error instanceof DOMException) return '';
    throw error;
  }
}

import { tableLines } from './text-table.ts';

/** What market-data answers about its feeds. */
export interface FeedsAnswer {
  readonly feeds: readonly FeedAnswer[];
}

export interface FeedAnswer {
  readonly feed: string;
  readonly state: string;
  readonly symbols: readonly SymbolAnswer[];
  /** What the venue has refused since market-data started, and the newest of these. */
  readonly refused: number;
  readonly refusals: readonly { readonly text: string }[];
}

export interface SymbolAnswer {
  readonly symbol: string;
  readonly data: 'waiting' | 'valid' | 'invalid';
  readonly reasons: readonly string[];
}

interface Place {
  readonly symbol: string;
  readonly feed: string;
}

/** Symbols that a line names; of more, it says how many. */
const NAMED_SYMBOLS = 12;

/** A table of the feeds, then a line for each symbol whose data cannot be traded on. */
export function feedLines({ feeds }: FeedsAnswer): string[] {
  const columns = (['feed', 'state', 'symbols'] as const).map((title) => ({ title, align: 'left' as const }));
  const table = tableLines(
    columns,
    feeds.map(({ feed, state, symbols }) => [feed, state, listOf(symbols.map(({ symbol }) => symbol))]),
  );
  const troubled = feeds.flatMap(({ feed, symbols }) =>
    symbols.filter(({ data }) => data !== 'valid').map((one) => `${one.symbol} (${feed}): ${stateOf(one)}`),
  );
  return [...table, ...troubled];
}

export function refusalCount({ feeds }: FeedsAnswer, feed: string): number {
  return feeds.find((each) => each.feed === feed)?.refused ?? 0;
}

/** What is known of a symbol that was added. `isSettled`: no more is to be expected. */
export interface SymbolNews {
  readonly isValid: boolean;
  readonly isSettled: boolean;
  readonly state: string;
  /** What the venue has refused since the symbol was added. */
  readonly refusals: readonly string[];
}

/** `known`: the refusals that were counted before the symbol was added. */
export function newsOf(
  { feeds }: FeedsAnswer,
  { symbol, feed, known }: Place & { readonly known: number },
): SymbolNews {
  const found = feeds.find((each) => each.feed === feed);
  const count = Math.max(0, (found?.refused ?? 0) - known);
  const refusals = count === 0 ? [] : (found?.refusals.slice(-count).map(({ text }) => text) ?? []);
  const one = found?.symbols.find((each) => each.symbol === symbol) ?? { symbol, data: 'waiting', reasons: [] };
  const isValid = one.data === 'valid';
  const isRefused =
    one.reasons.includes(BOOK_REFUSED) || refusals.some((text) => lettersOf(text).includes(lettersOf(symbol)));
  return { isValid, isSettled: isValid || isRefused, state: stateOf(one), refusals };
}

/** The reason that market-data gives when the venue has no such symbol. */
const BOOK_REFUSED = 'book: found refused, needed valid';

/** Venues write a pair with other marks between its parts, or none. */
function lettersOf(text: string): string {
  return text.replace(/[^A-Za-z0-9]/g, '').toUpperCase();
}

export function outcomeLine({ symbol, feed }: Place, done: 'added' | 'removed', state?: string): string {
  const what = done === 'added' ? `added to ${feed}, ${state}` : `removed from ${feed}`;
  return `${symbol} ${what}; until market-data starts again`;
}

function stateOf({ data, reasons }: SymbolAnswer): string {
  if (data === 'waiting') return 'nothing has come of it';
  return data === 'valid' ? 'valid' : `not valid: ${reasons.join('; ')}`;
}

function listOf(symbols: readonly string[]): string {
  const named = symbols.slice(0, NAMED_SYMBOLS).join(', ');
  const more = symbols.length - NAMED_SYMBOLS;
  return more > 0 ? `${named} and ${more} more` : named;
}

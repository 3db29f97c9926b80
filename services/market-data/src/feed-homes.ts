import { symbolOfVenue } from '@tickpath/wire';
import type { LiveSource } from './config.ts';
import { cutText, EVERY_SYMBOL, SPELLING } from './feed-plan.ts';
import { symbolRulesOf } from './symbol-rules.ts';

/** What is wanted of a feed: symbols, `*` among them for all that the venue has, but for those that are excluded. */
export interface Wanted {
  readonly symbols: readonly string[];
  /** Symbols that come with `*` and have their home elsewhere, or were removed. */
  readonly excluded: readonly string[];
}

export type HomeChange =
  | { readonly ok: true; readonly symbol: string; readonly feed: string }
  | { readonly ok: false; readonly status: 400 | 404 | 409; readonly fault: string };

/** Which feed each symbol is at home in. What one feed says of a symbol that is at home in another is never published. */
export interface FeedHomes {
  wanted(feed: string): Wanted;
  /** Without a feed: the one it was removed from, or else the only one. */
  add(symbol: string, feed: string | undefined): HomeChange;
  /** `seenIn` names the feed of `*` that the symbol has come from. */
  remove(symbol: string, seenIn: string | undefined): HomeChange;
}

export function createFeedHomes(
  feeds: readonly { readonly name: LiveSource; readonly symbols: readonly string[] }[],
): FeedHomes {
  const named = new Map<string, Set<string>>(feeds.map(({ name, symbols }) => [name, new Set(symbols)]));
  /** Symbols that a person has taken away, and where they were at home. */
  const removed = new Map<string, string>();
  const names = [...named.keys()];
  const homeOf = (symbol: string) => names.find((name) => named.get(name)?.has(symbol));
  const isAll = (feed: string) => named.get(feed)?.has(EVERY_SYMBOL) === true;

  const feedFor = (symbol: string, feed: string | undefined): string | HomeChange => {
    const chosen = feed ?? removed.get(symbol) ?? (names.length === 1 ? names[0] : undefined);
    const allowed = `allowed: ${names.join(', ')}`;
    if (chosen === undefined) return refused(400, `no feed given for ${symbol}; ${allowed}`);
    return named.has(chosen) ? chosen : refused(404, `unknown feed ${cutText(chosen)}; ${allowed}`);
  };

  /** Why the venue cannot be asked for it beside what it is asked for already; undefined when it can. */
  const venueFault = (symbol: string, feed: string): string | undefined => {
    const source = feeds.find(({ name }) => name === feed)?.name;
    const symbols = [...(named.get(feed) ?? [])];
    if (source === undefined) return undefined;
    const { maxSymbols, venueSymbolOf } = symbolRulesOf(source);
    const venueSymbol = venueSymbolOf(symbol);
    const twin = symbols.find((each) => venueSymbolOf(each) === venueSymbol);
    if (twin !== undefined) return `${symbol} and ${twin}, which ${feed} has, are both ${venueSymbol} there`;
    if (maxSymbols === null || symbols.length < maxSymbols) return undefined;
    return `${symbol} would be symbol ${symbols.length + 1} of ${feed}; allowed: ${maxSymbols}`;
  };

  return {
    wanted(feed) {
      const symbols = [...(named.get(feed) ?? [])];
      if (!isAll(feed)) return { symbols, excluded: [] };
      const elsewhere = names.flatMap((name) => (name === feed ? [] : [...(named.get(name) ?? [])]));
      const excluded = new Set([...elsewhere, ...removed.keys()].filter((symbol) => symbol !== EVERY_SYMBOL));
      return { symbols, excluded: [...excluded] };
    },
    add(text, feed) {
      const symbol = symbolOfVenue(text);
      if (symbol === undefined) return misspelled(text);
      const home = homeOf(symbol);
      if (home !== undefined) return refused(409, `${symbol} is at home at ${home}; a symbol has one feed`);
      const chosen = feedFor(symbol, feed);
      if (typeof chosen !== 'string') return chosen;
      if (isAll(chosen) && !removed.has(symbol)) {
        return refused(409, `${chosen} is subscribed to all that the venue has, ${symbol} included`);
      }
      if (!isAll(chosen)) {
        const fault = venueFault(symbol, chosen);
        if (fault !== undefined) return refused(409, fault);
        named.get(chosen)?.add(symbol);
      }
      removed.delete(symbol);
      return { ok: true, symbol, feed: chosen };
    },
    remove(text, seenIn) {
      const symbol = symbolOfVenue(text);
      if (symbol === undefined) return misspelled(text);
      const home = homeOf(symbol);
      const feed = home ?? (removed.has(symbol) ? undefined : seenIn);
      if (feed === undefined) return refused(404, `no feed has ${symbol}`);
      const list = named.get(feed);
      if (home !== undefined && list?.size === 1) {
        return refused(409, `${symbol} is the only symbol of ${feed}; a feed needs at least 1`);
      }
      list?.delete(symbol);
      removed.set(symbol, feed);
      return { ok: true, symbol, feed };
    },
  };
}

function misspelled(text: string): HomeChange {
  return refused(400, `symbol: found ${JSON.stringify(cutText(text))}; allowed: ${SPELLING}`);
}

function refused(status: 400 | 404 | 409, fault: string): HomeChange {
  return { ok: false, status, fault };
}

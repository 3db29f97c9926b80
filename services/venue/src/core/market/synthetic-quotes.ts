import { isDrawn, nextInt, nextUint32, nextUnit } from '../random.ts';
import type { BookLevel, MarketBook, MarketQuote, QuoteSides } from './event.ts';
import { roughnessOf } from './synthetic-price.ts';
import {
  type Ladder,
  PIPS_PER_CENT,
  type SymbolState,
  type SyntheticMarket,
  tsOf,
  venueOf,
} from './synthetic-state.ts';

const NO_CONDITIONS: readonly string[] = [];
const REGULAR: readonly string[] = ['R'];
const BOOK_LEVELS = 10;
/** How far levels of a book are apart, in parts of the price. */
const LEVEL_STEP = 0.00005;
/** The half of a spread that grows with the price, in parts of it, at the usual roughness. */
const SPREAD_SHARE = 0.00005;
/** How often a level that stays shows another size. */
const LEVEL_CHANGE = 0.2;
const BOOKS_PER_RESET = [200, 600] as const;
/** What is shown of a coin at one price, in USD. */
const LEVEL_USD = [50, 25_000] as const;
const ROUND_LOT = 100;

/** The next quote of a symbol, with the book's levels before it where there is a book. */
export function nextQuote(market: SyntheticMarket, state: SymbolState, nowNs: number): (MarketBook | MarketQuote)[] {
  const updates = requote(state);
  const quote = quoteOf(market, state, { nowNs, updates });
  return state.isCrypto ? [nextBook(market, state, nowNs), quote] : [quote];
}

/**
 * Draws prices and sizes anew. While the fair price is still between bid and ask, every second time only the size of one
 * side changes.
 */
function requote(state: SymbolState): QuoteSides {
  const fairCents = Math.floor(state.fairPips / PIPS_PER_CENT);
  const holds = state.bidCents > 0 && state.bidCents <= fairCents && fairCents < state.askCents;
  if (holds && isDrawn(state.random, 0.5)) {
    const isBid = nextUint32(state.random) % 2 === 0;
    if (isBid) state.bidSz = shownSize(state);
    else state.askSz = shownSize(state);
    return isBid ? 'bid' : 'ask';
  }
  const spread = drawSpreadCents(state, fairCents);
  state.bidCents = Math.max(1, fairCents - nextInt(state.random, 0, spread - 1));
  state.askCents = state.bidCents + spread;
  state.bidSz = shownSize(state);
  state.askSz = shownSize(state);
  return keepWithinBand(state);
}

/** A quote beyond the price band would not be shown. */
function keepWithinBand(state: SymbolState): QuoteSides {
  if (state.band === null) return 'both';
  state.bidCents = Math.max(state.bidCents, state.band.downCents);
  state.askCents = Math.min(state.askCents, state.band.upCents);
  return 'both';
}

/** One to three cents, and more the dearer the instrument and the rougher the market. */
function drawSpreadCents(state: SymbolState, fairCents: number): number {
  const width = 2 + roughnessOf(state) * fairCents * SPREAD_SHARE;
  return 1 + Math.floor(nextUnit(state.random) * width * 0.999);
}

function shownSize(state: SymbolState): number {
  if (state.isCrypto) return coinSize(state, LEVEL_USD);
  return nextInt(state.random, 1, 10) * ROUND_LOT * state.lotUnits;
}

/** A quantity of a coin that is worth an amount of USD in the range, smaller ones likelier, in whole lots. */
export function coinSize(state: SymbolState, [least, most]: readonly [number, number]): number {
  const skewed = nextUnit(state.random) * nextUnit(state.random);
  const usd = least + (most - least) * skewed;
  const coins = (usd * 100 * PIPS_PER_CENT) / state.fairPips;
  return Math.max(1, Math.round(coins * state.lotsPerWhole)) * state.lotUnits;
}

function quoteOf(
  market: SyntheticMarket,
  state: SymbolState,
  { nowNs, updates }: { nowNs: number; updates: QuoteSides },
): MarketQuote {
  const { exchange, tape } = venueOf(state);
  return {
    kind: 'quote',
    instrument: state.instrument,
    tsNs: tsOf(market, nowNs),
    updates,
    bidPx: state.bidCents * state.centUnits,
    bidSz: state.bidSz,
    askPx: state.askCents * state.centUnits,
    askSz: state.askSz,
    bidExchange: exchange,
    askExchange: exchange,
    conditions: state.isCrypto ? NO_CONDITIONS : REGULAR,
    tape,
  };
}

/** The levels that have changed since the last time, or all of them; their best are the quote's. */
function nextBook(market: SyntheticMarket, state: SymbolState, nowNs: number): MarketBook {
  const reset = state.booksUntilReset <= 0;
  state.booksUntilReset = reset ? nextInt(state.random, ...BOOKS_PER_RESET) : state.booksUntilReset - 1;
  const bids = nextLadder(state, 'bid');
  const asks = nextLadder(state, 'ask');
  const book: MarketBook = {
    kind: 'book',
    instrument: state.instrument,
    tsNs: tsOf(market, nowNs),
    reset,
    bids: reset ? bids : changes(state.bids, bids),
    asks: reset ? asks : changes(state.asks, asks),
  };
  state.bids = bids;
  state.asks = asks;
  return book;
}

/** The best level is the quote's; the others lie on a grid of their own, so that they stay when the best one moves. */
function nextLadder(state: SymbolState, side: 'bid' | 'ask'): Ladder {
  const isBid = side === 'bid';
  const before = isBid ? state.bids : state.asks;
  const best = isBid ? state.bidCents : state.askCents;
  const step = Math.max(1, Math.round((state.anchorPips / PIPS_PER_CENT) * LEVEL_STEP));
  const ladder: BookLevel[] = [[best * state.centUnits, isBid ? state.bidSz : state.askSz]];
  let cents = isBid ? Math.ceil(best / step) * step : Math.floor(best / step) * step;
  while (ladder.length < BOOK_LEVELS) {
    cents += isBid ? -step : step;
    if (cents <= 0) break;
    const px = cents * state.centUnits;
    const known = levelAt(before, px);
    const stays = known !== undefined && !isDrawn(state.random, LEVEL_CHANGE);
    ladder.push(stays ? known : [px, coinSize(state, LEVEL_USD)]);
  }
  return ladder;
}

/** Ten levels are looked through faster than they are put into a map. */
function levelAt(ladder: Ladder, px: number): BookLevel | undefined {
  for (const level of ladder) if (level[0] === px) return level;
  return undefined;
}

function changes(before: Ladder, after: Ladder): BookLevel[] {
  const changed: BookLevel[] = [];
  for (const level of after) if (levelAt(before, level[0])?.[1] !== level[1]) changed.push(level);
  for (const [px] of before) if (levelAt(after, px) === undefined) changed.push([px, 0]);
  return changed;
}

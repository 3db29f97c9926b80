import { type Instrument, unitsOf } from '@tickpath/trading';
import type { BookLevel, MarketBar, MarketBook, MarketTrade } from '../../src/core/market/event.ts';

export function instrument(symbol: string): Instrument {
  const isPair = symbol.includes('/');
  return { symbol, assetClass: isPair ? 'crypto' : 'us_equity', priceDecimals: isPair ? 9 : 6, qtyDecimals: 9 };
}

export const IBM = instrument('IBM');
export const BTC = instrument('BTC/USD');

export function px(text: string, of: Instrument = IBM): number {
  return unitsOf(text, of.priceDecimals);
}

export function sz(text: string, of: Instrument = IBM): number {
  return unitsOf(text, of.qtyDecimals);
}

export function level(price: string, size: string, of: Instrument = BTC): BookLevel {
  return [px(price, of), sz(size, of)];
}

/** A trade of 100 IBM at 180.00, a regular sale on tape A, unless told otherwise. */
export function trade(fields: Partial<MarketTrade> = {}): MarketTrade {
  return {
    kind: 'trade',
    instrument: IBM,
    tsNs: at('09:30:00'),
    id: 1,
    px: px('180'),
    sz: sz('100'),
    exchange: 'N',
    conditions: [' '],
    tape: 'A',
    takerSide: null,
    isLastSale: true,
    ...fields,
  };
}

export function book(fields: Partial<MarketBook> = {}): MarketBook {
  return { kind: 'book', instrument: BTC, tsNs: 1n, reset: false, bids: [], asks: [], ...fields };
}

/** A time of 2013-10-07 in New York. */
export function at(time: string): bigint {
  return BigInt(Date.parse(`2013-10-07T${time}-04:00`)) * 1_000_000n;
}

/** The bars of one kind among these. */
export function only(bars: readonly MarketBar[], kind: MarketBar['kind']): MarketBar[] {
  return bars.filter((bar) => bar.kind === kind);
}

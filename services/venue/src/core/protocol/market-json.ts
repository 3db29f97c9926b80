import { bigUnitsText, type Instrument, unitsText } from '@tickpath/trading';
import type {
  BookLevel,
  MarketBar,
  MarketBook,
  MarketCancelError,
  MarketCorrection,
  MarketEvent,
  MarketImbalance,
  MarketLuld,
  MarketQuote,
  MarketStatus,
  MarketTrade,
} from '../market/event.ts';
import { BAR_LETTERS, createMarketTexts, type MarketTexts } from './market-texts.ts';

/**
 * Writes events as the JSON texts of Alpaca's stream, one object each: fields in Alpaca's order with `T` first, which its Go
 * client needs, and prices and sizes as JSON numbers that are exactly what the market has.
 */
export function createJsonWriter(): (event: MarketEvent) => string {
  const texts = createMarketTexts();
  return (event) => messageText(event, texts);
}

function messageText(event: MarketEvent, texts: MarketTexts): string {
  switch (event.kind) {
    case 'trade':
      return tradeText(event, texts);
    case 'quote':
      return quoteText(event, texts);
    case 'book':
      return bookText(event, texts);
    case 'bar':
    case 'updatedBar':
    case 'dailyBar': {
      const { kind, instrument, tsNs } = event;
      const S = texts.quoted(instrument.symbol);
      return `{"T":"${BAR_LETTERS[kind]}","S":${S},${barFieldsText(event, instrument)},"t":${texts.time(tsNs)}}`;
    }
    case 'correction':
      return correctionText(event, texts);
    case 'cancelError':
    case 'status':
    case 'luld':
    case 'imbalance':
      return noticeText(event, texts);
  }
}

function noticeText(
  event: MarketCancelError | MarketStatus | MarketLuld | MarketImbalance,
  { quoted, time }: MarketTexts,
): string {
  const { priceDecimals, qtyDecimals, symbol } = event.instrument;
  const px = (units: number) => unitsText(units, priceDecimals);
  const S = quoted(symbol);
  const z = quoted(event.tape);
  const t = time(event.tsNs);
  switch (event.kind) {
    case 'cancelError':
      return (
        `{"T":"x","S":${S},"i":${event.id},"x":${quoted(event.exchange)},"p":${px(event.px)},` +
        `"s":${unitsText(event.sz, qtyDecimals)},"a":"${event.action}","z":${z},"t":${t}}`
      );
    case 'status':
      return (
        `{"T":"s","S":${S},"sc":${quoted(event.statusCode)},"sm":${quoted(event.statusMessage)},` +
        `"rc":${quoted(event.reasonCode)},"rm":${quoted(event.reasonMessage)},"t":${t},"z":${z}}`
      );
    case 'luld':
      return `{"T":"l","S":${S},"u":${px(event.upPx)},"d":${px(event.downPx)},"i":${quoted(event.indicator)},"t":${t},"z":${z}}`;
    case 'imbalance':
      return `{"T":"i","S":${S},"p":${px(event.px)},"z":${z},"t":${t}}`;
  }
}

function tradeText(trade: MarketTrade, texts: MarketTexts): string {
  const { instrument, id, tsNs } = trade;
  const S = texts.quoted(instrument.symbol);
  const p = unitsText(trade.px, instrument.priceDecimals);
  const s = unitsText(trade.sz, instrument.qtyDecimals);
  const t = texts.time(tsNs);
  if (instrument.assetClass === 'crypto') {
    const tks = trade.takerSide === null ? '' : `,"tks":"${trade.takerSide}"`;
    return `{"T":"t","S":${S},"p":${p},"s":${s},"t":${t},"i":${id}${tks}}`;
  }
  return (
    `{"T":"t","S":${S},"i":${id},"x":${texts.quoted(trade.exchange)},"p":${p},"s":${s},` +
    `"c":${texts.quotedList(trade.conditions)},"z":${texts.quoted(trade.tape)},"t":${t}}`
  );
}

function quoteText(quote: MarketQuote, texts: MarketTexts): string {
  const { instrument, tsNs } = quote;
  const { priceDecimals, qtyDecimals } = instrument;
  const S = texts.quoted(instrument.symbol);
  const bp = unitsText(quote.bidPx, priceDecimals);
  const bs = unitsText(quote.bidSz, qtyDecimals);
  const ap = unitsText(quote.askPx, priceDecimals);
  const as = unitsText(quote.askSz, qtyDecimals);
  const t = texts.time(tsNs);
  if (instrument.assetClass === 'crypto') {
    return `{"T":"q","S":${S},"bp":${bp},"bs":${bs},"ap":${ap},"as":${as},"t":${t}}`;
  }
  return (
    `{"T":"q","S":${S},"bx":${texts.quoted(quote.bidExchange)},"bp":${bp},"bs":${bs},` +
    `"ax":${texts.quoted(quote.askExchange)},"ap":${ap},"as":${as},"c":${texts.quotedList(quote.conditions)},` +
    `"z":${texts.quoted(quote.tape)},"t":${t}}`
  );
}

function correctionText(event: MarketCorrection, texts: MarketTexts): string {
  const { instrument, original, corrected } = event;
  const { priceDecimals, qtyDecimals } = instrument;
  const facts = (letter: 'o' | 'c', { id, px, sz, conditions }: MarketCorrection['original']) =>
    `"${letter}i":${id},"${letter}p":${unitsText(px, priceDecimals)},"${letter}s":${unitsText(sz, qtyDecimals)},` +
    `"${letter}c":${texts.quotedList(conditions)}`;
  return (
    `{"T":"c","S":${texts.quoted(instrument.symbol)},"x":${texts.quoted(event.exchange)},${facts('o', original)},` +
    `${facts('c', corrected)},"z":${texts.quoted(event.tape)},"t":${texts.time(event.tsNs)}}`
  );
}

/** The numbers of a bar, as the stream and the REST have them. */
export function barFieldsText(bar: Omit<MarketBar, 'kind' | 'instrument' | 'tsNs'>, instrument: Instrument): string {
  const { priceDecimals, qtyDecimals } = instrument;
  const px = (units: number) => unitsText(units, priceDecimals);
  return (
    `"o":${px(bar.open)},"h":${px(bar.high)},"l":${px(bar.low)},"c":${px(bar.close)},` +
    `"v":${bigUnitsText(bar.volume, qtyDecimals)},"n":${bar.tradeCount},"vw":${bar.vwap}`
  );
}

/** Levels of a book as a JSON array of `{p, s}`. */
export function levelsText(levels: readonly BookLevel[], { priceDecimals, qtyDecimals }: Instrument): string {
  const texts = levels.map(([px, sz]) => `{"p":${unitsText(px, priceDecimals)},"s":${unitsText(sz, qtyDecimals)}}`);
  return `[${texts.join(',')}]`;
}

/** `r` only on a whole book. */
function bookText({ instrument, tsNs, bids, asks, reset }: MarketBook, { quoted, time }: MarketTexts): string {
  const levels = `"b":${levelsText(bids, instrument)},"a":${levelsText(asks, instrument)}`;
  return `{"T":"o","S":${quoted(instrument.symbol)},"t":${time(tsNs)},${levels}${reset ? ',"r":true' : ''}}`;
}

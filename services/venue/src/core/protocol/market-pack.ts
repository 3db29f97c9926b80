import { bigUnitsText, type Instrument } from '@tickpath/trading';
import type { BookLevel, MarketBar, MarketEvent, MarketQuote, MarketTrade, TradeFacts } from '../market/event.ts';
import { PackWriter } from './market-pack-writer.ts';
import type { ControlMessage } from './market-session.ts';
import { BAR_LETTERS } from './market-texts.ts';

/**
 * Writes events and control messages as MessagePack maps with the fields of the JSON ones in the same order. Prices are
 * doubles; sizes of equities are integers where they are whole, as Alpaca's are.
 */
export interface MarketPackWriter {
  event(event: MarketEvent): Uint8Array;
  control(message: ControlMessage): Uint8Array;
  arrayHeader(size: number): Uint8Array;
}

export function createPackWriter(): MarketPackWriter {
  const writer = new PackWriter();
  return {
    event(event) {
      writeEvent(writer, event);
      return writer.take();
    },
    control(message) {
      const fields = Object.entries(message);
      writer.map(fields.length);
      for (const [key, value] of fields) {
        writer.text(key);
        if (typeof value === 'number') writer.integer(value);
        else if (typeof value === 'string') writer.text(value);
        else writer.texts(value);
      }
      return writer.take();
    },
    arrayHeader(size) {
      writer.array(size);
      return writer.take();
    },
  };
}

function writeEvent(out: PackWriter, event: MarketEvent): void {
  const { instrument } = event;
  switch (event.kind) {
    case 'trade':
      return writeTrade(out, event);
    case 'quote':
      return writeQuote(out, event);
    case 'bar':
    case 'updatedBar':
    case 'dailyBar':
      return writeBar(out, event);
    case 'book':
      begin(out, { T: 'o', instrument, fields: event.reset ? 6 : 5 });
      timeField(out, event.tsNs);
      levels(out, 'b', event.bids, instrument);
      levels(out, 'a', event.asks, instrument);
      if (!event.reset) return;
      out.text('r');
      return out.boolean(true);
    case 'correction':
      begin(out, { T: 'c', instrument, fields: 13 });
      textField(out, 'x', event.exchange);
      facts(out, 'o', event.original, instrument);
      facts(out, 'c', event.corrected, instrument);
      textField(out, 'z', event.tape);
      return timeField(out, event.tsNs);
    case 'cancelError':
      begin(out, { T: 'x', instrument, fields: 9 });
      integerField(out, 'i', event.id);
      textField(out, 'x', event.exchange);
      priceField(out, 'p', event.px, instrument);
      sizeField(out, 's', event.sz, instrument);
      textField(out, 'a', event.action);
      textField(out, 'z', event.tape);
      return timeField(out, event.tsNs);
    case 'status':
      begin(out, { T: 's', instrument, fields: 8 });
      textField(out, 'sc', event.statusCode);
      textField(out, 'sm', event.statusMessage);
      textField(out, 'rc', event.reasonCode);
      textField(out, 'rm', event.reasonMessage);
      timeField(out, event.tsNs);
      return textField(out, 'z', event.tape);
    case 'luld':
      begin(out, { T: 'l', instrument, fields: 7 });
      priceField(out, 'u', event.upPx, instrument);
      priceField(out, 'd', event.downPx, instrument);
      textField(out, 'i', event.indicator);
      timeField(out, event.tsNs);
      return textField(out, 'z', event.tape);
    case 'imbalance':
      begin(out, { T: 'i', instrument, fields: 5 });
      priceField(out, 'p', event.px, instrument);
      textField(out, 'z', event.tape);
      return timeField(out, event.tsNs);
  }
}

function writeTrade(out: PackWriter, trade: MarketTrade): void {
  const { instrument } = trade;
  if (instrument.assetClass === 'crypto') {
    begin(out, { T: 't', instrument, fields: trade.takerSide === null ? 6 : 7 });
    priceField(out, 'p', trade.px, instrument);
    sizeField(out, 's', trade.sz, instrument);
    timeField(out, trade.tsNs);
    integerField(out, 'i', trade.id);
    if (trade.takerSide !== null) textField(out, 'tks', trade.takerSide);
    return;
  }
  begin(out, { T: 't', instrument, fields: 9 });
  integerField(out, 'i', trade.id);
  textField(out, 'x', trade.exchange);
  priceField(out, 'p', trade.px, instrument);
  sizeField(out, 's', trade.sz, instrument);
  out.text('c');
  out.texts(trade.conditions);
  textField(out, 'z', trade.tape);
  timeField(out, trade.tsNs);
}

function writeQuote(out: PackWriter, quote: MarketQuote): void {
  const { instrument } = quote;
  const isCrypto = instrument.assetClass === 'crypto';
  begin(out, { T: 'q', instrument, fields: isCrypto ? 7 : 11 });
  if (!isCrypto) textField(out, 'bx', quote.bidExchange);
  priceField(out, 'bp', quote.bidPx, instrument);
  sizeField(out, 'bs', quote.bidSz, instrument);
  if (!isCrypto) textField(out, 'ax', quote.askExchange);
  priceField(out, 'ap', quote.askPx, instrument);
  sizeField(out, 'as', quote.askSz, instrument);
  if (!isCrypto) {
    out.text('c');
    out.texts(quote.conditions);
    textField(out, 'z', quote.tape);
  }
  timeField(out, quote.tsNs);
}

function writeBar(out: PackWriter, bar: MarketBar): void {
  const { instrument } = bar;
  begin(out, { T: BAR_LETTERS[bar.kind], instrument, fields: 10 });
  priceField(out, 'o', bar.open, instrument);
  priceField(out, 'h', bar.high, instrument);
  priceField(out, 'l', bar.low, instrument);
  priceField(out, 'c', bar.close, instrument);
  out.text('v');
  quantity(out, Number(bigUnitsText(bar.volume, instrument.qtyDecimals)), instrument);
  integerField(out, 'n', bar.tradeCount);
  out.text('vw');
  out.float(Number(bar.vwap));
  timeField(out, bar.tsNs);
}

/** `T` and `S`, which every message begins with. */
function begin(out: PackWriter, message: { T: string; instrument: Instrument; fields: number }): void {
  out.map(message.fields);
  textField(out, 'T', message.T);
  textField(out, 'S', message.instrument.symbol);
}

function textField(out: PackWriter, key: string, value: string): void {
  out.text(key);
  out.text(value);
}

function integerField(out: PackWriter, key: string, value: number): void {
  out.text(key);
  out.integer(value);
}

function timeField(out: PackWriter, tsNs: bigint): void {
  out.text('t');
  out.time(tsNs);
}

// Units and the power of ten are exact doubles, so their quotient is the double nearest to the decimal.
function priceField(out: PackWriter, key: string, units: number, { priceDecimals }: Instrument): void {
  out.text(key);
  out.float(units / 10 ** priceDecimals);
}

function sizeField(out: PackWriter, key: string, units: number, instrument: Instrument): void {
  out.text(key);
  quantity(out, units / 10 ** instrument.qtyDecimals, instrument);
}

function quantity(out: PackWriter, value: number, { assetClass }: Instrument): void {
  if (assetClass === 'us_equity' && Number.isSafeInteger(value)) out.integer(value);
  else out.float(value);
}

function facts(out: PackWriter, letter: 'o' | 'c', trade: TradeFacts, instrument: Instrument): void {
  integerField(out, `${letter}i`, trade.id);
  priceField(out, `${letter}p`, trade.px, instrument);
  sizeField(out, `${letter}s`, trade.sz, instrument);
  out.text(`${letter}c`);
  out.texts(trade.conditions);
}

function levels(out: PackWriter, key: string, of: readonly BookLevel[], instrument: Instrument): void {
  out.text(key);
  out.array(of.length);
  for (const [px, sz] of of) {
    out.map(2);
    priceField(out, 'p', px, instrument);
    sizeField(out, 's', sz, instrument);
  }
}

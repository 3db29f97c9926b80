import { type Instrument, unitsText } from '@tickpath/trading';
import type { PastBook, SymbolHistory } from '../market/history.ts';
import type { PastBar, PastQuote, PastRows, PastTrade } from '../market/history-rows.ts';
import { type DataKind, type PastRequest, pageToken } from './market-data-request.ts';
import { barFieldsText, levelsText } from './market-json.ts';
import { type PastItem, pastBars, pastItems } from './market-past.ts';
import type { MarketTexts } from './market-texts.ts';

/** Writes rows as the JSON objects of Alpaca's data REST: numbers digit for digit as the market has them. */
export interface RestWriter {
  trade(trade: PastTrade, instrument: Instrument): string;
  quote(quote: PastQuote, instrument: Instrument): string;
  bar(bar: PastBar, instrument: Instrument): string;
  book(book: PastBook, instrument: Instrument): string;
}

export function createRestWriter(texts: MarketTexts): RestWriter {
  return {
    trade(trade, instrument) {
      const { id, update, takerSide } = trade;
      const t = texts.time(trade.tsNs);
      const p = unitsText(trade.px, instrument.priceDecimals);
      const s = unitsText(trade.sz, instrument.qtyDecimals);
      if (instrument.assetClass === 'crypto') {
        return `{"t":${t},"p":${p},"s":${s},${takerSide === null ? '' : `"tks":"${takerSide}",`}"i":${id}}`;
      }
      const u = update === null ? '' : `,"u":"${update}"`;
      return (
        `{"t":${t},"x":${texts.quoted(trade.exchange)},"p":${p},"s":${s},` +
        `"c":${texts.quotedList(trade.conditions)},"i":${id},"z":${texts.quoted(trade.tape)}${u}}`
      );
    },
    quote(quote, { assetClass, priceDecimals, qtyDecimals }) {
      const t = texts.time(quote.tsNs);
      const bp = unitsText(quote.bidPx, priceDecimals);
      const bs = unitsText(quote.bidSz, qtyDecimals);
      const ap = unitsText(quote.askPx, priceDecimals);
      const as = unitsText(quote.askSz, qtyDecimals);
      if (assetClass === 'crypto') return `{"t":${t},"bp":${bp},"bs":${bs},"ap":${ap},"as":${as}}`;
      return (
        `{"t":${t},"ax":${texts.quoted(quote.askExchange)},"ap":${ap},"as":${as},` +
        `"bx":${texts.quoted(quote.bidExchange)},"bp":${bp},"bs":${bs},` +
        `"c":${texts.quotedList(quote.conditions)},"z":${texts.quoted(quote.tape)}}`
      );
    },
    bar: (bar, instrument) => `{"t":${texts.time(bar.tsNs)},${barFieldsText(bar, instrument)}}`,
    book: ({ tsNs, bids, asks }, instrument) =>
      `{"t":${texts.time(tsNs)},"b":${levelsText(bids, instrument)},"a":${levelsText(asks, instrument)}}`,
  };
}

/** Rows of each symbol that has some, as JSON texts, and the token of the next page. */
export interface Page {
  readonly rows: ReadonlyMap<string, readonly string[]>;
  readonly nextPageToken: string | null;
}

/** One page: the symbols in their order, the rows of each by time. */
export function pageOf(
  request: PastRequest,
  { kind, of, writer }: { kind: DataKind; of(symbol: string): SymbolHistory | undefined; writer: RestWriter },
): Page {
  const rows = new Map<string, string[]>();
  const { after, limit, timeframe } = request;
  let left = limit;
  let last: { symbol: string; tsNs: bigint; sequence: number } | null = null;
  for (const symbol of request.symbols) {
    if (after !== null && symbol < after.symbol) continue;
    const history = of(symbol);
    if (history === undefined) continue;
    const range = { ...request, after: after?.symbol === symbol ? after : null };
    for (const { tsNs, sequence, row } of textItems(history, { kind, range, writer })) {
      if (left === 0) return { rows, nextPageToken: last === null ? null : pageToken(last, { kind, timeframe }) };
      const ofSymbol = rows.get(symbol);
      if (ofSymbol === undefined) rows.set(symbol, [row()]);
      else ofSymbol.push(row());
      left -= 1;
      last = { symbol, tsNs, sequence };
    }
  }
  return { rows, nextPageToken: null };
}

function* textItems(
  history: SymbolHistory,
  { kind, range, writer }: { kind: DataKind; range: PastRequest; writer: RestWriter },
): Generator<PastItem<() => string>> {
  const { instrument, trades, quotes } = history;
  const { timeframe } = range;
  if (kind === 'trades') {
    for (const item of pastItems(trades, range)) yield { ...item, row: () => writer.trade(item.row, instrument) };
  } else if (kind === 'quotes') {
    for (const item of pastItems(quotes, range)) yield { ...item, row: () => writer.quote(item.row, instrument) };
  } else if (timeframe !== null) {
    const bars = pastBars(history, { range, timeframe });
    for (const item of bars) yield { ...item, row: () => writer.bar(item.row, instrument) };
  }
}

/** The newest row up to the market's now that counts; `undefined` when there is none. */
export function latestOf<Row>(
  rows: PastRows<Row>,
  { nowNs, counts = () => true }: { readonly nowNs: bigint; readonly counts?: (row: Row) => boolean },
): Row | undefined {
  for (let index = rows.series.rowAt(nowNs + 1n) - 1; index >= 0; index -= 1) {
    const row = rows.at(index);
    if (counts(row)) return row;
  }
  return undefined;
}

/** True for a trade that has not been taken back or replaced. */
export function stands({ update }: PastTrade): boolean {
  return update === null || update === 'corrected';
}

/** Latest trade and quote, newest minute, newest day and the day before it, as the snapshots have them. */
export function snapshotText(history: SymbolHistory, { nowNs, writer }: { nowNs: bigint; writer: RestWriter }): string {
  const { instrument, trades, quotes, minuteBars, dailyBars } = history;
  const trade = latestOf(trades, { nowNs, counts: stands });
  const quote = latestOf(quotes, { nowNs });
  const minute = latestOf(minuteBars, { nowNs });
  const day = latestOf(dailyBars, { nowNs });
  const dayBefore = day === undefined ? undefined : latestOf(dailyBars, { nowNs: day.tsNs - 1n });
  const barText = (bar: PastBar | undefined) => (bar === undefined ? 'null' : writer.bar(bar, instrument));
  return (
    `{"latestTrade":${trade === undefined ? 'null' : writer.trade(trade, instrument)},` +
    `"latestQuote":${quote === undefined ? 'null' : writer.quote(quote, instrument)},` +
    `"minuteBar":${barText(minute)},"dailyBar":${barText(day)},"prevDailyBar":${barText(dayBefore)}}`
  );
}

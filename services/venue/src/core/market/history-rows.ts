import { bigUnitsText, type DecimalText } from '@tickpath/trading';
import type { MarketBar, MarketCancelError, MarketCorrection, MarketQuote, MarketTrade } from './event.ts';
import { type ListCodes, Series, type TextCodes } from './history-series.ts';

/** What has become of a trade since: `corrected` is the new version of one that is now `incorrect`. */
export type TradeUpdate = 'canceled' | 'corrected' | 'incorrect';

/** A trade as it is remembered. */
export type PastTrade = Omit<MarketTrade, 'kind' | 'instrument' | 'isLastSale'> & {
  readonly update: TradeUpdate | null;
};
export type PastQuote = Omit<MarketQuote, 'kind' | 'instrument' | 'updates'>;
export type PastBar = Omit<MarketBar, 'kind' | 'instrument'>;

/** Rows of one kind and how to read one. */
export interface PastRows<Row> {
  readonly series: Series;
  at(row: number): Row;
}

/** The numbers that stand for texts, shared by all symbols. */
export interface Codes {
  readonly texts: TextCodes;
  readonly lists: ListCodes;
}

const UPDATES: readonly (TradeUpdate | null)[] = [null, 'canceled', 'corrected', 'incorrect'];
const TAKER_SIDES: readonly ('B' | 'S' | null)[] = [null, 'B', 'S'];
/** Columns of numbers and of codes. */
const TRADE = { px: 0, sz: 1, id: 2 } as const;
const TRADE_CODE = { exchange: 0, conditions: 1, tape: 2, takerSide: 3, update: 4 } as const;
const QUOTE = { bidPx: 0, bidSz: 1, askPx: 2, askSz: 3 } as const;
const QUOTE_CODE = { bidExchange: 0, askExchange: 1, conditions: 2, tape: 3 } as const;
/** Volume and VWAP take two columns each. */
const BAR = { open: 0, high: 1, low: 2, close: 3, tradeCount: 4, volume: 5, vwap: 7 } as const;
const VWAP_DECIMALS = 6;
const LOW_BITS = 40n;
const LOW_SCALE = 2 ** Number(LOW_BITS);

export class TradeRows implements PastRows<PastTrade> {
  readonly series: Series;
  readonly #codes: Codes;

  constructor(codes: Codes, limit: number) {
    this.#codes = codes;
    this.series = new Series({ numbers: 3, codes: 5, limit });
  }

  add(trade: Omit<PastTrade, 'update'>, update: TradeUpdate | null): void {
    const { series } = this;
    const row = series.insert(trade.tsNs);
    if (row < 0) return;
    const { texts, lists } = this.#codes;
    series.setNumber(TRADE.px, row, trade.px);
    series.setNumber(TRADE.sz, row, trade.sz);
    series.setNumber(TRADE.id, row, trade.id);
    series.setCode(TRADE_CODE.exchange, row, texts.codeOf(trade.exchange));
    series.setCode(TRADE_CODE.conditions, row, lists.codeOf(trade.conditions));
    series.setCode(TRADE_CODE.tape, row, texts.codeOf(trade.tape));
    series.setCode(TRADE_CODE.takerSide, row, TAKER_SIDES.indexOf(trade.takerSide));
    series.setCode(TRADE_CODE.update, row, UPDATES.indexOf(update));
  }

  at(row: number): PastTrade {
    const { series } = this;
    const { texts, lists } = this.#codes;
    return {
      tsNs: series.timeAt(row),
      id: series.numberAt(TRADE.id, row),
      px: series.numberAt(TRADE.px, row),
      sz: series.numberAt(TRADE.sz, row),
      exchange: texts.textOf(series.codeAt(TRADE_CODE.exchange, row)),
      conditions: lists.listOf(series.codeAt(TRADE_CODE.conditions, row)),
      tape: texts.textOf(series.codeAt(TRADE_CODE.tape, row)),
      takerSide: TAKER_SIDES[series.codeAt(TRADE_CODE.takerSide, row)] ?? null,
      update: this.#updateAt(row),
    };
  }

  /** The original stays, marked, and its correction goes beside it: both at the time of the trade. */
  correct({ original, corrected, originalNs, exchange, tape }: MarketCorrection): void {
    const row = this.#mark(originalNs, original.id, 'incorrect');
    const takerSide = row < 0 ? null : this.at(row).takerSide;
    this.add({ ...corrected, tsNs: originalNs, exchange, tape, takerSide }, 'corrected');
  }

  cancel({ originalNs, id }: MarketCancelError): void {
    this.#mark(originalNs, id, 'canceled');
  }

  #updateAt(row: number): TradeUpdate | null {
    return UPDATES[this.series.codeAt(TRADE_CODE.update, row)] ?? null;
  }

  /** The row of the trade that still stood until now, −1 when none is remembered. */
  #mark(tsNs: bigint, id: number, update: TradeUpdate): number {
    const { series } = this;
    for (let row = series.rowAt(tsNs); row < series.length && series.timeAt(row) === tsNs; row += 1) {
      const before = this.#updateAt(row);
      if (series.numberAt(TRADE.id, row) !== id || before === 'canceled' || before === 'incorrect') continue;
      series.setCode(TRADE_CODE.update, row, UPDATES.indexOf(update));
      return row;
    }
    return -1;
  }
}

export class QuoteRows implements PastRows<PastQuote> {
  readonly series: Series;
  readonly #codes: Codes;

  constructor(codes: Codes, limit: number) {
    this.#codes = codes;
    this.series = new Series({ numbers: 4, codes: 4, limit });
  }

  add(quote: MarketQuote): void {
    const { series } = this;
    const row = series.insert(quote.tsNs);
    if (row < 0) return;
    const { texts, lists } = this.#codes;
    series.setNumber(QUOTE.bidPx, row, quote.bidPx);
    series.setNumber(QUOTE.bidSz, row, quote.bidSz);
    series.setNumber(QUOTE.askPx, row, quote.askPx);
    series.setNumber(QUOTE.askSz, row, quote.askSz);
    series.setCode(QUOTE_CODE.bidExchange, row, texts.codeOf(quote.bidExchange));
    series.setCode(QUOTE_CODE.askExchange, row, texts.codeOf(quote.askExchange));
    series.setCode(QUOTE_CODE.conditions, row, lists.codeOf(quote.conditions));
    series.setCode(QUOTE_CODE.tape, row, texts.codeOf(quote.tape));
  }

  at(row: number): PastQuote {
    const { series } = this;
    const { texts, lists } = this.#codes;
    return {
      tsNs: series.timeAt(row),
      bidPx: series.numberAt(QUOTE.bidPx, row),
      bidSz: series.numberAt(QUOTE.bidSz, row),
      askPx: series.numberAt(QUOTE.askPx, row),
      askSz: series.numberAt(QUOTE.askSz, row),
      bidExchange: texts.textOf(series.codeAt(QUOTE_CODE.bidExchange, row)),
      askExchange: texts.textOf(series.codeAt(QUOTE_CODE.askExchange, row)),
      conditions: lists.listOf(series.codeAt(QUOTE_CODE.conditions, row)),
      tape: texts.textOf(series.codeAt(QUOTE_CODE.tape, row)),
    };
  }
}

export class BarRows implements PastRows<PastBar> {
  readonly series: Series;

  constructor(limit: number) {
    this.series = new Series({ numbers: 9, codes: 0, limit });
  }

  /** The bar of a time that has one already takes its place. */
  put(bar: PastBar): void {
    const { series } = this;
    const found = series.rowAt(bar.tsNs);
    const isKnown = found < series.length && series.timeAt(found) === bar.tsNs;
    const row = isKnown ? found : series.insert(bar.tsNs);
    if (row < 0) return;
    series.setNumber(BAR.open, row, bar.open);
    series.setNumber(BAR.high, row, bar.high);
    series.setNumber(BAR.low, row, bar.low);
    series.setNumber(BAR.close, row, bar.close);
    series.setNumber(BAR.tradeCount, row, bar.tradeCount);
    this.#setWide(BAR.volume, row, bar.volume);
    this.#setWide(BAR.vwap, row, vwapUnits(bar.vwap));
  }

  at(row: number): PastBar {
    const { series } = this;
    return {
      tsNs: series.timeAt(row),
      open: series.numberAt(BAR.open, row),
      high: series.numberAt(BAR.high, row),
      low: series.numberAt(BAR.low, row),
      close: series.numberAt(BAR.close, row),
      tradeCount: series.numberAt(BAR.tradeCount, row),
      volume: this.#wideAt(BAR.volume, row),
      vwap: bigUnitsText(this.#wideAt(BAR.vwap, row), VWAP_DECIMALS),
    };
  }

  #setWide(column: number, row: number, value: bigint): void {
    this.series.setNumber(column, row, Number(value >> LOW_BITS));
    this.series.setNumber(column + 1, row, Number(value & BigInt(LOW_SCALE - 1)));
  }

  #wideAt(column: number, row: number): bigint {
    const high = BigInt(this.series.numberAt(column, row));
    return (high << LOW_BITS) + BigInt(this.series.numberAt(column + 1, row));
  }
}

/** A VWAP in millionths. */
export function vwapUnits(vwap: DecimalText): bigint {
  const [whole = '0', fraction = ''] = vwap.split('.');
  return BigInt(whole + fraction.padEnd(VWAP_DECIMALS, '0'));
}

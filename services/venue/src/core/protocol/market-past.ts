import { bigUnitsText } from '@tickpath/trading';
import { divideHalfEven } from '../market/bars-aggregate.ts';
import type { SymbolHistory } from '../market/history.ts';
import { type PastBar, type PastRows, vwapUnits } from '../market/history-rows.ts';
import type { Series, SeriesPosition } from '../market/history-series.ts';
import type { PastRequest } from './market-data-request.ts';
import { isIntraday, spanOf, type Timeframe } from './market-timeframe.ts';

/** A row of an answer with the place it has in the order of its symbol. */
export interface PastItem<Row> extends SeriesPosition {
  readonly row: Row;
}

type Range = Pick<PastRequest, 'startNs' | 'endNs' | 'isDescending'> & { readonly after: SeriesPosition | null };

const VWAP_DECIMALS = 6;

/** Trades or quotes of a range, one after the other; read them before anything is added. */
export function* pastItems<Row>(rows: PastRows<Row>, range: Range): Generator<PastItem<Row>> {
  for (const row of rowsOf(rows.series, range)) yield { ...rows.series.positionAt(row), row: rows.at(row) };
}

function* rowsOf(series: Series, { startNs, endNs, isDescending, after }: Range): Generator<number> {
  let from = series.rowAt(startNs);
  let to = series.rowAt(endNs + 1n);
  if (after !== null && !isDescending) from = Math.max(from, series.rowAfter(after));
  if (after !== null && isDescending) to = Math.min(to, series.rowAfter({ ...after, sequence: after.sequence - 1 }));
  if (isDescending) for (let row = to - 1; row >= from; row -= 1) yield row;
  else for (let row = from; row < to; row += 1) yield row;
}

/** Bars of a range whose left edge is in it, made of the minute or daily bars that are remembered. */
export function* pastBars(
  { minuteBars, dailyBars }: Pick<SymbolHistory, 'minuteBars' | 'dailyBars'>,
  { range, timeframe }: { readonly range: Range; readonly timeframe: Timeframe },
): Generator<PastItem<PastBar>> {
  const rows = isIntraday(timeframe) ? minuteBars : dailyBars;
  const { series } = rows;
  const { startNs, endNs, isDescending, after } = range;
  const barIn = (from: number, to: number, tsNs: bigint): PastItem<PastBar> => {
    const bars: PastBar[] = [];
    for (let row = from; row < to; row += 1) bars.push(rows.at(row));
    return { tsNs, sequence: 0, row: { ...mergedBar(bars), tsNs } };
  };
  if (isDescending) {
    let row = series.rowAt(endNs + 1n) - 1;
    while (row >= 0) {
      const span = spanOf(timeframe, series.timeAt(row));
      if (span.startNs < startNs) return;
      const from = series.rowAt(span.startNs);
      if (after === null || span.startNs < after.tsNs) yield barIn(from, series.rowAt(span.endNs), span.startNs);
      row = from - 1;
    }
    return;
  }
  let row = series.rowAt(after === null ? startNs : after.tsNs);
  while (row < series.length) {
    const span = spanOf(timeframe, series.timeAt(row));
    if (span.startNs > endNs) return;
    const to = series.rowAt(span.endNs);
    const isWanted = span.startNs >= startNs && (after === null || span.startNs > after.tsNs);
    if (isWanted) yield barIn(series.rowAt(span.startNs), to, span.startNs);
    row = to;
  }
}

/** First open, highest high, lowest low, last close, volumes and counts added up, VWAP weighted by volume. */
function mergedBar(bars: readonly PastBar[]): PastBar {
  const [first, ...rest] = bars;
  if (first === undefined) throw new RangeError('a bar is made of one at least');
  if (rest.length === 0) return first;
  let { high, low, close, volume, tradeCount } = first;
  let weighted = vwapUnits(first.vwap) * volume;
  for (const bar of rest) {
    high = Math.max(high, bar.high);
    low = Math.min(low, bar.low);
    close = bar.close;
    volume += bar.volume;
    tradeCount += bar.tradeCount;
    weighted += vwapUnits(bar.vwap) * bar.volume;
  }
  const vwap = bigUnitsText(divideHalfEven(weighted, volume), VWAP_DECIMALS);
  return { ...first, high, low, close, volume, tradeCount, vwap };
}

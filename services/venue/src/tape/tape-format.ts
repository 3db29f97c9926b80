import { binanceRows, isBinanceRow } from './binance-raw.ts';
import { leanRows } from './lean-ticks.ts';
import type { ReaderSetup, RowReader } from './row-reader.ts';
import { TAPE_HEADER, tickpathRows } from './tickpath-csv.ts';

/** How a tape is to be read, and whether its first row is one to be read. */
export interface TapeFormat {
  readonly read: RowReader;
  readonly hasHeader: boolean;
}

/**
 * The format of a text, by its first row; the name decides only where rows say neither day nor symbol (LEAN). Throws
 * `RangeError` saying what was found.
 */
export function formatOf(firstRow: string, entryName: string, setup: ReaderSetup): TapeFormat {
  const row = firstRow.replace(/^\uFEFF/, '');
  if (row === TAPE_HEADER) return { read: tickpathRows(setup), hasHeader: true };
  if (isBinanceRow(row)) return { read: binanceRows(setup), hasHeader: false };
  const lean = leanRows(entryName, setup);
  if (lean !== null) return { read: lean, hasHeader: false };
  const columns = row.split(',').length;
  const isLean = /^\d+,/.test(row) && (columns === 6 || columns === 8);
  const hint = isLean ? `; LEAN ticks need a name like 20131007_ibm_Trade_Tick.csv, found ${entryName}` : '';
  throw new RangeError(`found ${JSON.stringify(row.slice(0, 120))}, expected the header "${TAPE_HEADER}"${hint}`);
}

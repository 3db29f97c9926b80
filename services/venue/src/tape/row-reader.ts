import type { Instrument } from '@tickpath/trading';
import type { SourceEvent } from '../core/market/event.ts';

/** The instrument of a symbol: the same object each time. Throws `RangeError` for text that names none. */
export type InstrumentOf = (symbol: string) => Instrument;

/** What a row has that its events do not show. */
export interface RowCounts {
  /** Rows that the recorder flagged as suspicious; they are played all the same. */
  suspicious: number;
}

export interface ReaderSetup {
  readonly instrumentOf: InstrumentOf;
  readonly counts: RowCounts;
}

/** Reads one row and appends what it shows to `out`. Throws `RangeError` saying what was found; the caller adds file and line. */
export type RowReader = (row: string, out: SourceEvent[]) => void;

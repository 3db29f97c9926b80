import type { VenueRules } from '../orders/state.ts';
import { nextCloseNs, nextOpenNs, phaseAtFor } from '../sessions.ts';
import { newYorkTimeText } from '../time-text.ts';

/** The market's clock as Alpaca's REST gives it: times with New York's offset. */
export interface ClockEntity {
  readonly timestamp: string;
  /** True in regular sessions only. */
  readonly is_open: boolean;
  readonly next_open: string;
  readonly next_close: string;
}

/**
 * The clock of equities at a moment of the market's own time. A market that never closes is always open; its days end and
 * begin at midnight of New York.
 */
export function clockEntity(hours: VenueRules['hours'], nowNs: bigint): ClockEntity {
  return {
    timestamp: newYorkTimeText(nowNs),
    is_open: phaseAtFor(hours)('us_equity', nowNs).phase === 'regular',
    next_open: newYorkTimeText(nextOpenNs(hours, 'us_equity', nowNs)),
    next_close: newYorkTimeText(nextCloseNs(hours, 'us_equity', nowNs)),
  };
}

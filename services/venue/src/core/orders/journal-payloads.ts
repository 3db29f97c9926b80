/** What the journal keeps of each event. Amounts are decimal text, times decimal text of Unix nanoseconds. */
import type { Json } from '@tickpath/journal';
import type { DecimalText } from '@tickpath/trading';
import type { OrderType, Side, TimeInForce } from '../matching/types.ts';
import type { PositionIntent } from './order.ts';

export interface AccountJson {
  readonly id: string;
  readonly accountNumber: string;
  readonly createdNs: string;
  /** In USD, before the first fill. */
  readonly cash: DecimalText;
}

/** One start of a market: its name, what is played, and what tells one tape or seed from another. */
export interface RunJson {
  readonly runId: string;
  readonly source: string;
  readonly sourceId: string;
  readonly startedNs: string;
}

/** How far the source of a run had come; only the source can read `position`. */
export interface MarketAtJson {
  readonly runId: string;
  readonly position: Json;
}

export interface OrderEventJson {
  readonly orderId: string;
  readonly eventId: string;
  readonly tsNs: string;
}

export interface ReportJson extends OrderEventJson {
  readonly execId: string;
}

export interface TermsJson {
  readonly clOrdId: string;
  readonly symbol: string;
  readonly side: Side;
  readonly type: OrderType;
  readonly timeInForce: TimeInForce;
  readonly orderQty: DecimalText;
  readonly limitPx: DecimalText | null;
  readonly stopPx: DecimalText | null;
  readonly trail: TrailJson | null;
  readonly hwmPx: DecimalText | null;
  readonly isTriggered: boolean;
  readonly extendedHours: boolean;
  readonly positionIntent: PositionIntent;
  readonly reservePx: DecimalText | null;
  readonly expiresNs: string | null;
  readonly replaces: string | null;
}

/** A distance in USD, or per cent. */
export type TrailJson =
  | { readonly by: 'price'; readonly px: DecimalText }
  | { readonly by: 'percent'; readonly percent: DecimalText };

export interface ReceivedJson extends OrderEventJson {
  readonly terms: TermsJson;
}

export interface ArrivedJson extends ReportJson {
  /** Of a replacement of which nothing was heard before. */
  readonly terms?: TermsJson;
  /** Of a replacement that is left with another quantity than it asked for. */
  readonly orderQty?: DecimalText;
}

export interface FillJson extends ReportJson {
  readonly lastQty: DecimalText;
  readonly lastPx: DecimalText;
  readonly liquidity: 'maker' | 'taker';
  readonly fee: DecimalText;
}

export interface ReplacedJson extends ReportJson {
  readonly replacedBy: string;
}

export interface TrailedJson extends ReportJson {
  readonly hwmPx: DecimalText;
  readonly stopPx: DecimalText;
}

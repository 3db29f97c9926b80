import type { AssetClass, Decimal, DecimalText, Instrument, Ledger } from '@tickpath/trading';
import type { AccountIdentity } from '../account/identity.ts';
import type { SourceEvent } from '../market/event.ts';
import type { MarketPast, MatcherState } from '../matching/matcher.ts';
import type { Side, SlippageModel, TradingPhase } from '../matching/types.ts';
import type { AssetOf } from '../reference/asset.ts';
import type { Refusal } from '../refusal.ts';
import type { DueQueue } from './dues.ts';
import type { FillEvent, NewOrder, OrderChanges, OrderEvent, VenueOrder } from './order.ts';

/** What an account may do and what trading costs it. The same for the life of a process. */
export interface VenueRules {
  readonly hours: 'always' | 'us-equities';
  /** Buying power in times of equity. */
  readonly multiplier: 1 | 2 | 4;
  readonly shorting: boolean;
  readonly latency: LatencyRules;
  readonly slippage: SlippageModel;
  readonly fees: FeeRules;
}

export interface LatencyRules {
  readonly orderNs: bigint;
  readonly cancelNs: bigint;
  /** At most so much on top: a hash of seed and order id decides, so that a restart draws the same. */
  readonly jitterNs: bigint;
  readonly seed: number;
}

export interface FeeRules {
  readonly perShareUsd: DecimalText;
  readonly makerBps: DecimalText;
  readonly takerBps: DecimalText;
  readonly regulatory: boolean;
}

/** A phase of trading, and when it ends; `null` never. */
export interface Session {
  readonly phase: TradingPhase;
  readonly untilNs: bigint | null;
}

export type SessionAt = (assetClass: AssetClass, tsNs: bigint) => Session;

/** What an open order may still take of the account: a quantity of its side, and cash for what it opens. */
export interface Commitment {
  readonly symbol: string;
  readonly side: Side;
  readonly qty: number;
  readonly usd: Decimal;
}

/** What all open orders of a symbol may still buy and sell, in units, and how many they are. */
export interface SymbolCommitment {
  readonly buyQty: bigint;
  readonly sellQty: bigint;
  readonly orders: number;
}

/** What a replacement that has not arrived yet is to take the place of. */
export interface PendingReplacement {
  readonly newOrderId: string;
  /** What the order to be replaced had filled when the replacement was asked for. */
  readonly cumQty: number;
}

/**
 * The whole state of the exchange. `step` and `applyEvent` change it in place; nothing else does. All but what is marked
 * as live follows from the events alone, so that a start folds its journal to the same state.
 */
export interface ExchangeState {
  readonly rules: VenueRules;
  readonly assetOf: AssetOf;
  readonly phaseAt: SessionAt;
  /** Makes ids of executions and events differ between starts; live. */
  readonly idScope: string;
  /** Live. */
  idCount: number;
  account: AccountIdentity;
  /** Cash and positions of the one account, fees included. */
  ledger: Ledger;
  readonly orders: Map<string, VenueOrder>;
  /** Ids of all orders in order of submission, so of their times: listings begin at either end. */
  readonly orderIds: string[];
  readonly orderIdByClOrdId: Map<string, string>;
  /** Ids of open orders in order of submission. */
  readonly open: Set<string>;
  /** Orders on their way to the market: created, and not yet `new`, `accepted` or closed. */
  readonly inFlight: Set<string>;
  /** Orders that matching holds, with their time priority. */
  readonly arrivals: Map<string, number>;
  /** The last time priority given. */
  arrivalCount: number;
  /** Orders whose cancel is on its way, closed meanwhile or not. */
  readonly pendingCancels: Set<string>;
  /** By the order to be replaced. */
  readonly replacements: Map<string, PendingReplacement>;
  /** What each open order may still take of the account, and the sums: by symbol, and in USD. */
  readonly commitments: Map<string, Commitment>;
  readonly committed: Map<string, SymbolCommitment>;
  /** Exact sum of what the open orders may still cost, in USD. */
  reservedUsd: Decimal;
  /** Every execution of the account, in order. */
  readonly fills: FillEvent[];
  /** Per symbol the price at which it last changed hands, in units: in the market's trades, or in a fill of this account. The former live. */
  readonly lastPx: Map<string, number>;
  /** The time of the last event, never going back, also over a restart. */
  lastNs: bigint;
  /** Up to when everything due has happened, in the market's time; `null` before the first input. It goes back when the source does. Live. */
  marketNs: bigint | null;
  /** By how much the stamps of events are ahead of a market whose time has gone back. Live. */
  aheadNs: bigint;
  /** The phases that matching has been told of. Live. */
  readonly sessions: Map<AssetClass, Session>;
  /** By symbol when its short-sale restriction ends, the earliest first. Live. */
  readonly restrictions: Map<string, bigint>;
  /** Live, as is what matching knows of the market; the orders in it follow from `arrivals`. */
  readonly dues: DueQueue;
  readonly matcher: MatcherState;
  /** Names under which matching holds an order that has taken another's place: its own and the first one's. Live. */
  readonly matchIds: Map<string, string>;
  readonly orderIdByMatchId: Map<string, string>;
}

export interface ExchangeSetup {
  readonly idScope: string;
  readonly rules: VenueRules;
  readonly assetOf: AssetOf;
  readonly phaseAt: SessionAt;
  readonly account: AccountIdentity;
  /** What the account holds before its first fill. */
  readonly cashUsd: DecimalText;
}

/**
 * `tsNs` is the market's time. That of an event may lag behind the others; any other input that is earlier than the one
 * before says that the source has gone back.
 */
export type ExchangeInput =
  | { readonly kind: 'market'; readonly event: SourceEvent; readonly tsNs: bigint }
  /** The source has come to a place whose trades before it are not shown; this is what they have left behind. */
  | { readonly kind: 'past'; readonly instrument: Instrument; readonly past: MarketPast; readonly tsNs: bigint }
  /** Time has come to `tsNs` without anything being shown: what was due by then happens. */
  | { readonly kind: 'clock'; readonly tsNs: bigint }
  | {
      readonly kind: 'submit';
      readonly order: NewOrder & { readonly clOrdId: string };
      readonly orderId: string;
      readonly tsNs: bigint;
    }
  | {
      readonly kind: 'replace';
      readonly orderId: string;
      readonly newOrderId: string;
      readonly changes: OrderChanges & { readonly clOrdId: string };
      readonly tsNs: bigint;
    }
  | { readonly kind: 'cancel'; readonly orderId: string; readonly tsNs: bigint }
  /** Cancels what is open and opens another account. */
  | { readonly kind: 'reset'; readonly account: AccountIdentity; readonly cashUsd: DecimalText; readonly tsNs: bigint };

export type ExchangeOutput =
  | OrderEvent
  | { readonly kind: 'refused'; readonly refusal: Refusal }
  | { readonly kind: 'account-opened'; readonly account: AccountIdentity; readonly cashUsd: DecimalText };

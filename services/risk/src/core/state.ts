import {
  type Decimal,
  decimal,
  type Ledger,
  type OrderIntent,
  type OrdStatus,
  openLedger,
  type Side,
  ZERO,
} from '@tickpath/trading';
import type { Payload } from '@tickpath/wire';

/** Limits in the account's currency (USD) and in units of the symbol, as decimals. */
export interface RiskLimits {
  readonly maxOrderNotionalUsd: Decimal;
  readonly maxPositionQty: Decimal;
  readonly maxPositionNotionalUsd: Decimal;
  readonly maxGrossNotionalUsd: Decimal;
}

export interface RiskConfig {
  /** Our own log as execution names it: `uuid/generation`. */
  readonly log: string;
  readonly limits: Readonly<Record<keyof RiskLimits, string>>;
}

/** The latest prices of a symbol as they came: text is turned into a decimal only when a decision needs it. */
export interface Market {
  bidPx: string | undefined;
  askPx: string | undefined;
  lastPx: string | undefined;
}

/** An approved order whose terminal event has not been applied: it holds its exposure. */
export interface Reservation {
  readonly clOrdId: string;
  readonly symbol: string;
  readonly side: Side;
  readonly status: OrdStatus;
  readonly cumQty: Decimal;
  readonly leavesQty: Decimal;
  /** When market-data received what caused the order; null for one found at the venue. */
  readonly receivedNs: bigint | null;
}

export type Decision = Payload<'riskDecision'>;

export interface RiskState {
  readonly config: RiskConfig;
  readonly limits: RiskLimits;
  ledger: Ledger;
  readonly markets: Map<string, Market>;
  readonly reservations: Map<string, Reservation>;
  /** Every clOrdId ever decided, with its answer: what makes a repeat of the same request get the same one. */
  readonly decisions: Map<string, { readonly decision: Decision; readonly intent: OrderIntent }>;
  /** Orders known from the execution log alone, approved by a risk before this one: their clOrdIds are taken. */
  readonly adopted: Set<string>;
  /** Worst-case exposure of each symbol, valued when it last changed; their sum is kept beside it. */
  readonly exposures: Map<string, Decimal>;
  grossExposure: Decimal;
  /** Symbols in which there is exposure, but no price has come yet to value it at. */
  readonly unvalued: Set<string>;
  /** The execution log that is followed, as approvals name it; undefined until risk has caught up with it. */
  executionLog: string | undefined;
  /** The last event of the execution log that has been applied. */
  executionSeq: number;
  /** What execution last said of itself in the log that is followed. */
  executionTrading: Payload<'TradingStateChanged'> | undefined;
  /** Whether execution follows our log: until then it may still send what a risk before this one approved. */
  seenByExecution: boolean;
  executionSilent: boolean;
  /** Why trading is halted; undefined while it is not. */
  halted: string | undefined;
}

export function openRisk(config: RiskConfig): RiskState {
  const { maxOrderNotionalUsd, maxPositionQty, maxPositionNotionalUsd, maxGrossNotionalUsd } = config.limits;
  return {
    config,
    limits: {
      maxOrderNotionalUsd: decimal(maxOrderNotionalUsd),
      maxPositionQty: decimal(maxPositionQty),
      maxPositionNotionalUsd: decimal(maxPositionNotionalUsd),
      maxGrossNotionalUsd: decimal(maxGrossNotionalUsd),
    },
    ledger: openLedger(ZERO),
    markets: new Map(),
    reservations: new Map(),
    decisions: new Map(),
    adopted: new Set(),
    exposures: new Map(),
    grossExposure: ZERO,
    unvalued: new Set(),
    executionLog: undefined,
    executionSeq: 0,
    executionTrading: undefined,
    seenByExecution: false,
    executionSilent: false,
    halted: undefined,
  };
}

/** Whether risk approves orders now, and if it does not approve all of them, why (DESIGN §5). */
export function tradingState(state: RiskState): Payload<'TradingStateChanged'> {
  if (state.halted !== undefined) return { state: 'HALTED', reasons: [state.halted] };
  const reasons: string[] = [];
  if (state.executionLog === undefined) reasons.push('the execution log has not been read to its end');
  else if (state.executionTrading?.state !== 'ACTIVE') {
    const why = state.executionTrading?.reasons.join('; ') ?? 'it has not taken the account from the venue';
    reasons.push(`execution is not ready: ${why}`);
  } else if (!state.seenByExecution) reasons.push('execution does not follow our log yet');
  if (reasons.length > 0) return { state: 'CATCHING_UP', reasons };
  if (state.executionSilent) return { state: 'REDUCING', reasons: ['no heartbeat from execution'] };
  return { state: 'ACTIVE', reasons: [] };
}

/** Signed position of the symbol. */
export function positionQty(state: RiskState, symbol: string): Decimal {
  return state.ledger.positions.get(symbol)?.qty ?? ZERO;
}

/** Open quantity of every reservation on one side of a symbol. */
export function openQty(state: RiskState, symbol: string, side: Side): Decimal {
  let sum = ZERO;
  for (const order of state.reservations.values()) {
    if (order.symbol === symbol && order.side === side) sum = sum.plus(order.leavesQty);
  }
  return sum;
}

/** What an order on this side would pay or get: the quote it would meet, else the last trade. */
export function referencePx(state: RiskState, symbol: string, side: Side): Decimal | undefined {
  const market = state.markets.get(symbol);
  const text = (side === 'BUY' ? market?.askPx : market?.bidPx) ?? market?.lastPx;
  return text === undefined ? undefined : decimal(text);
}

/** Price at which positions are valued: the last trade, else the middle of the quote. */
export function markPx(state: RiskState, symbol: string): Decimal | undefined {
  const market = state.markets.get(symbol);
  if (market === undefined) return undefined;
  if (market.lastPx !== undefined) return decimal(market.lastPx);
  if (market.bidPx === undefined || market.askPx === undefined) return undefined;
  return decimal(market.bidPx).plus(decimal(market.askPx)).div(2);
}

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
  readonly initialCashUsd: string;
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
}

export type Decision = Payload<'riskDecision'>;

export interface RiskState {
  readonly limits: RiskLimits;
  ledger: Ledger;
  readonly markets: Map<string, Market>;
  readonly reservations: Map<string, Reservation>;
  /** Every clOrdId ever decided, with its answer: what makes a repeat of the same request get the same one. */
  readonly decisions: Map<string, { readonly decision: Decision; readonly intent: OrderIntent }>;
  /** Worst-case exposure of each symbol, valued when it last changed; their sum is kept beside it. */
  readonly exposures: Map<string, Decimal>;
  grossExposure: Decimal;
  /** The execution log that is followed, as approvals name it; undefined until risk has caught up with it. */
  executionLog: string | undefined;
  /** The last event of the execution log that has been applied. */
  executionSeq: number;
  executionSilent: boolean;
  /** Why trading is halted; undefined while it is not. */
  halted: string | undefined;
}

export function openRisk(config: RiskConfig): RiskState {
  const { maxOrderNotionalUsd, maxPositionQty, maxPositionNotionalUsd, maxGrossNotionalUsd } = config.limits;
  return {
    limits: {
      maxOrderNotionalUsd: decimal(maxOrderNotionalUsd),
      maxPositionQty: decimal(maxPositionQty),
      maxPositionNotionalUsd: decimal(maxPositionNotionalUsd),
      maxGrossNotionalUsd: decimal(maxGrossNotionalUsd),
    },
    ledger: openLedger(decimal(config.initialCashUsd)),
    markets: new Map(),
    reservations: new Map(),
    decisions: new Map(),
    exposures: new Map(),
    grossExposure: ZERO,
    executionLog: undefined,
    executionSeq: 0,
    executionSilent: false,
    halted: undefined,
  };
}

/** Whether risk approves orders now, and if it does not approve all of them, why (DESIGN §5). */
export function tradingState(state: RiskState): Payload<'TradingStateChanged'> {
  if (state.halted !== undefined) return { state: 'HALTED', reasons: [state.halted] };
  if (state.executionLog === undefined) {
    return { state: 'CATCHING_UP', reasons: ['the execution log has not been read to its end'] };
  }
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

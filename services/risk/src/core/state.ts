import { type Decimal, decimal, type Ledger, type OrdStatus, openLedger, type Side, ZERO } from '@tickpath/trading';
import type { LogIdentity, Payload } from '@tickpath/wire';

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

/** Why the data of a symbol is not valid, and since when in Unix ns. */
export interface InvalidData {
  readonly reasons: readonly string[];
  readonly sinceNs: bigint;
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

const NOT_READ = 'the execution log has not been read to its end';

export type Decision = Payload<'riskDecision'>;

export interface RiskState {
  readonly config: RiskConfig;
  readonly limits: RiskLimits;
  ledger: Ledger;
  readonly markets: Map<string, Market>;
  /** Symbols whose market data is not valid: no new exposure is taken in them. */
  readonly invalidData: Map<string, InvalidData>;
  /** Since when nothing has come from market-data; undefined while it speaks. */
  marketSilentNs: bigint | undefined;
  readonly reservations: Map<string, Reservation>;
  /** Worst-case exposure of each symbol, valued when it last changed; their sum is kept beside it. */
  readonly exposures: Map<string, Decimal>;
  grossExposure: Decimal;
  /** Symbols in which there is exposure, but no price has come yet to value it at. */
  readonly unvalued: Set<string>;
  /** The execution log of the last event that was applied, and its seq. */
  followed: LogIdentity | undefined;
  executionSeq: number;
  /** The last taking of the account, which approvals name: `UUID/GENERATION/REBASE` of the execution log. */
  taking: string | undefined;
  /** What execution last said of itself in the log that is followed. */
  executionTrading: Payload<'TradingStateChanged'> | undefined;
  /** The risk log that execution has said to follow: until it is ours, it may still send what a risk before this approved. */
  riskLogSeen: string | undefined;
  /** Why trading is halted; undefined while it is not. */
  halted: string | undefined;
  /** What our log says of us. */
  said: Payload<'TradingStateChanged'>;

  // What follows is of this process alone, and so are markets, invalid data, exposures and what is unvalued.

  /** The execution log that has been read to its end; undefined while there may be more. */
  caughtUpWith: LogIdentity | undefined;
  executionSilent: boolean;
  /** Why the log that execution has is not followed. */
  unknownLog: string | undefined;
  /** Why nothing of the execution log counts until the account is taken anew. */
  awaitsAccount: string | undefined;
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
    invalidData: new Map(),
    marketSilentNs: undefined,
    reservations: new Map(),
    exposures: new Map(),
    grossExposure: ZERO,
    unvalued: new Set(),
    followed: undefined,
    executionSeq: 0,
    taking: undefined,
    executionTrading: undefined,
    riskLogSeen: undefined,
    halted: undefined,
    said: { state: 'CATCHING_UP', reasons: [NOT_READ] },
    caughtUpWith: undefined,
    executionSilent: false,
    unknownLog: undefined,
    awaitsAccount: undefined,
  };
}

/** A log as others name it: `UUID/GENERATION`. */
export function logName({ uuid, generation }: LogIdentity): string {
  return `${uuid}/${generation}`;
}

export function sameLog(a: LogIdentity | undefined, b: LogIdentity): boolean {
  return a?.uuid === b.uuid && a.generation === b.generation;
}

/** Whether risk approves orders now, and if it does not approve all of them, why (DESIGN §5). */
export function tradingState(state: RiskState): Payload<'TradingStateChanged'> {
  if (state.halted !== undefined) return { state: 'HALTED', reasons: [state.halted] };
  const reason = whyNotReady(state);
  if (reason !== undefined) return { state: 'CATCHING_UP', reasons: [reason] };
  if (state.executionSilent) return { state: 'REDUCING', reasons: ['no heartbeat from execution'] };
  return { state: 'ACTIVE', reasons: [] };
}

function whyNotReady(state: RiskState): string | undefined {
  const { caughtUpWith, executionTrading, followed } = state;
  if (state.unknownLog !== undefined) return state.unknownLog;
  if (state.awaitsAccount !== undefined) return state.awaitsAccount;
  if (caughtUpWith === undefined) return NOT_READ;
  if (followed !== undefined && !sameLog(followed, caughtUpWith)) {
    return `execution is not ready: it has not taken the account in generation ${caughtUpWith.generation} of its log`;
  }
  if (executionTrading !== undefined && executionTrading.state !== 'ACTIVE') {
    return `execution is not ready: ${executionTrading.reasons.join('; ')}`;
  }
  if (executionTrading === undefined || state.taking === undefined) {
    return 'execution is not ready: it has not taken the account from the venue';
  }
  return state.riskLogSeen === state.config.log ? undefined : 'execution does not follow our log yet';
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

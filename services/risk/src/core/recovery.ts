import { Decimal, decimalText, type OrdStatus, type Position, type Side } from '@tickpath/trading';
import type { LogIdentity, Payload } from '@tickpath/wire';
import { applyExecution } from './apply-execution.ts';
import { reserve, revalue } from './book.ts';
import type { RiskAppend } from './output.ts';
import { openRisk, type RiskConfig, type RiskState } from './state.ts';

/** What of a state outlives its process, as JSON: amounts and times as text. Prices come anew from the market. */
export interface RiskSnapshot {
  readonly netDeposits: string;
  readonly cash: string;
  readonly fees: string;
  readonly positions: readonly { readonly [field in keyof Position]: string }[];
  readonly reservations: readonly {
    readonly clOrdId: string;
    readonly symbol: string;
    readonly side: Side;
    readonly status: OrdStatus;
    readonly cumQty: string;
    readonly leavesQty: string;
    readonly receivedNs: string | null;
  }[];
  readonly followed: LogIdentity | null;
  readonly executionSeq: number;
  readonly taking: string | null;
  readonly executionTrading: Payload<'TradingStateChanged'> | null;
  readonly riskLogSeen: string | null;
  readonly halted: string | null;
  readonly said: Payload<'TradingStateChanged'>;
}

export function snapshotOf(state: RiskState): RiskSnapshot {
  const { netDeposits, cash, fees, positions } = state.ledger;
  return {
    netDeposits: decimalText(netDeposits),
    cash: decimalText(cash),
    fees: decimalText(fees),
    positions: Array.from(positions.values(), ({ symbol, qty, cost, realizedPnl }) => ({
      symbol,
      qty: decimalText(qty),
      cost: decimalText(cost),
      realizedPnl: decimalText(realizedPnl),
    })),
    reservations: Array.from(state.reservations.values(), (order) => ({
      ...order,
      cumQty: decimalText(order.cumQty),
      leavesQty: decimalText(order.leavesQty),
      receivedNs: order.receivedNs === null ? null : String(order.receivedNs),
    })),
    followed: state.followed ?? null,
    executionSeq: state.executionSeq,
    taking: state.taking ?? null,
    executionTrading: state.executionTrading ?? null,
    riskLogSeen: state.riskLogSeen ?? null,
    halted: state.halted ?? null,
    said: state.said,
  };
}

/** The state that the snapshot was taken of, as after a start: nothing has been read yet, and there are no prices. */
export function restoreRisk(config: RiskConfig, snapshot: RiskSnapshot): RiskState {
  const state = openRisk(config);
  state.ledger = {
    netDeposits: new Decimal(snapshot.netDeposits),
    cash: new Decimal(snapshot.cash),
    fees: new Decimal(snapshot.fees),
    positions: new Map(
      snapshot.positions.map(({ symbol, qty, cost, realizedPnl }) => [
        symbol,
        { symbol, qty: new Decimal(qty), cost: new Decimal(cost), realizedPnl: new Decimal(realizedPnl) },
      ]),
    ),
  };
  for (const order of snapshot.reservations) {
    const receivedNs = order.receivedNs === null ? null : BigInt(order.receivedNs);
    const [cumQty, leavesQty] = [new Decimal(order.cumQty), new Decimal(order.leavesQty)];
    state.reservations.set(order.clOrdId, { ...order, cumQty, leavesQty, receivedNs });
  }
  state.followed = snapshot.followed ?? undefined;
  state.executionSeq = snapshot.executionSeq;
  state.taking = snapshot.taking ?? undefined;
  state.executionTrading = snapshot.executionTrading ?? undefined;
  state.riskLogSeen = snapshot.riskLogSeen ?? undefined;
  state.halted = snapshot.halted ?? undefined;
  state.said = snapshot.said;
  const symbols = [...state.ledger.positions.keys(), ...snapshot.reservations.map(({ symbol }) => symbol)];
  for (const symbol of new Set(symbols)) revalue(state, symbol);
  return state;
}

/**
 * Applies an event of our own log to a state on its way back, in order and once each. What it led to when it was new
 * follows from it again; events that only tell of that change nothing.
 */
export function replayRisk(state: RiskState, event: RiskAppend): void {
  switch (event.kind) {
    case 'OrderApproved':
      reserve(state, event.payload);
      revalue(state, event.payload.symbol);
      return;
    case 'ExecutionApplied':
      applyExecution(state, event.applied);
      return;
    case 'TradingStateChanged': {
      const { state: trading, reasons } = event.payload;
      state.said = event.payload;
      // Only a rebase ends a halt, and our log says at once that it has ended.
      state.halted = trading === 'HALTED' ? (state.halted ?? reasons.join('; ')) : undefined;
    }
  }
}

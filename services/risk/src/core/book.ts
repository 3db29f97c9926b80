import {
  averagePx,
  type Decimal,
  decimal,
  decimalText,
  flatPosition,
  type Ledger,
  type OrderIntent,
  type Position,
  ZERO,
} from '@tickpath/trading';
import type { Payload } from '@tickpath/wire';
import { worstQty } from './check.ts';
import type { RiskOutput } from './output.ts';
import { markPx, type Reservation, type RiskState } from './state.ts';

/**
 * Takes the account as execution has read it from the venue: every order that the venue has not open is settled in it.
 * A book that agrees with it to the last decimal is kept, with its realised P&L; any other begins anew from the venue's.
 */
export function rebase(state: RiskState, account: Payload<'AccountRebased'>, executionSeq: number): RiskOutput[] {
  const before = state.ledger.positions;
  const taken = ledgerOf(account);
  if (!agrees(state.ledger, taken)) state.ledger = taken;
  const out: RiskOutput[] = [];
  for (const symbol of new Set([...before.keys(), ...state.ledger.positions.keys()])) {
    const qty = before.get(symbol)?.qty ?? ZERO;
    const after = state.ledger.positions.get(symbol)?.qty ?? ZERO;
    if (!qty.eq(after)) out.push(positionUpdated(state, { symbol, clOrdId: null, executionSeq }));
  }
  const open = new Map(account.openOrders.map((order) => [order.clOrdId, order]));
  for (const reservation of state.reservations.values()) {
    if (!open.has(reservation.clOrdId)) out.push(freed(state, { ...reservation, status: 'UNKNOWN' }, executionSeq));
  }
  for (const { clOrdId, symbol, side, orderQty, cumQty, ordStatus } of open.values()) {
    const known = state.reservations.get(clOrdId);
    const filled = decimal(cumQty);
    const leavesQty = decimal(orderQty).minus(filled);
    const receivedNs = known?.receivedNs ?? null;
    const reservation = { clOrdId, symbol, side, status: ordStatus, cumQty: filled, leavesQty, receivedNs };
    if (known === undefined) out.push(adopt(state, reservation, executionSeq));
    else state.reservations.set(clOrdId, reservation);
  }
  state.exposures.clear();
  state.unvalued.clear();
  state.grossExposure = ZERO;
  const symbols = [...state.ledger.positions.keys(), ...account.openOrders.map(({ symbol }) => symbol)];
  for (const symbol of new Set(symbols)) revalue(state, symbol);
  return out;
}

/** A ledger that begins with the account as it is: what it took to get there is net deposits. */
function ledgerOf({ cash, positions }: Payload<'AccountRebased'>): Ledger {
  const held = new Map<string, Position>(
    positions.map(({ symbol, qty, cost }) => [
      symbol,
      { symbol, qty: decimal(qty), cost: decimal(cost), realizedPnl: ZERO },
    ]),
  );
  let netDeposits = decimal(cash);
  for (const { cost } of held.values()) netDeposits = netDeposits.plus(cost);
  return { netDeposits, cash: decimal(cash), fees: ZERO, positions: held };
}

function agrees(ours: Ledger, theirs: Ledger): boolean {
  if (!ours.cash.eq(theirs.cash)) return false;
  return [...new Set([...ours.positions.keys(), ...theirs.positions.keys()])].every((symbol) => {
    const a = ours.positions.get(symbol) ?? flatPosition(symbol);
    const b = theirs.positions.get(symbol) ?? flatPosition(symbol);
    return a.qty.eq(b.qty) && a.cost.eq(b.cost);
  });
}

/** Reserves for an order that is approved; its exposure is still to be valued. */
export function reserve(
  state: RiskState,
  order: Pick<OrderIntent, 'clOrdId' | 'symbol' | 'side' | 'orderQty' | 'receivedNs'>,
): void {
  const { clOrdId, symbol, side, orderQty, receivedNs } = order;
  const leavesQty = decimal(orderQty);
  const reservation: Reservation = { clOrdId, symbol, side, status: 'APPROVED', cumQty: ZERO, leavesQty, receivedNs };
  state.reservations.set(clOrdId, reservation);
}

/** Reserves for an order that this risk has not approved itself. */
export function adopt(state: RiskState, reservation: Reservation, executionSeq: number): RiskOutput {
  const { clOrdId, symbol, side, leavesQty, receivedNs } = reservation;
  state.reservations.set(clOrdId, reservation);
  const payload = { clOrdId, symbol, side, leavesQty: decimalText(leavesQty), executionSeq, receivedNs };
  return { type: 'append', kind: 'OrderAdopted', payload, clOrdId };
}

/** Frees what an order held; its status is the one it ended in, or UNKNOWN when only the account tells what became of it. */
export function freed(state: RiskState, reservation: Reservation, executionSeq: number): RiskOutput {
  const { clOrdId, symbol, status: ordStatus, receivedNs } = reservation;
  state.reservations.delete(clOrdId);
  const payload = { clOrdId, symbol, ordStatus, receivedNs, executionSeq };
  return { type: 'append', kind: 'ReservationFreed', payload, clOrdId };
}

/** The position as it is now, zero included. `clOrdId` names the order that changed it, if one did. */
export function positionUpdated(
  state: RiskState,
  cause: { readonly symbol: string; readonly clOrdId: string | null; readonly executionSeq: number },
): RiskOutput {
  const { symbol, clOrdId, executionSeq } = cause;
  const position = state.ledger.positions.get(symbol) ?? flatPosition(symbol);
  return {
    type: 'append',
    kind: 'PositionUpdated',
    clOrdId,
    payload: {
      symbol,
      qty: decimalText(position.qty),
      avgPx: decimalText(averagePx(position)),
      cost: decimalText(position.cost),
      realizedPnl: decimalText(position.realizedPnl),
      cash: decimalText(state.ledger.cash),
      clOrdId,
      executionSeq,
    },
  };
}

/** Values what the position and the open orders could become; without a price, when one comes. Nothing is worth nothing. */
export function revalue(state: RiskState, symbol: string): void {
  const qty = worstQty(state, symbol);
  const px = qty.isZero() ? ZERO : markPx(state, symbol);
  if (px === undefined) state.unvalued.add(symbol);
  else setExposure(state, symbol, qty.times(px));
}

export function setExposure(state: RiskState, symbol: string, exposure: Decimal): void {
  state.grossExposure = state.grossExposure.minus(state.exposures.get(symbol) ?? ZERO).plus(exposure);
  state.exposures.set(symbol, exposure);
  state.unvalued.delete(symbol);
}

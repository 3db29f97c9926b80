import { decimal, decimalText, type OrdStatus, type Side } from '@tickpath/trading';
import type { LogIdentity, Payload } from '@tickpath/wire';
import { track } from './replay.ts';
import { type ExecutionConfig, type ExecutionState, openExecution, type Tracked } from './state.ts';

/** What our log has said so far, as JSON can say it. */
export interface ExecutionSnapshot {
  readonly rebase: number;
  readonly accountGeneration: number;
  readonly accountId: string | null;
  readonly taking: string | null;
  readonly halted: string | null;
  readonly orders: readonly OrderSnapshot[];
  readonly ended: readonly string[];
  readonly settled: readonly string[];
  readonly riskSeen: LogIdentity | null;
  readonly said: Payload<'TradingStateChanged'> | null;
}

interface OrderSnapshot {
  readonly clOrdId: string;
  readonly symbol: string;
  readonly side: Side;
  readonly orderQty: string;
  /** Decimal text. */
  readonly receivedNs: string | null;
  readonly status: OrdStatus;
  readonly orderId: string | null;
  readonly cumQty: string;
}

export function snapshotOf(state: ExecutionState): ExecutionSnapshot {
  return {
    rebase: state.rebase,
    accountGeneration: state.accountGeneration,
    accountId: state.accountId ?? null,
    taking: state.taking ?? null,
    halted: state.halted ?? null,
    orders: Array.from(state.orders.values(), orderSnapshot),
    ended: [...state.ended],
    settled: [...state.settled],
    riskSeen: state.riskSeen ?? null,
    said: state.said ?? null,
  };
}

/** An execution as its log left it; the events behind the snapshot follow with `replayExecution`. */
export function restoreExecution(config: ExecutionConfig, snapshot?: ExecutionSnapshot): ExecutionState {
  const state = openExecution(config);
  if (snapshot === undefined) return state;
  state.rebase = snapshot.rebase;
  state.accountGeneration = snapshot.accountGeneration;
  state.accountId = snapshot.accountId ?? undefined;
  state.taking = snapshot.taking ?? undefined;
  state.halted = snapshot.halted ?? undefined;
  for (const order of snapshot.orders) state.orders.set(order.clOrdId, restoredOrder(order));
  for (const clOrdId of snapshot.ended) state.ended.add(clOrdId);
  state.settled = new Set(snapshot.settled);
  state.riskSeen = snapshot.riskSeen ?? undefined;
  state.said = snapshot.said ?? undefined;
  return state;
}

function orderSnapshot({ terms, status, orderId, cumQty }: Tracked): OrderSnapshot {
  const { receivedNs, ...rest } = terms;
  const receivedText = receivedNs === null ? null : String(receivedNs);
  return { ...rest, receivedNs: receivedText, status, orderId, cumQty: decimalText(cumQty) };
}

function restoredOrder({ status, orderId, cumQty, receivedNs, ...rest }: OrderSnapshot): Tracked {
  const order = track({ ...rest, receivedNs: receivedNs === null ? null : BigInt(receivedNs) }, status);
  order.orderId = orderId;
  order.cumQty = decimal(cumQty);
  return order;
}

import { type Decimal, type OrdStatus, type Side, ZERO } from '@tickpath/trading';
import type { ExecutionLogKind, Payload } from '@tickpath/wire';
import type { VenueAccount, VenueOrder, VenueUpdate } from './venue-update.ts';

export interface ExecutionConfig {
  /** UUID of our own log; its generation rises each time the account is taken from the venue. */
  readonly uuid: string;
  /** Begins the clOrdId of every order of ours: by it we know them at the venue. */
  readonly prefix: string;
  /** After this time from the last moment an order could have been written, "not found" is conclusive. */
  readonly maxInFlightNs: bigint;
  /** An execution before this one may have written orders until now. */
  readonly startedNs: bigint;
}

/** What is to be known of an order to follow it, whether it was approved here or found at the venue. */
export interface OrderTerms {
  readonly clOrdId: string;
  readonly symbol: string;
  readonly side: Side;
  readonly orderQty: string;
  /** When market-data received what caused it; null for an order found at the venue. */
  readonly receivedNs: bigint | null;
}

export interface Tracked {
  readonly terms: OrderTerms;
  status: OrdStatus;
  orderId: string | null;
  cumQty: Decimal;
  /** The last moment at which the order could have been written; set while its fate is unknown. */
  possiblyWrittenNs: bigint | undefined;
  /** What a lookup showed as filled before its executions had come, and when that lookup began. */
  awaitedFills: { readonly filledQty: Decimal; readonly sinceNs: bigint } | undefined;
}

/** State of the execution core; owned and changed in place by `stepExecution`. */
export interface ExecutionState {
  readonly config: ExecutionConfig;
  /** The venue's id of the account that our log begins with; undefined while it is to be read from the venue. */
  accountId: string | undefined;
  /** Why the account is to be read, or was read last. */
  rebaseReason: string;
  /** Generation of our own log: 0 until the account has been read for the first time. */
  generation: number;
  readonly orders: Map<string, Tracked>;
  /** Orders of ours that the venue had closed before the account was read. */
  settled: ReadonlySet<string>;
  /** What the venue said while the account was being read: it may speak of orders that the account has open. */
  readonly held: VenueUpdate[];
  /** The risk log that is followed; undefined before it has stated itself. */
  riskLog: { readonly uuid: string; readonly generation: number } | undefined;
  /** Whether everything the risk log held at first contact has been read: only later approvals are fresh. */
  caughtUp: boolean;
  /** Counts the connections to the venue's order updates, so that an answer is not taken for that of a later one. */
  connection: number;
  connected: boolean;
  /** Connected, and the venue's orders have been held against ours: without it nothing new is sent. */
  listening: boolean;
  halted: string | undefined;
  lastWrittenNs: bigint;
}

export type LookupOutcome =
  | { readonly type: 'found'; readonly order: VenueOrder }
  | { readonly type: 'not-found' }
  | { readonly type: 'failed'; readonly text: string };

export type ExecutionInput =
  | {
      readonly type: 'approved';
      readonly riskSeq: number;
      readonly approval: Payload<'OrderApproved'>;
      readonly nowNs: bigint;
    }
  | { readonly type: 'caught-up'; readonly riskLog: { readonly uuid: string; readonly generation: number } }
  | { readonly type: 'risk-log-changed' }
  | { readonly type: 'connected' }
  | { readonly type: 'disconnected' }
  /** The venue's account and its latest orders, open and closed: the answer to `list-orders`. */
  | {
      readonly type: 'venue-orders';
      readonly connection: number;
      readonly accountId: string;
      readonly clOrdIds: readonly string[];
    }
  /** The answer to `read-account`: cash, positions and orders of one moment. */
  | {
      readonly type: 'account';
      readonly connection: number;
      readonly reason: string;
      readonly account: VenueAccount;
    }
  | { readonly type: 'halt'; readonly reason: string }
  | { readonly type: 'accepted'; readonly clOrdId: string; readonly order: VenueOrder }
  | { readonly type: 'rejected'; readonly clOrdId: string; readonly reason: string }
  | { readonly type: 'unanswered'; readonly clOrdId: string; readonly reason: string; readonly nowNs: bigint }
  | { readonly type: 'looked-up'; readonly clOrdId: string; readonly begunNs: bigint; readonly outcome: LookupOutcome }
  | { readonly type: 'update'; readonly update: VenueUpdate };

/** In the order given: a `submit` is written to the venue in the same turn, before the append that follows it. */
export type ExecutionOutput =
  | {
      readonly [K in ExecutionLogKind]: { readonly type: 'append'; readonly kind: K; readonly payload: Payload<K> };
    }[ExecutionLogKind]
  /** Our log goes on from nothing under this generation. */
  | { readonly type: 'begin-log'; readonly generation: number }
  | { readonly type: 'submit'; readonly approval: Payload<'OrderApproved'> }
  /** Ask the venue for the order, not before the time given (0: at once). */
  | { readonly type: 'lookup'; readonly clOrdId: string; readonly notBeforeNs: bigint }
  | { readonly type: 'list-orders'; readonly connection: number }
  /** Take the account from the venue, when nothing that was written before can still arrive. */
  | {
      readonly type: 'read-account';
      readonly connection: number;
      readonly reason: string;
      readonly notBeforeNs: bigint;
    }
  | { readonly type: 'warn'; readonly clOrdId: string; readonly text: string };

export function openExecution(config: ExecutionConfig): ExecutionState {
  return {
    config,
    accountId: undefined,
    rebaseReason: 'this execution has just started',
    generation: 0,
    orders: new Map(),
    settled: new Set(),
    held: [],
    riskLog: undefined,
    caughtUp: false,
    connection: 0,
    connected: false,
    listening: false,
    halted: undefined,
    lastWrittenNs: config.startedNs,
  };
}

export function track(terms: OrderTerms, status: OrdStatus): Tracked {
  return {
    terms,
    status,
    orderId: null,
    cumQty: ZERO,
    possiblyWrittenNs: undefined,
    awaitedFills: undefined,
  };
}

/** Our log as approvals name it. */
export function executionLogName({ config, generation }: ExecutionState): string {
  return `${config.uuid}/${generation}`;
}

/** Whether orders are sent, and if not, why (DESIGN §5). */
export function executionTradingState(state: ExecutionState): {
  state: 'CATCHING_UP' | 'ACTIVE' | 'HALTED';
  reasons: string[];
} {
  if (state.halted !== undefined) return { state: 'HALTED', reasons: [state.halted] };
  const reasons: string[] = [];
  if (!state.caughtUp) reasons.push('the risk log has not been read to its end');
  if (!state.connected) reasons.push("the venue's order updates are not connected");
  else if (state.accountId === undefined) reasons.push("the venue's account has not been read");
  else if (!state.listening) reasons.push("the venue's orders have not been held against ours");
  return { state: reasons.length === 0 ? 'ACTIVE' : 'CATCHING_UP', reasons };
}

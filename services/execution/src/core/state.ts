import type { Decimal, OrdStatus, Side } from '@tickpath/trading';
import type { LogIdentity, Payload } from '@tickpath/wire';
import type { ExecutionEvent } from './events.ts';
import type { ListedOrder, VenueAccount, VenueFill, VenueOrder, VenueUpdate } from './venue-update.ts';

export interface ExecutionConfig {
  /** Names our log: those of the journal. The generation is raised when the log's end may be lost. */
  readonly uuid: string;
  readonly generation: number;
  /** Begins the clOrdId of every order of ours: by it we know them at the venue. */
  readonly prefix: string;
  /** After this time from the last moment an order could have been written, "not found" is conclusive. */
  readonly maxInFlightNs: bigint;
  /** The process before this one may have written orders until now. */
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
  /** Not kept: the last moment at which the order could have been written, while its fate is unknown. */
  possiblyWrittenNs: bigint | undefined;
  /** Not kept: what the venue has filled beyond what is known, and when its activities were first asked in vain. */
  awaitedFills: { filledQty: Decimal; sinceNs: bigint | undefined } | undefined;
}

/** What our log says, event by event: a restart brings it back. Orders change by `replayExecution` alone. */
export interface KeptState {
  /** Ordinal of the account taking that our log is in; 0 before the first. */
  rebase: number;
  /** Of our log, when the account was taken; 0 before. */
  accountGeneration: number;
  /** The venue's id of the account that was taken last. */
  accountId: string | undefined;
  /** Why the account is to be taken (anew); undefined while it is not. */
  taking: string | undefined;
  halted: string | undefined;
  /** In the order in which they became known; of those that have ended the latest. */
  readonly orders: Map<string, Tracked>;
  /** The orders that have ended, in the order of their ends. */
  readonly ended: Set<string>;
  /** Orders of ours that the venue had closed before the account was taken. */
  settled: ReadonlySet<string>;
  /** The risk log that our log has named since the account was taken. */
  riskSeen: LogIdentity | undefined;
  /** What our log said last of whether we trade. */
  said: Payload<'TradingStateChanged'> | undefined;
}

/** State of the execution core; owned and changed in place by `stepExecution`. What is not kept begins anew with each start. */
export interface ExecutionState extends KeptState {
  readonly config: ExecutionConfig;
  /** What the venue said that cannot be judged yet: while the account is read, or of orders the risk log may still name. */
  readonly held: HeldUpdate[];
  /** The risk log that is followed; undefined before it has been read to its end. */
  riskLog: LogIdentity | undefined;
  /** Another risk log than the one followed is stated: why nothing of it is taken. */
  unknownRisk: string | undefined;
  /** Whether everything the risk log held at first contact has been read: only later approvals are fresh. */
  caughtUp: boolean;
  /** Counts the connections to the venue's order updates, so that an answer is not taken for that of a later one. */
  connection: number;
  connected: boolean;
  /** Connected, and the venue's orders have been held against ours: without it nothing new is sent. */
  listening: boolean;
  /** Of the orders that the venue had acknowledged when it was asked for its list; undefined for none. */
  latestAcknowledged: string | undefined;
  lastWrittenNs: bigint;
}

export interface HeldUpdate {
  readonly update: VenueUpdate;
  readonly decidedBefore: boolean;
}

export type LookupOutcome =
  | { readonly type: 'found'; readonly order: VenueOrder }
  | { readonly type: 'not-found' }
  | { readonly type: 'failed'; readonly text: string };

/** `decidedBefore`: our log has an event of that clOrdId, also when the order is no longer in memory. */
export type ExecutionInput =
  /** The first one, before anything of our log is served: it must not say what is no longer so. */
  | { readonly type: 'started' }
  | {
      readonly type: 'approved';
      readonly riskSeq: number;
      readonly approval: Payload<'OrderApproved'>;
      readonly decidedBefore: boolean;
      readonly nowNs: bigint;
    }
  | { readonly type: 'caught-up'; readonly riskLog: LogIdentity }
  | { readonly type: 'risk-log-changed'; readonly known: LogIdentity; readonly stated: LogIdentity }
  /** Events of the risk log have gone before they were read. */
  | { readonly type: 'risk-log-compacted'; readonly firstSeq: number }
  | { readonly type: 'connected' }
  | { readonly type: 'disconnected' }
  /** The venue's account and its latest orders, open and closed: the answer to `list-orders`. */
  | {
      readonly type: 'venue-orders';
      readonly connection: number;
      readonly accountId: string;
      readonly orders: readonly {
        readonly clOrdId: string;
        readonly decidedBefore: boolean;
        readonly shown: ListedOrder | undefined;
      }[];
    }
  /** The answer to `read-account`: cash, positions and orders of one moment. */
  | {
      readonly type: 'account';
      readonly connection: number;
      readonly reason: string;
      readonly account: VenueAccount;
    }
  | { readonly type: 'halt'; readonly reason: string }
  /** A person's word: whatever is doubted, trust the venue and go on. */
  | { readonly type: 'rebase'; readonly reason: string }
  | { readonly type: 'accepted'; readonly clOrdId: string; readonly order: VenueOrder }
  | { readonly type: 'rejected'; readonly clOrdId: string; readonly reason: string }
  | { readonly type: 'unanswered'; readonly clOrdId: string; readonly reason: string; readonly nowNs: bigint }
  | { readonly type: 'looked-up'; readonly clOrdId: string; readonly begunNs: bigint; readonly outcome: LookupOutcome }
  /** The answer to `fetch-fills`, in the order in which it happened; undefined when the venue did not say. */
  | {
      readonly type: 'fills';
      readonly asked: FillsAsked;
      readonly begunNs: bigint;
      readonly fills: readonly (VenueFill & { readonly clOrdId: string })[] | undefined;
    }
  | { readonly type: 'update'; readonly update: VenueUpdate; readonly decidedBefore: boolean };

/** An order whose executions beyond `knownQty` are not known. */
export interface FillsWanted {
  readonly clOrdId: string;
  readonly orderId: string;
  readonly knownQty: string;
}

/** Look for the executions of these orders among the account's activities, not before the time given. */
export interface FillsAsked {
  readonly type: 'fetch-fills';
  /** The connection over which nothing is taken in until they are booked; null: the stream goes on meanwhile. */
  readonly connection: number | null;
  readonly orders: readonly FillsWanted[];
  /** By the venue's clock none of them is older; null: not known. */
  readonly fromNs: bigint | null;
  readonly notBeforeNs: bigint;
}

/**
 * In the order given: a `submit` is written to the venue in the same turn, before anything is appended; all appends are
 * committed together, and what is asked of the venue follows the commit.
 */
export type ExecutionOutput =
  | ({ readonly type: 'append' } & ExecutionEvent)
  | { readonly type: 'submit'; readonly approval: Payload<'OrderApproved'> }
  /** Ask the venue for the order, not before the time given (0: at once). */
  | { readonly type: 'lookup'; readonly clOrdId: string; readonly notBeforeNs: bigint }
  | FillsAsked
  | { readonly type: 'list-orders'; readonly connection: number }
  /** Take the account from the venue, when nothing that was written before can still arrive. */
  | {
      readonly type: 'read-account';
      readonly connection: number;
      readonly reason: string;
      readonly notBeforeNs: bigint;
    }
  | { readonly type: 'warn'; readonly clOrdId: string; readonly text: string };

/** An execution without a log: `restoreExecution` begins with it. */
export function openExecution(config: ExecutionConfig): ExecutionState {
  return {
    config,
    rebase: 0,
    accountGeneration: 0,
    accountId: undefined,
    taking: undefined,
    halted: undefined,
    orders: new Map(),
    ended: new Set(),
    settled: new Set(),
    riskSeen: undefined,
    said: undefined,
    held: [],
    riskLog: undefined,
    unknownRisk: undefined,
    caughtUp: false,
    connection: 0,
    connected: false,
    listening: false,
    latestAcknowledged: undefined,
    lastWrittenNs: config.startedNs,
  };
}

/** Our log since the account was taken, as approvals name it. */
export function executionLogName({ config, rebase }: ExecutionState): string {
  return `${config.uuid}/${config.generation}/${rebase}`;
}

/** Whether orders are sent, and if not, why (DESIGN §5). */
export function executionTradingState(state: ExecutionState): {
  state: 'CATCHING_UP' | 'ACTIVE' | 'HALTED';
  reasons: string[];
} {
  if (state.halted !== undefined) return { state: 'HALTED', reasons: [state.halted] };
  const reasons: string[] = [];
  if (state.unknownRisk !== undefined) reasons.push(state.unknownRisk);
  else if (!state.caughtUp) reasons.push('the risk log has not been read to its end');
  if (!state.connected) reasons.push("the venue's order updates are not connected");
  else if (state.taking !== undefined) reasons.push("the venue's account has not been read");
  else if (!state.listening) reasons.push("the venue's orders have not been held against ours");
  return { state: reasons.length === 0 ? 'ACTIVE' : 'CATCHING_UP', reasons };
}

import type { OrderIntent } from '@tickpath/trading';
import type { ExecutionLogKind, LogIdentity, Payload } from '@tickpath/wire';

/** An event of the execution log with its place in it. */
export type ExecutionEvent = {
  readonly [K in ExecutionLogKind]: { readonly kind: K; readonly seq: number; readonly payload: Payload<K> };
}[ExecutionLogKind];

export type OrderEvent = Exclude<
  ExecutionEvent,
  { kind: 'AccountRebased' | 'RiskGenerationSeen' | 'TradingStateChanged' }
>;

/** An event of the execution log, and in which log it stands. */
export interface ExecutionInput {
  readonly type: 'execution';
  readonly log: LogIdentity;
  readonly event: ExecutionEvent;
  /** Whether our log already has an event of the order. */
  readonly decidedBefore: boolean;
}

export interface CheckInput {
  readonly type: 'check';
  readonly requestId: string;
  readonly intent: OrderIntent;
  readonly nowNs: bigint;
  /** Whether our log already has an event of this clOrdId: it is taken, whatever became of it. */
  readonly decidedBefore: boolean;
}

export type TradingInput =
  /** The state has been recovered: our log must not go on saying what was true before. */
  | { readonly type: 'started' }
  /** Everything that this log of execution had has been read. */
  | { readonly type: 'execution-caught-up'; readonly log: LogIdentity }
  /** Execution's log has another generation: it is read again, and counts from the account taken in that generation on. */
  | { readonly type: 'execution-log-changed' }
  /** Execution has a log that has never been followed: nothing of it is applied until `rebase`. */
  | { readonly type: 'execution-log-unknown'; readonly known: LogIdentity; readonly stated: LogIdentity }
  /** Events that have not been applied are gone: nothing more is until `rebase`, and then an account is awaited. */
  | { readonly type: 'execution-log-compacted'; readonly firstSeq: number }
  /** The connection to execution broke: nothing is approved until its log has been read to its end again. */
  | { readonly type: 'execution-cut' }
  | { readonly type: 'execution-silent'; readonly silent: boolean }
  | { readonly type: 'halt'; readonly reason: string }
  /** A person has asked for the account to be taken anew: a halt ends, and whatever log execution has is followed. */
  | { readonly type: 'rebase' };

export type MarketInput =
  | { readonly type: 'trade'; readonly symbol: string; readonly px: string }
  | { readonly type: 'quote'; readonly symbol: string; readonly bidPx: string | null; readonly askPx: string | null }
  /** What market-data says of the symbol's data; `sinceNs` on its clock, which agrees with ours. */
  | {
      readonly type: 'data-state';
      readonly symbol: string;
      readonly valid: boolean;
      readonly reasons: readonly string[];
      readonly sinceNs: bigint;
    }
  /** Whether market-data has fallen silent: then nobody says whether any data is valid. */
  | { readonly type: 'market-silent'; readonly silent: boolean; readonly nowNs: bigint };

export type RiskInput = CheckInput | ExecutionInput | TradingInput | MarketInput;

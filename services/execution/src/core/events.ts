import type { ExecutionLogKind, Payload } from '@tickpath/wire';

/** What our journal keeps with an event for us alone: followers get the payload. */
interface Kept {
  /** Orders of ours that the venue had closed by then. */
  AccountRebased: { readonly settled: readonly string[] };
  TradingStateChanged: { readonly halted: string | null; readonly taking: string | null };
}

/** An event of the execution log. */
export type ExecutionEvent = {
  readonly [K in ExecutionLogKind]: {
    readonly kind: K;
    readonly payload: Payload<K>;
  } & (K extends keyof Kept ? { readonly kept: Kept[K] } : { readonly kept?: never });
}[ExecutionLogKind];

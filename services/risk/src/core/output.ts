import type { Payload, RiskLogKind } from '@tickpath/wire';
import type { ExecutionInput } from './input.ts';
import type { Decision } from './state.ts';

/** An event of the risk log. `clOrdId` names the order whose trace it belongs to. */
export type RiskAppend = {
  readonly [K in RiskLogKind]: {
    readonly type: 'append';
    readonly kind: K;
    readonly payload: Payload<K>;
    readonly clOrdId: string | null;
  } & (K extends 'ExecutionApplied' ? { readonly applied: ExecutionInput } : unknown);
}[RiskLogKind];

/** Appends come first and must be committed before the reply that follows them is sent. */
export type RiskOutput = RiskAppend | { readonly type: 'reply'; readonly decision: Decision };

import type { Payload, RiskLogKind } from '@tickpath/wire';
import type { Decision } from './state.ts';

/** Appends come first and must be committed before the reply that follows them is sent. */
export type RiskOutput =
  | {
      readonly [K in RiskLogKind]: {
        readonly type: 'append';
        readonly kind: K;
        readonly payload: Payload<K>;
        readonly clOrdId: string | null;
      };
    }[RiskLogKind]
  | { readonly type: 'reply'; readonly decision: Decision };

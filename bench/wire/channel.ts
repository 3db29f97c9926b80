/** What the bench tells the process of subscribers. */
export type Order =
  | { readonly type: 'count'; readonly messages: number }
  | { readonly type: 'latency'; readonly messages: number };

/** What that process answers: all of its subscribers have it all. */
export type Report =
  | { readonly type: 'ready' }
  | { readonly type: 'counted' }
  | { readonly type: 'latencies'; readonly ns: readonly number[] };

export type Mode = 'bare' | 'wire';

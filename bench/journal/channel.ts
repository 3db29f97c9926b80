import type { VariantName } from './log.ts';

/** What the bench tells the process that holds a log. */
export type Order =
  | { readonly type: 'hot'; readonly commits: number }
  | { readonly type: 'paced'; readonly commits: number; readonly everyMs: number }
  | { readonly type: 'grouped'; readonly events: number; readonly perTransaction: number }
  | { readonly type: 'flush'; readonly commits: number }
  | { readonly type: 'read' }
  | { readonly type: 'holds'; readonly seconds: number };

/** What it answers. */
export type Report =
  | { readonly type: 'ready'; readonly lastSeq: number }
  | { readonly type: 'durations'; readonly ns: readonly number[]; readonly lastSeq: number }
  | { readonly type: 'rate'; readonly perSecond: number; readonly events: number; readonly lastSeq: number }
  | { readonly type: 'holds'; readonly holds: Holds; readonly lastSeq: number };

/** How long the event loop was held, in milliseconds. */
export interface Holds {
  /** Longest synchronous call of the log, by the clock. */
  readonly longestCallMs: number;
  /** Longest such call without the time in which its thread was ready and the machine ran something else. */
  readonly longestHoldMs: number;
  readonly longestHold: string;
  /** Most CPU time of one call: the rest of a hold is waiting, for a lock or for the disk. */
  readonly longestCpuMs: number;
  /** Longest delay of a timer of 1 ms, whatever the cause. */
  readonly longestDelayMs: number;
  readonly calls: number;
  readonly events: number;
}

/** What a process answers that recovered a log. */
export interface Recovered {
  readonly ms: number;
  readonly lastSeq: number;
  /** Events in the state after snapshot and tail. */
  readonly stateEvents: number;
  readonly tailEvents: number;
}

export interface LogProcessArguments {
  readonly variant: VariantName;
  readonly path: string;
  readonly role: 'measure' | 'holds' | 'build' | 'recover' | 'count';
  /** Of `build`. */
  readonly events?: number;
}

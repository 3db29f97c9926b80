import type { Payload } from '@tickpath/wire';
import type { Rule } from './rules.ts';

/** Why a symbol's data is not valid: a rule that halts, its book, or the feed as a whole. */
export type Cause = Rule | 'book' | 'feed';

/**
 * Whether a symbol's data may be traded on, and if not, why. A cause that stands (a book without a snapshot, no feed) is
 * there until it is lifted; a violation is over at once. When none stands and none has come for the clean time, the data
 * is valid again. Changed in place by the functions of this file.
 */
export interface DataState {
  readonly causes: Map<Cause, string>;
  readonly standing: Set<Cause>;
  /** The market's time when something was last wrong. */
  badNs: bigint;
  /** What was said last: undefined before the first word. */
  said: string | undefined;
  /** When data became what it is, on our own clock. */
  sinceNs: bigint;
}

const VALID = '';

export function openDataState(): DataState {
  return { causes: new Map(), standing: new Set(), badNs: 0n, said: undefined, sinceNs: 0n };
}

export function isValid({ causes }: DataState): boolean {
  return causes.size === 0;
}

/** Something was wrong just now. */
export function violate(
  state: DataState,
  cause: Cause,
  found: { readonly text: string; readonly nowNs: bigint },
): void {
  state.causes.set(cause, found.text);
  state.badNs = found.nowNs;
}

/** Something is wrong until `lift`. */
export function stand(state: DataState, cause: Cause, found: { readonly text: string; readonly nowNs: bigint }): void {
  state.standing.add(cause);
  violate(state, cause, found);
}

export function lift(state: DataState, cause: Cause, nowNs: bigint): void {
  if (state.standing.delete(cause)) state.badNs = nowNs;
}

export interface Moment {
  /** The market's time, by which the clean time runs. */
  readonly nowNs: bigint;
  readonly cleanNs: bigint;
  /** On our own clock, for `sinceNs`. */
  readonly receivedNs: bigint;
}

/** What is to be said of the data when that has changed: its validity, or by what causes it is invalid. */
export function settle(state: DataState, { nowNs, cleanNs, receivedNs }: Moment): Payload<'dataState'> | undefined {
  const { causes, standing } = state;
  if (causes.size === 0 && state.said === VALID) return undefined;
  if (causes.size > 0 && standing.size === 0 && nowNs - state.badNs >= cleanNs) causes.clear();
  const says = [...causes.keys()].join(' ');
  if (says === state.said) return undefined;
  const wasValid = state.said === VALID;
  const valid = says === VALID;
  if (state.said === undefined || valid !== wasValid) state.sinceNs = receivedNs;
  state.said = says;
  return { valid, reasons: Array.from(causes, ([cause, text]) => `${cause}: ${text}`), sinceNs: state.sinceNs };
}

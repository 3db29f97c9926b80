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
  /** The causes as they were said last: none when the data was said to be valid, undefined before the first word. */
  said: ReadonlyMap<Cause, string> | undefined;
  /** When that was, on our own clock. */
  saidNs: bigint;
  /** When data became what it is, on our own clock. */
  sinceNs: bigint;
}

/** Every message may break a rule with other numbers: those are said anew once in so long, on our own clock. */
const RETOLD_EVERY_NS = 1_000_000_000n;

export function openDataState(): DataState {
  return { causes: new Map(), standing: new Set(), badNs: 0n, said: undefined, saidNs: 0n, sinceNs: 0n };
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

/**
 * The market's clock has gone over from the time since we began to the venue's, which is so much ahead: of the clean time
 * as much has passed as before.
 */
export function shiftTime(state: DataState, byNs: bigint): void {
  state.badNs += byNs;
}

export interface Moment {
  /** The market's time, by which the clean time runs. */
  readonly nowNs: bigint;
  readonly cleanNs: bigint;
  /** On our own clock, for `sinceNs`. */
  readonly receivedNs: bigint;
}

/**
 * What is to be said of the data when that has changed: its validity, the causes by which it is invalid, or their texts.
 * A text of what stands is said at once, of what is over with the next word, and at most once a second.
 */
export function settle(state: DataState, { nowNs, cleanNs, receivedNs }: Moment): Payload<'dataState'> | undefined {
  const { causes, standing, said } = state;
  if (causes.size === 0 && said?.size === 0) return undefined;
  if (causes.size > 0 && standing.size === 0 && nowNs - state.badNs >= cleanNs) causes.clear();
  if (!isNews(state, receivedNs)) return undefined;
  const valid = causes.size === 0;
  if (said === undefined || valid !== (said.size === 0)) state.sinceNs = receivedNs;
  state.said = new Map(causes);
  state.saidNs = receivedNs;
  return { valid, reasons: Array.from(causes, ([cause, text]) => `${cause}: ${text}`), sinceNs: state.sinceNs };
}

function isNews({ causes, standing, said, saidNs }: DataState, receivedNs: bigint): boolean {
  if (said === undefined || causes.size !== said.size) return true;
  for (const [cause, text] of causes) {
    const saidText = said.get(cause);
    if (saidText === undefined) return true;
    if (text !== saidText && (standing.has(cause) || receivedNs - saidNs >= RETOLD_EVERY_NS)) return true;
  }
  return false;
}

import type { BarInterval, BarSpan, ClosedBar } from '@tickpath/trading';

/** Trades of `[fromNs, toNs]` may be missing; without an end until the next streamed trade tells one. */
interface Hole {
  readonly fromNs: bigint;
  toNs: bigint | undefined;
}

/** A bar as it was last published. */
interface ShownBar {
  readonly bar: ClosedBar;
  readonly isIncomplete: boolean;
}

/**
 * Of which times all trades of a symbol are known, and what has been published of it that depends on that. All times are
 * the venue's. Changed in place by the functions of this file.
 */
export interface Coverage {
  /** When we began to listen; undefined before the market has told its time. */
  listensNs: bigint | undefined;
  /** Since when trades are known: earlier, when those before were fetched. */
  sinceNs: bigint | undefined;
  /** What was over by then is history, as the protocol was told; undefined when nothing of the past was asked for. */
  begunNs: bigint | undefined;
  /** Whether the venue's own bars are published for the time before. */
  hasVenueHistory: boolean;
  /** Start of the newest bar that is not to be published again as history, by interval. */
  readonly historyNs: Map<BarInterval, bigint>;
  /** By time. */
  holes: Hole[];
  /** The connection is lost, or was, since then, and whether trades are missing has not been said yet. */
  pendingNs: bigint | undefined;
  /** Of the newest trade. */
  lastTradeNs: bigint | undefined;
  /** The newest bar of each interval: only these may have been open when a hole began. */
  readonly shown: Map<BarInterval, ShownBar>;
  /** Older ones that were incomplete: they may turn out to be whole. */
  readonly doubted: Map<string, ShownBar>;
  /** How many revisions a bar has had because of what is known, beside those of its content. */
  readonly extraRevisions: Map<string, number>;
}

/** More holes than this are told as one: it says more of missing trades than is true, never less. */
const MOST_HOLES = 64;
/** Bars that were incomplete, and bars with further revisions, that are remembered: of each the newest. */
const MOST_REMEMBERED = 1_024;
const NO_HOLES: Hole[] = [];

export function openCoverage(listensNs: bigint | undefined): Coverage {
  return {
    ...{ listensNs, sinceNs: listensNs, begunNs: undefined, hasVenueHistory: false, holes: NO_HOLES },
    ...{ pendingNs: undefined, lastTradeNs: undefined },
    ...{ historyNs: new Map(), shown: new Map(), doubted: new Map(), extraRevisions: new Map() },
  };
}

/** The market has told its time for the first time, or for the first time after a lost connection. */
export function beginToListen(coverage: Coverage, nowNs: bigint): void {
  coverage.listensNs ??= nowNs;
  coverage.sinceNs ??= nowNs;
}

/** The symbol is subscribed anew: we listen from its next trade on, and what has been published stays published. */
export function listenAnew(coverage: Coverage): void {
  const { shown, doubted, historyNs, extraRevisions } = coverage;
  for (const [interval, { bar }] of shown) {
    const lastNs = historyNs.get(interval);
    if (lastNs === undefined || bar.startNs > lastNs) historyNs.set(interval, bar.startNs);
  }
  shown.clear();
  doubted.clear();
  extraRevisions.clear();
  Object.assign(coverage, openCoverage(undefined), { shown, doubted, historyNs, extraRevisions });
}

/** What the venue has of the time before `atNs` is history. */
export function beginHistory(coverage: Coverage, atNs: bigint, hasVenueHistory: boolean): void {
  coverage.begunNs = atNs;
  coverage.hasVenueHistory = hasVenueHistory;
}

/** What is over by then is history; 0 when nothing is. A venue whose clock is behind ours decides by its own. */
export function historyEndOf({ begunNs, listensNs }: Coverage): bigint {
  if (begunNs === undefined) return 0n;
  return listensNs !== undefined && listensNs < begunNs ? listensNs : begunNs;
}

/** How a trade, or word of trades, comes: `isListening` while the feed is subscribed, else more may be missed just now. */
export interface Arrival {
  readonly isRecovered: boolean;
  readonly isListening: boolean;
}

/** True when the coverage is another one than before. */
export function noteTradeTime(coverage: Coverage, tsNs: bigint, { isRecovered, isListening }: Arrival): boolean {
  const { holes } = coverage;
  if (!isRecovered) {
    // Before the first trade no number and no time of a trade tells a protocol what a lost connection missed.
    if (coverage.pendingNs !== undefined && coverage.lastTradeNs === undefined) coverage.sinceNs = undefined;
    beginToListen(coverage, tsNs);
  }
  if (coverage.lastTradeNs === undefined || tsNs > coverage.lastTradeNs) coverage.lastTradeNs = tsNs;
  const open = holes.length === 0 ? undefined : holes[holes.length - 1];
  const closes = open !== undefined && open.toNs === undefined && !isRecovered;
  if (closes) open.toNs = tsNs > open.fromNs ? tsNs : open.fromNs;
  // A protocol says first what is lost: what goes on without that word goes on without a hole.
  const isFound = isListening && coverage.pendingNs !== undefined;
  if (isFound) coverage.pendingNs = undefined;
  return closes || isFound;
}

/** Trades are lost: since the connection was, or since the last trade. */
export function noteLostTrades(
  coverage: Coverage,
  { nowNs, isListening }: { readonly nowNs: bigint; readonly isListening: boolean },
): void {
  const fromNs = coverage.pendingNs ?? coverage.lastTradeNs ?? coverage.sinceNs ?? nowNs;
  if (isListening) coverage.pendingNs = undefined;
  const last = coverage.holes.at(-1);
  if (last !== undefined && last.toNs === undefined) return;
  if (coverage.holes === NO_HOLES) coverage.holes = [];
  coverage.holes.push({ fromNs, toNs: undefined });
  if (coverage.holes.length <= MOST_HOLES) return;
  const [first, second] = coverage.holes as [Hole, Hole];
  coverage.holes.splice(0, 2, { fromNs: first.fromNs, toNs: second.toNs });
}

/** The connection is lost; `heardNs` is the last time that the market told over it. */
export function noteSilence(coverage: Coverage, heardNs: bigint): void {
  coverage.pendingNs ??= heardNs;
}

/** All trades since `fromNs` have been fetched. Holes that were declared lost remain. */
export function noteCovered(coverage: Coverage, fromNs: bigint, isListening: boolean): void {
  if (isListening) coverage.pendingNs = undefined;
  if (coverage.sinceNs === undefined || fromNs < coverage.sinceNs) coverage.sinceNs = fromNs;
}

/** Forgets holes that no bar reaches any more, and bars that cannot change any more: what ends before `oldestNs`. */
export function pruneCoverage(coverage: Coverage, oldestNs: bigint): void {
  const { holes, doubted } = coverage;
  for (const [key, { bar }] of doubted) {
    if (bar.endNs >= oldestNs) break;
    doubted.delete(key);
  }
  if (holes.length === 0 || (holes[0]?.toNs ?? oldestNs) >= oldestNs) return;
  const kept = holes.filter(({ toNs }) => toNs === undefined || toNs >= oldestNs);
  coverage.holes = kept.length === 0 ? NO_HOLES : kept;
}

export function isIncomplete(coverage: Coverage, { startNs, endNs }: BarSpan): boolean {
  const { sinceNs, pendingNs, holes } = coverage;
  if (sinceNs === undefined || startNs < sinceNs) return true;
  if (pendingNs !== undefined && pendingNs < endNs) return true;
  return holes.some(({ fromNs, toNs }) => fromNs < endNs && (toNs === undefined || toNs >= startNs));
}

/** The bar with the revision that it is published with, and whether trades are missing in it. */
export function showBar(coverage: Coverage, bar: ClosedBar): ShownBar {
  const { extraRevisions } = coverage;
  const extra = extraRevisions.size === 0 ? 0 : (extraRevisions.get(keyOf(bar)) ?? 0);
  const told = extra === 0 ? bar : { ...bar, revision: bar.revision + extra };
  return remember(coverage, { bar: told, isIncomplete: isIncomplete(coverage, bar) });
}

/** Bars that are to be published again, because they are not incomplete any more, or are now; oldest first. */
export function reviseShown(coverage: Coverage): ShownBar[] {
  const { shown, doubted, extraRevisions } = coverage;
  const revised: ShownBar[] = [];
  for (const { bar, isIncomplete: wasIncomplete } of [...doubted.values(), ...shown.values()]) {
    const isNow = isIncomplete(coverage, bar);
    if (isNow === wasIncomplete || bar.isWithdrawn) continue;
    const key = keyOf(bar);
    extraRevisions.set(key, (extraRevisions.get(key) ?? 0) + 1);
    revised.push(remember(coverage, { bar: { ...bar, revision: bar.revision + 1 }, isIncomplete: isNow }));
  }
  forgetOldest(extraRevisions);
  return revised.sort((a, b) => (a.bar.endNs < b.bar.endNs ? -1 : a.bar.endNs > b.bar.endNs ? 1 : 0));
}

function remember({ shown, doubted }: Coverage, showing: ShownBar): ShownBar {
  const { bar } = showing;
  const newest = shown.get(bar.interval);
  if (newest !== undefined && bar.startNs < newest.bar.startNs) doubt(doubted, showing);
  else {
    if (newest !== undefined && bar.startNs > newest.bar.startNs) doubt(doubted, newest);
    shown.set(bar.interval, showing);
  }
  return showing;
}

function doubt(doubted: Map<string, ShownBar>, showing: ShownBar): void {
  const key = keyOf(showing.bar);
  if (!showing.isIncomplete) doubted.delete(key);
  else {
    doubted.set(key, showing);
    forgetOldest(doubted);
  }
}

function forgetOldest(map: Map<string, unknown>): void {
  for (const key of map.keys()) {
    if (map.size <= MOST_REMEMBERED) return;
    map.delete(key);
  }
}

function keyOf({ interval, startNs }: ClosedBar): string {
  return `${interval} ${startNs}`;
}

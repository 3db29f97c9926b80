import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Instrument } from '@tickpath/trading';
import type { SourceEvent } from '../core/market/event.ts';
import type { Tape } from '../tape/tape.ts';
import {
  type Feed,
  type FeedOptions,
  type FeedState,
  type Pace,
  play,
  publish,
  remember,
  type TapePosition,
  tellTime,
} from './feed.ts';
import { createLastShown, forgetting, type LastShown, NO_PAST } from './last-shown.ts';
import { createTapeClock } from './tape-clock.ts';
import { createTapeControl, type Move, type Place } from './tape-control.ts';
import { createWaker } from './waker.ts';

export interface ReplaySource {
  readonly tape: Tape;
  /** Opens the same tape anew, for a seek. */
  readonly reopen: () => Promise<Tape>;
  readonly pace: Pace;
  /** Where a run goes on; `null` begins with the first row. */
  readonly position: TapePosition | null;
}

/** What comes of rows that are only read: what the market last showed, and what clients have perhaps not seen. */
interface Skimmed {
  readonly last: LastShown;
  readonly again: SourceEvent[];
}

/** Bars close by the clock, so it is looked at so often while no row comes. */
const LONGEST_SLEEP_NS = 100_000_000n;
/** WebSocket: service restart. Clients connect again and see the new run. */
const MOVED = { code: 1012, reason: 'the tape was moved' };

/**
 * Plays a tape from the first subscription on. The tape stands still while it is paused, while nobody is subscribed and
 * while the slowest client has more than `slowClientBytes` waiting, so that no event is dropped however long a reader
 * pauses. Its clock stands still with it. Rows before the place where it begins are read silently: bars and history hold
 * them, the exchange learns the last quote, book, halt and sale of each symbol, clients nothing.
 */
export function createReplayFeed(source: ReplaySource, options: FeedOptions): Feed {
  const { exchange, market, frameLimit, slowClientBytes, log } = options;
  const firstNs = source.tape.firstNs ?? 0n;
  let { tape } = source;
  let phase: Exclude<FeedState, 'paused'> = 'waiting';
  let isPaused = false;
  /** Rows shown to the exchange, and those that had gone out before the frame that is being shown. */
  let events = 0;
  let shown = 0;
  let lastNs = source.position === null ? firstNs : BigInt(source.position.tsNs);
  let move: Move | null = null;
  let position: TapePosition | null = source.position;
  let isSkimming = true;
  /** What the exchange has been shown of in this process. */
  const instruments = new Set<Instrument>();
  const clock = createTapeClock({ pace: source.pace, tapeNs: lastNs }, () => options.clock.nowNs());
  const waker = createWaker();

  const currentPosition = (): TapePosition => {
    // While rows are only read, the place that was left is where a start would have to go on.
    if (position !== null && isSkimming) return position;
    const tsNs = String(lastNs);
    const isEnded = phase === 'ended';
    const isSame = position?.events === events && position.shown === shown && position.isEnded === isEnded;
    if (position !== null && isSame && position.tsNs === tsNs) return position;
    position = { kind: 'tape', events, shown, tsNs, isEnded };
    return position;
  };

  const mustWait = () => isPaused || market.subscriberCount() === 0 || market.mostBufferedBytes() > slowClientBytes;

  /** True once the tape may go on; false after a wait, when all is to be looked at anew. */
  const mayGoOn = async (signal: AbortSignal): Promise<boolean> => {
    if (mustWait()) {
      clock.hold();
      if (market.subscriberCount() === 0) phase = 'waiting';
      await waker.sleepUntil((left) => market.changed(left), signal);
      return false;
    }
    clock.run();
    if (phase === 'playing') return true;
    phase = 'playing';
    log.info(
      { files: tape.files.map(({ file }) => file), pace: clock.pace() },
      events === 0 ? 'tape starts' : 'tape goes on',
    );
    return true;
  };

  /** Index after the last row of a frame that begins at `from`; equal to `from` when none is due. */
  const frameEnd = (rows: readonly SourceEvent[], from: number): number => {
    const limit = Math.min(rows.length, from + frameLimit);
    if (clock.pace() === 'max') return limit;
    const dueNs = clock.dueNs();
    let end = from;
    while (end < limit && (rows[end]?.tsNs ?? dueNs) <= dueNs) end += 1;
    return end;
  };

  /** The clock never passes the next row, and a row that is older than one before it does not hold it. */
  const limitClock = (next: SourceEvent | undefined): void => {
    const nextNs = next?.tsNs ?? lastNs;
    clock.limitTo(nextNs > lastNs ? nextNs : lastNs);
  };

  const sleepUntilDue = async (next: SourceEvent | undefined, signal: AbortSignal): Promise<void> => {
    let waitNs = LONGEST_SLEEP_NS;
    for (const ns of [next?.tsNs ?? null, exchange.nextDueNs()]) {
      const untilNs = ns === null ? null : clock.untilNs(ns);
      if (untilNs !== null && untilNs < waitNs) waitNs = untilNs;
    }
    await waker.sleepNs(waitNs, signal);
  };

  /** Shows rows to the exchange and the clients. */
  const playFrame = (rows: readonly SourceEvent[], next: SourceEvent | undefined): void => {
    for (const { tsNs, instrument } of rows) {
      if (tsNs > lastNs) lastNs = tsNs;
      instruments.add(instrument);
    }
    if (clock.pace() === 'max') clock.moveTo(lastNs);
    shown = events;
    play(rows, options, () => {
      events += 1;
    });
    shown = events;
    limitClock(next);
    tellTime(clock.nowNs(), options);
  };

  /** Shows clients rows that the exchange had been shown when the process ended, and they perhaps not. */
  const repeatFrame = (rows: readonly SourceEvent[]): void => {
    publish(rows, options);
    shown += rows.length;
  };

  /** Plays rows when they are due; false as soon as the tape is to be moved. */
  const playRows = async (
    rows: readonly SourceEvent[],
    show: (frame: readonly SourceEvent[], next: SourceEvent | undefined) => void,
    signal: AbortSignal,
  ): Promise<boolean> => {
    let from = 0;
    while (from < rows.length) {
      if (move !== null) return false;
      limitClock(rows[from]);
      if (!(await mayGoOn(signal))) continue;
      const end = frameEnd(rows, from);
      if (end > from) {
        show(rows.slice(from, end), rows[end]);
        from = end;
        await nextTurn();
        signal.throwIfAborted();
        continue;
      }
      tellTime(clock.nowNs(), options);
      await sleepUntilDue(rows[from], signal);
    }
    return true;
  };

  /** Makes the place the market's: a new run if the tape was moved, and what the market shows there for the exchange. */
  const land = (place: Place, last: LastShown, isAtEnd: boolean): void => {
    if (place.atNs !== null && place.atNs > lastNs) lastNs = place.atNs;
    clock.limitTo(null);
    clock.moveTo(lastNs);
    shown = Math.min(place.shown ?? events, events);
    phase = isAtEnd ? 'ended' : 'waiting';
    isSkimming = false;
    if (place.isMoved) {
      options.beginRun();
      market.disconnectAll(MOVED.code, MOVED.reason);
    }
    exchange.onClock();
    if (place.isMoved) {
      for (const instrument of instruments) {
        exchange.onMarket(forgetting(instrument, lastNs));
        exchange.showPast(instrument, NO_PAST);
      }
    }
    for (const [instrument, past] of last.pasts()) {
      instruments.add(instrument);
      exchange.showPast(instrument, past);
    }
    for (const event of last.events()) {
      instruments.add(event.instrument);
      exchange.onMarket(event);
    }
    exchange.recordPosition();
    place.landed?.({ ok: true, status: control.status() });
  };

  /** Reads rows up to the place; answers with how many of them these were. */
  const skim = (rows: readonly SourceEvent[], place: Place, { again, last }: Skimmed): number => {
    for (const [index, event] of rows.entries()) {
      const atNs = event.tsNs > lastNs ? event.tsNs : lastNs;
      if (place.isReached(events, atNs)) return index;
      lastNs = atNs;
      last.put(event);
      if (place.shown !== null && events >= place.shown) again.push(event);
      else remember(event, options);
      events += 1;
    }
    return rows.length;
  };

  /** Plays the open tape from a place on: to its end, or until it is to be moved. */
  const playFrom = async (place: Place, signal: AbortSignal): Promise<'ended' | 'moved'> => {
    const last = createLastShown();
    const again: SourceEvent[] = [];
    let isThere = false;
    for await (const batch of tape.batches()) {
      let rows: readonly SourceEvent[] = batch;
      if (!isThere) {
        rows = batch.slice(skim(batch, place, { again, last }));
        if (rows.length === 0) {
          await nextTurn();
          signal.throwIfAborted();
          if (move !== null) return 'moved';
          continue;
        }
        isThere = true;
        land(place, last, false);
        if (!(await playRows(again, repeatFrame, signal))) return 'moved';
      }
      if (!(await playRows(rows, playFrame, signal))) return 'moved';
    }
    if (!isThere) land(place, last, true);
    return 'ended';
  };

  /** Opens the tape at its beginning. What is remembered is made anew of the rows before the place. */
  const rewind = async (): Promise<void> => {
    phase = 'seeking';
    isSkimming = true;
    clock.hold();
    tape = await source.reopen();
    events = 0;
    shown = 0;
    lastNs = firstNs;
    options.bars.clear();
    options.history.clear();
  };

  const playOn = async (signal: AbortSignal): Promise<void> => {
    let place = resumedPlace(source.position);
    for (;;) {
      let outcome: 'ended' | 'moved';
      try {
        outcome = await playFrom(place, signal);
      } finally {
        await tape.close();
      }
      if (outcome === 'ended') {
        phase = 'ended';
        clock.hold();
        log.info({ files: tape.files }, 'tape ended');
      }
      while (move === null) await waker.sleep(signal);
      ({ place } = move);
      move = null;
      await rewind();
    }
  };

  const control = createTapeControl({
    reopen: source.reopen,
    firstNs,
    status: () => ({ state: stateNow(), pace: clock.pace(), nowNs: clock.nowNs(), events, files: tape.files }),
    hold() {
      isPaused = true;
      clock.hold();
      waker.wake();
    },
    goOn() {
      isPaused = false;
      waker.wake();
    },
    setPace(pace) {
      clock.setPace(pace);
      waker.wake();
    },
    move(next) {
      move = next;
      waker.wake();
    },
  });

  const stateNow = (): FeedState => (isPaused && (phase === 'waiting' || phase === 'playing') ? 'paused' : phase);

  return {
    nowNs: () => clock.nowNs(),
    state: stateNow,
    position: currentPosition,
    tape: control,
    async run(signal) {
      // An order may have become due earlier than what is waited for.
      const unlisten = exchange.listen(() => waker.wake());
      try {
        await playOn(signal);
      } catch (error) {
        if (!signal.aborted) throw error;
      } finally {
        unlisten();
        control.stop();
      }
    },
  };
}

/** The place where a start goes on: behind the rows that the exchange had been shown. */
function resumedPlace(position: TapePosition | null): Place {
  const until = position?.events ?? 0;
  return {
    isReached: (events) => events >= until,
    shown: position?.shown ?? null,
    atNs: position === null ? null : BigInt(position.tsNs),
    isMoved: false,
  };
}

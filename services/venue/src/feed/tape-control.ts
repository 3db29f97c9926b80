import { timeText } from '../core/time-text.ts';
import type { Tape } from '../tape/tape.ts';
import { TapeError } from '../tape/tape-error.ts';
import type { Pace, SeekResult, SeekTarget, TapeControl, TapeStatus } from './feed.ts';
import { lengthOf, type TapeLength } from './tape-length.ts';

/** Where a tape goes on. */
export interface Place {
  /** True for the first row to be played, given how many are before it and the latest time up to and including it. */
  isReached(events: number, atNs: bigint): boolean;
  /** Rows that clients had been shown; those behind it go out again. `null`: all of them up to the place. */
  readonly shown: number | null;
  /** The tape's time there, if it is later than that of the last row before; `null` when it is not. */
  readonly atNs: bigint | null;
  /** Whether the market before it is to be forgotten. */
  readonly isMoved: boolean;
  /** Called when the tape stands there. */
  readonly landed?: (result: SeekResult) => void;
}

/** A tape that is to be moved. */
export interface Move {
  readonly place: Place;
}

/** The tape as its control sees it. */
export interface ControlledTape {
  readonly reopen: () => Promise<Tape>;
  readonly firstNs: bigint;
  readonly status: () => Omit<TapeStatus, 'totalEvents'>;
  hold(): void;
  goOn(): void;
  setPace(pace: Pace): void;
  move(move: Move): void;
}

/** Holds and moves a tape. `stop` answers a seek that will not be carried out any more. */
export function createTapeControl(tape: ControlledTape): TapeControl & { stop(): void } {
  let length: TapeLength | null = null;
  let isSeeking = false;
  let isStopped = false;
  let answer: ((result: SeekResult) => void) | null = null;
  const stopped: SeekResult = { ok: false, reason: 'stopped', message: 'the venue stops' };

  const status = (): TapeStatus => ({ ...tape.status(), totalEvents: length?.events ?? null });

  const move = async (target: SeekTarget): Promise<SeekResult> => {
    length ??= await lengthOf(await tape.reopen());
    const fault = faultOf(target, { firstNs: tape.firstNs, length });
    if (fault !== null) return { ok: false, reason: 'out-of-range', message: fault };
    if (isStopped) return stopped;
    const place = placeOf(target, length);
    return new Promise((resolve) => {
      answer = resolve;
      tape.move({ place: { ...place, landed: resolve } });
    });
  };

  return {
    status,
    pause: () => tape.hold(),
    resume: () => tape.goOn(),
    setPace: (pace) => tape.setPace(pace),
    async seek(target) {
      if (isStopped) return stopped;
      if (isSeeking) return { ok: false, reason: 'busy', message: 'the tape is being moved already' };
      isSeeking = true;
      try {
        return await move(target);
      } catch (error) {
        if (!(error instanceof TapeError)) throw error;
        return { ok: false, reason: 'unreadable', message: error.message };
      } finally {
        isSeeking = false;
        answer = null;
      }
    },
    stop() {
      isStopped = true;
      answer?.(stopped);
    },
  };
}

function faultOf(target: SeekTarget, { firstNs, length }: { firstNs: bigint; length: TapeLength }): string | null {
  if (target.by === 'share') {
    return target.percent >= 0 && target.percent <= 100 ? null : `${target.percent}% is not between 0% and 100%`;
  }
  const { tsNs } = target;
  if (tsNs < firstNs) return `${timeText(tsNs)} is before ${timeText(firstNs)}, the first row of the tape`;
  if (tsNs > length.lastNs) return `${timeText(tsNs)} is after ${timeText(length.lastNs)}, the last row of the tape`;
  return null;
}

function placeOf(target: SeekTarget, length: TapeLength): Place {
  const moved = { shown: null, isMoved: true };
  if (target.by === 'time') {
    const { tsNs } = target;
    return { ...moved, isReached: (_events, atNs) => atNs >= tsNs, atNs: tsNs };
  }
  const until = Math.floor((target.percent * length.events) / 100);
  return { ...moved, isReached: (events) => events >= until, atNs: null };
}

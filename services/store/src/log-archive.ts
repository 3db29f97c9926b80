import type { Journal } from '@tickpath/journal';
import type { LogPosition } from '@tickpath/wire';
import {
  type ArchivedLog,
  type ArchiveEvents,
  type Arrival,
  archiveStep,
  type LogPlace,
  missingIn,
  streamOfLog,
} from './core/index.ts';

export interface LogArchiveOptions {
  readonly journal: Journal<ArchiveEvents>;
  /** Told after each commit, once for each log that it had events of. */
  readonly onArchived: (log: ArchivedLog, counts: { readonly events: number; readonly missing: number }) => void;
  /** What was received is ahead of the journal then: the process ends and asks for it again. */
  readonly onFatal: (error: unknown) => never;
}

/** Writes the logs that are followed into the store's journal. */
export interface LogArchive {
  /** Where following a log goes on after a start; undefined if it never was. */
  positionOf(log: ArchivedLog): LogPosition | undefined;
  /** The place of the last event that is archived of the log of this UUID. */
  placeOf(log: ArchivedLog, uuid: string): LogPlace | undefined;
  /** Takes an event, to be archived with whatever else comes in this turn of the event loop. */
  take(arrival: Arrival): void;
  /** Events of a log that have been taken and are not archived yet. */
  waiting(log: ArchivedLog): number;
  /** Archives what waits, and takes nothing more. */
  close(): void;
}

/** So that a commit holds the event loop for a few milliseconds at most, however much came at once. */
const EVENTS_A_COMMIT = 500;

export function openLogArchive({ journal, onArchived, onFatal }: LogArchiveOptions): LogArchive {
  const waiting: Arrival[] = [];
  let turn: NodeJS.Immediate | undefined;

  const commit = (): void => {
    const { entries, positions } = archiveStep(waiting.splice(0, EVENTS_A_COMMIT), lastPlace);
    journal.transact((transaction) => {
      for (const { stream, event } of entries) transaction.append(stream, [event], 'any');
      for (const [log, position] of positions) transaction.position(log, position);
    });
    for (const log of positions.keys()) {
      const missing = entries.filter((entry) => entry.log === log).map(({ event }) => missingIn(event));
      onArchived(log, {
        events: missing.filter((count) => count === 0).length,
        missing: missing.reduce((sum, count) => sum + count, 0),
      });
    }
  };
  const takeTurn = (): void => {
    turn = undefined;
    try {
      commit();
    } catch (error) {
      onFatal(error);
    }
    if (waiting.length > 0) turn = setImmediate(takeTurn);
  };
  const lastPlace = (stream: string): LogPlace | undefined => {
    const version = journal.versionOf(stream);
    const { value: last } = version === 0 ? { value: undefined } : journal.readStream(stream, version).next();
    return last?.payload;
  };

  return {
    positionOf: (log) => journal.positionOf(log),
    placeOf: (log, uuid) => lastPlace(streamOfLog(log, uuid)),
    take: (arrival) => {
      waiting.push(arrival);
      turn ??= setImmediate(takeTurn);
    },
    waiting: (log) => waiting.filter((arrival) => arrival.log === log).length,
    close: () => {
      clearImmediate(turn);
      while (waiting.length > 0) commit();
    },
  };
}

import type { EventTypes, NewEvent } from '@tickpath/journal';
import {
  type Envelope,
  KINDS,
  type Kind,
  type LogPosition,
  type Payload,
  type PayloadJson,
  toJson,
} from '@tickpath/wire';

/** The logs that are archived, each named by the service that owns it. */
export const ARCHIVED_LOGS = ['risk', 'execution'] as const;
export type ArchivedLog = (typeof ARCHIVED_LOGS)[number];

/** Where an event stands in the log of one UUID. */
export interface LogPlace {
  readonly generation: number;
  readonly seq: number;
}

/** An event as its owner logged it: where, when (Unix time in ns), and what it said (`toJson` of its kind). */
export interface ArchivedEvent extends LogPlace {
  readonly tsNs: string;
  readonly payload: PayloadJson;
}

/** Stands for the events from `fromSeq` to `seq`, which were gone from the log before they could be archived. */
export interface MissingEvents extends LogPlace {
  readonly fromSeq: number;
}

/** What the archive's journal holds: a stream for each log that there has been, its events in the order of the log. */
export type ArchiveEvents = { readonly [K in Kind]: ArchivedEvent } & { readonly LogEventsMissing: MissingEvents };

/** Every kind, since an archive takes whatever a log has. */
export const ARCHIVE_TYPES = Object.fromEntries(
  [...KINDS, 'LogEventsMissing'].map((type) => [type, { schema: 1 }]),
) as unknown as EventTypes<ArchiveEvents>;

/** What a follower of a log has come to: its next event, or a hole up to `position`. */
export type Arrival = { readonly log: ArchivedLog; readonly position: LogPosition } & (
  | { readonly event: Envelope }
  | { readonly missingFrom: number }
);

export interface ArchiveEntry {
  readonly log: ArchivedLog;
  readonly stream: string;
  readonly event: NewEvent<ArchiveEvents>;
}

export interface ArchiveStep {
  /** To append, in this order. */
  readonly entries: readonly ArchiveEntry[];
  /** To be kept in the same transaction: where following goes on. */
  readonly positions: ReadonlyMap<ArchivedLog, LogPosition>;
}

export function streamOfLog(log: ArchivedLog, uuid: string): string {
  return `${log}/${uuid}`;
}

/**
 * What is to be written for what has arrived, in order of arrival. An event is known by the UUID of its log, the
 * generation and the seq, so what is read again, after a restart or of a log that comes back, is archived once. A new
 * generation is archived from its first event on: which of the one before have survived only its owner can tell.
 * `placeOf` gives the place of the last event of a stream.
 */
export function archiveStep(
  arrivals: readonly Arrival[],
  placeOf: (stream: string) => LogPlace | undefined,
): ArchiveStep {
  const places = new Map<string, LogPlace | undefined>();
  const positions = new Map<ArchivedLog, LogPosition>();
  const entries: ArchiveEntry[] = [];
  for (const arrival of arrivals) {
    const { log, position } = arrival;
    const stream = streamOfLog(log, position.uuid);
    if (!places.has(stream)) places.set(stream, placeOf(stream));
    const event = newEventOf(arrival, places.get(stream));
    positions.set(log, position);
    if (event === undefined) continue;
    entries.push({ log, stream, event });
    places.set(stream, position);
  }
  return { entries, positions };
}

/** How many events a `LogEventsMissing` stands for; 0 for any other. */
export function missingIn({ type, payload }: NewEvent<ArchiveEvents>): number {
  return type === 'LogEventsMissing' ? payload.seq - payload.fromSeq + 1 : 0;
}

function newEventOf(arrival: Arrival, last: LogPlace | undefined): NewEvent<ArchiveEvents> | undefined {
  const { generation, seq } = arrival.position;
  if ('event' in arrival)
    return isBeyond(arrival.position, last) ? eventOf(arrival.event, { generation, seq }) : undefined;
  // A log loses only its end: what was archived of an earlier generation is not missing.
  const fromSeq = Math.max(arrival.missingFrom, (last?.seq ?? 0) + 1);
  return fromSeq > seq ? undefined : { type: 'LogEventsMissing', payload: { generation, fromSeq, seq } };
}

function isBeyond({ generation, seq }: LogPlace, last: LogPlace | undefined): boolean {
  if (last === undefined || generation > last.generation) return true;
  return generation === last.generation && seq > last.seq;
}

function eventOf({ kind, tsNs, payload }: Envelope, place: LogPlace): NewEvent<ArchiveEvents> {
  const archived: ArchivedEvent = { ...place, tsNs: String(tsNs), payload: toJson(kind, payload as Payload<Kind>) };
  return { type: kind, payload: archived, correlationId: clOrdIdIn(payload) } as NewEvent<ArchiveEvents>;
}

/** Null for an event of no order, and for a name that a journal takes for none: risk logs what it refuses as it came. */
function clOrdIdIn(payload: object): string | null {
  const { clOrdId } = payload as { clOrdId?: unknown };
  return typeof clOrdId === 'string' && /^[!-~]{1,256}$/.test(clOrdId) ? clOrdId : null;
}

import { type EventRow, eventChecksum } from './checksum.ts';
import { JournalError, journalError } from './errors.ts';
import type { EventMap, EventTypes, JournalEvent, StoredEvent } from './events.ts';
import { typeOf, upcastPayload } from './upcast.ts';

/** Largest payload of an event, as JSON text: what a message of the wire may hold. */
export const MAX_PAYLOAD_LENGTH = 1024 * 1024;

/** The value of `what` as JSON text. Throws `JOURNAL_MISUSE` for what JSON cannot say (undefined, a bigint, a cycle). */
export function encodeJson(what: string, value: unknown, maxLength: number): string {
  let text: string | undefined;
  try {
    text = JSON.stringify(value);
  } catch (error) {
    throw new JournalError('JOURNAL_MISUSE', `the value of ${what} is not JSON: ${(error as Error).message}`, error);
  }
  if (text === undefined) throw new JournalError('JOURNAL_MISUSE', `the value of ${what} is not JSON: ${typeof value}`);
  if (text.length > maxLength) {
    throw new JournalError('JOURNAL_MISUSE', `the value of ${what} has ${text.length} characters > limit ${maxLength}`);
  }
  return text;
}

/** A row as an event, nothing upcast. Throws `JOURNAL_DAMAGED` if it is not what was written. */
export function decodeStored(row: EventRow, path: string): StoredEvent {
  const [seq, eventId, stream, version, tsNs, correlationId, causationId, type, schema, text, checksum] = row;
  if (eventChecksum(row) !== checksum) throw damagedEvent(row, path);
  let payload: unknown;
  try {
    payload = JSON.parse(text);
  } catch (error) {
    throw journalError('JOURNAL_DAMAGED', path, `event ${seq} has a payload that is no JSON`, error);
  }
  const ns = BigInt(tsNs);
  return { eventId, stream, version, seq, tsNs: ns, correlationId, causationId, checksum, type, schema, payload };
}

/** A row as an event in today's schema. Throws for a type or schema that this version does not know. */
export function decodeEvent<T extends EventMap>(row: EventRow, types: EventTypes<T>, path: string): JournalEvent<T> {
  const stored = decodeStored(row, path);
  const where = { path, seq: stored.seq };
  const entry = typeOf(types, stored.type, where);
  if (entry.schema === stored.schema) return stored as JournalEvent<T>;
  const payload = upcastPayload(stored.type, entry, stored, where);
  return { ...stored, payload, schema: entry.schema } as JournalEvent<T>;
}

function damagedEvent(row: EventRow, path: string): JournalError {
  const [seq, , stream, version, , , , type] = row;
  const found = `event ${seq} (${String(stream)} ${version}, ${String(type)}) does not match its checksum`;
  return journalError('JOURNAL_DAMAGED', path, found);
}

import { JournalError, journalError } from './errors.ts';
import type { EventType, EventTypes } from './events.ts';
import { checkName } from './names.ts';

/** Throws `JOURNAL_MISUSE` if a type has no proper schema, or lacks an upcaster between two it has. */
export function checkEventTypes(types: EventTypes): void {
  for (const [type, { schema, upcast = {} }] of Object.entries(types)) {
    checkName('event type', type);
    if (!Number.isSafeInteger(schema) || schema < 1) {
      throw new JournalError('JOURNAL_MISUSE', `event type ${type} has schema ${schema}, not an integer from 1`);
    }
    const froms = Object.keys(upcast).map(Number);
    const beyond = froms.find((from) => !Number.isSafeInteger(from) || from < 1 || from >= schema);
    if (beyond !== undefined) {
      throw new JournalError('JOURNAL_MISUSE', `event type ${type} upcasts from ${beyond}, its schema is ${schema}`);
    }
    const oldest = Math.min(schema, ...froms);
    for (let from = oldest; from < schema; from += 1) {
      if (typeof upcast[from] === 'function') continue;
      throw new JournalError('JOURNAL_MISUSE', `event type ${type} has no upcaster from schema ${from}`);
    }
  }
}

/** The type's entry, or the error that stops a recovery. */
export function typeOf(types: EventTypes, type: string, where: { path: string; seq: number }): EventType {
  const known = Object.hasOwn(types, type) ? types[type] : undefined;
  if (known !== undefined) return known;
  const names = Object.keys(types).join(', ');
  throw journalError(
    'JOURNAL_UNKNOWN_TYPE',
    where.path,
    `event ${where.seq} is of type ${type}, which is none of ${names}`,
  );
}

/** Brings a payload from the schema it was written in to today's, one version at a time. */
export function upcastPayload(
  type: string,
  entry: EventType,
  stored: { readonly schema: number; readonly payload: unknown },
  where: { readonly path: string; readonly seq: number },
): unknown {
  if (stored.schema > entry.schema) {
    const found = `event ${where.seq} of type ${type} has schema ${stored.schema}, newer than ${entry.schema}`;
    throw journalError('JOURNAL_NEWER_SCHEMA', where.path, found);
  }
  let { payload } = stored;
  for (let from = stored.schema; from < entry.schema; from += 1) {
    const step = entry.upcast?.[from];
    if (step === undefined) {
      const found = `event ${where.seq} of type ${type} has schema ${stored.schema}, and nothing brings ${from} to ${from + 1}`;
      throw journalError('JOURNAL_UNKNOWN_TYPE', where.path, found);
    }
    payload = step(payload);
  }
  return payload;
}

/** `PRAGMA application_id` of a journal: "TPJ1". */
export const APPLICATION_ID = 0x54504a31;
/** `PRAGMA user_version`: the layout of the tables below. */
export const FORMAT = 1;

/** Bytes of a page. A commit writes whole pages: with SQLite's 4096 it takes a tenth longer, with 1024 large ones do. */
export const PAGE_BYTES = 2048;

/**
 * Every table carries a checksum a row, over the columns before it. Payloads, states and names are text, so that sqlite3
 * shows what is there. `event` loses rows only at its front, so its first and last seq are those of the journal.
 */
export const TABLES = `
CREATE TABLE journal (
  id INTEGER PRIMARY KEY CHECK (id = 1), uuid TEXT NOT NULL, generation INTEGER NOT NULL, boot_id TEXT NOT NULL,
  clean INTEGER NOT NULL, created_ns TEXT NOT NULL, checksum INTEGER NOT NULL
) STRICT;
CREATE TABLE event (
  seq INTEGER PRIMARY KEY, event_id TEXT NOT NULL, stream TEXT NOT NULL, version INTEGER NOT NULL,
  ts_ns INTEGER NOT NULL, correlation_id TEXT, causation_id TEXT, type TEXT NOT NULL, schema INTEGER NOT NULL,
  payload TEXT NOT NULL, checksum INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX event_by_stream ON event (stream, version);
CREATE TABLE stream_floor (
  stream TEXT PRIMARY KEY, version INTEGER NOT NULL, checksum INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE snapshot (
  id INTEGER PRIMARY KEY, seq INTEGER NOT NULL, ts_ns TEXT NOT NULL, schema INTEGER NOT NULL, state TEXT NOT NULL,
  checksum INTEGER NOT NULL
) STRICT;
CREATE TABLE answer (
  id INTEGER PRIMARY KEY, request_id TEXT NOT NULL UNIQUE, ts_ns TEXT NOT NULL, reply BLOB NOT NULL,
  checksum INTEGER NOT NULL
) STRICT;
CREATE TABLE position (
  follower TEXT PRIMARY KEY, uuid TEXT NOT NULL, generation INTEGER NOT NULL, seq INTEGER NOT NULL,
  checksum INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
`;

/** The columns of an event as `EventRow` has them. The time as text: a number cannot hold it. */
export const EVENT_COLUMNS =
  'seq, event_id, stream, version, CAST(ts_ns AS TEXT), correlation_id, causation_id, type, schema, payload, checksum';

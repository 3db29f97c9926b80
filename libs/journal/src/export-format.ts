import { eventChecksum, rowChecksum } from './checksum.ts';
import { JournalError } from './errors.ts';
import type { StoredEvent } from './events.ts';

/** A file of an export. */
export interface ExportedFile {
  readonly name: string;
  readonly lines: number;
  readonly bytes: number;
  readonly sha256: string;
}

/** `manifest.json`: what was exported, and what its files must be. */
export interface ExportManifest {
  readonly format: 1;
  readonly uuid: string;
  readonly generation: number;
  readonly firstSeq: number;
  readonly lastSeq: number;
  readonly events: ExportedFile;
  readonly snapshots: ExportedFile;
}

export const MANIFEST_FILE = 'manifest.json';
export const EVENTS_FILE = 'events.jsonl';
export const SNAPSHOTS_FILE = 'snapshots.jsonl';

/** The manifest as text, with a checksum of its own at the end. */
export function encodeManifest(manifest: ExportManifest): string {
  const text = JSON.stringify(manifest);
  return `${JSON.stringify({ ...manifest, checksum: rowChecksum([text]) }, null, 2)}\n`;
}

/** Throws `JOURNAL_DAMAGED` unless the text is what `encodeManifest` gave. */
export function decodeManifest(text: string, path: string): ExportManifest {
  try {
    const { checksum, ...manifest } = JSON.parse(text) as ExportManifest & { checksum: number };
    if (manifest.format !== undefined && encodeManifest(manifest) === text) return manifest;
    throw new Error(`its checksum is ${checksum}`);
  } catch (error) {
    throw new JournalError('JOURNAL_DAMAGED', `${path} is not as it was exported: export again`, error);
  }
}

/** An event as a line. JSON text that was read and written again is the same text, so the checksum of the row holds. */
export function encodeEventLine(event: StoredEvent): string {
  const { seq, eventId, stream, version, tsNs, correlationId, causationId, type, schema, payload, checksum } = event;
  const header = {
    seq,
    eventId,
    stream,
    version,
    tsNs: String(tsNs),
    correlationId,
    causationId,
    type,
    schema,
    checksum,
  };
  return `${JSON.stringify({ ...header, payload })}\n`;
}

/** Throws `JOURNAL_DAMAGED` if the line is not the event that was exported. */
export function decodeLine(line: string, path: string): StoredEvent {
  try {
    const at = line.indexOf(',"payload":');
    const text = line.slice(at + ',"payload":'.length, -1);
    const header = JSON.parse(`${line.slice(0, at)}}`) as Omit<StoredEvent, 'tsNs' | 'payload'> & {
      readonly tsNs: string;
    };
    const { seq, eventId, stream, version, tsNs, correlationId, causationId, type, schema, checksum } = header;
    const cells = [seq, eventId, stream, version, tsNs, correlationId, causationId, type, schema, text];
    if (eventChecksum(cells) !== checksum || !line.endsWith('}')) throw new Error('the checksum differs');
    return { ...header, tsNs: BigInt(tsNs), payload: JSON.parse(text) };
  } catch (error) {
    throw new JournalError('JOURNAL_DAMAGED', `${path}: a line is not as it was exported: export again`, error);
  }
}

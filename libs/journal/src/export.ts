import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, open, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { JournalError, toJournalError } from './errors.ts';
import type { StoredEvent } from './events.ts';
import {
  decodeLine,
  decodeManifest,
  EVENTS_FILE,
  type ExportedFile,
  type ExportManifest,
  encodeEventLine,
  encodeManifest,
  MANIFEST_FILE,
  SNAPSHOTS_FILE,
} from './export-format.ts';
import { nextTurn } from './follow.ts';
import { openJournalReader } from './reader.ts';

const CHUNK_LENGTH = 256 * 1024;

/**
 * Writes a journal, live or not, as lines of JSON into an empty or new folder; the manifest comes last, so a folder without
 * one is no export. Rejects with a `JournalError`.
 */
export async function exportJournal(path: string, dir: string): Promise<ExportManifest> {
  const reader = openJournalReader(path);
  try {
    await mkdir(dir, { recursive: true });
    if ((await readdir(dir)).length > 0)
      throw new JournalError('JOURNAL_MISUSE', `${dir} is not empty: name another folder`);
    const { uuid, generation, snapshots } = reader.info();
    const range = { firstSeq: 0, lastSeq: 0 };
    const events = await writeFile(dir, EVENTS_FILE, eventLines(reader.readAll(), range));
    const states = snapshots.map(({ id }) => {
      const { seq, tsNs, schema, state } = reader.snapshot(id);
      return `${JSON.stringify({ seq, tsNs: String(tsNs), schema, state })}\n`;
    });
    const snapshotFile = await writeFile(dir, SNAPSHOTS_FILE, states);
    const manifest: ExportManifest = { format: 1, uuid, generation, ...range, events, snapshots: snapshotFile };
    await writeFile(dir, MANIFEST_FILE, [encodeManifest(manifest)]);
    return manifest;
  } catch (error) {
    throw toJournalError(error, path, `cannot be exported to ${dir}`);
  } finally {
    reader.close();
  }
}

/** Reads an export's manifest. Rejects with `JOURNAL_DAMAGED` if it is not as it was written. */
export async function readExportManifest(dir: string): Promise<ExportManifest> {
  const path = join(dir, MANIFEST_FILE);
  try {
    return decodeManifest(await readFile(path, 'utf8'), path);
  } catch (error) {
    throw toJournalError(error, path, 'cannot be read');
  }
}

/** The events of an export, in order; each is checked. Rejects with `JOURNAL_DAMAGED` rather than give a wrong one. */
export async function* readExport(dir: string): AsyncGenerator<StoredEvent, void, undefined> {
  const { firstSeq, lastSeq } = await readExportManifest(dir);
  const path = join(dir, EVENTS_FILE);
  let next = firstSeq;
  for await (const line of linesOf(path)) {
    const event = decodeLine(line, path);
    if (event.seq !== next)
      throw new JournalError('JOURNAL_DAMAGED', `${path}: event ${next} is missing: export again`);
    next += 1;
    yield event;
  }
  if (lastSeq !== 0 && next !== lastSeq + 1) {
    throw new JournalError(
      'JOURNAL_DAMAGED',
      `${path} ends before event ${next}, the last is ${lastSeq}: export again`,
    );
  }
}

/** Checks all of an export: manifest, digests of its files, each event. Rejects with `JOURNAL_DAMAGED`. */
export async function verifyExport(dir: string): Promise<ExportManifest> {
  const manifest = await readExportManifest(dir);
  for (const file of [manifest.events, manifest.snapshots]) await checkFile(dir, file);
  for await (const _event of readExport(dir));
  return manifest;
}

/** Lines end with a line feed and nothing else: readline would end them at U+2028 too, which JSON texts may hold. */
async function* linesOf(path: string): AsyncGenerator<string, void, undefined> {
  let rest = '';
  try {
    for await (const chunk of createReadStream(path, 'utf8') as AsyncIterable<string>) {
      const lines = `${rest}${chunk}`.split('\n');
      rest = lines.pop() ?? '';
      yield* lines;
    }
  } catch (error) {
    throw toJournalError(error, path, 'cannot be read');
  }
  if (rest !== '') yield rest;
}

async function checkFile(dir: string, { name, bytes, sha256 }: ExportedFile): Promise<void> {
  const path = join(dir, name);
  const hash = createHash('sha256');
  let found = 0;
  try {
    for await (const chunk of createReadStream(path) as AsyncIterable<Buffer>) {
      found += chunk.length;
      hash.update(chunk);
    }
  } catch (error) {
    throw toJournalError(error, path, 'cannot be read');
  }
  if (found === bytes && hash.digest('hex') === sha256) return;
  throw new JournalError(
    'JOURNAL_DAMAGED',
    `${path} is not as it was exported (${found} bytes, ${bytes} then): export again`,
  );
}

function* eventLines(events: Iterable<StoredEvent>, range: { firstSeq: number; lastSeq: number }): Generator<string> {
  for (const event of events) {
    if (range.lastSeq === 0) range.firstSeq = event.seq;
    range.lastSeq = event.seq;
    yield encodeEventLine(event);
  }
}

/** On the disk when it resolves. */
async function writeFile(dir: string, name: string, lines: Iterable<string>): Promise<ExportedFile> {
  const handle = await open(join(dir, name), 'wx');
  const hash = createHash('sha256');
  let [count, bytes, chunk] = [0, 0, ''];
  const flush = async () => {
    const data = Buffer.from(chunk);
    chunk = '';
    bytes += data.length;
    hash.update(data);
    await handle.writeFile(data);
  };
  try {
    for (const line of lines) {
      count += 1;
      chunk += line;
      if (chunk.length < CHUNK_LENGTH) continue;
      await flush();
      await nextTurn();
    }
    await flush();
    await handle.sync();
  } finally {
    await handle.close();
  }
  return { name, lines: count, bytes, sha256: hash.digest('hex') };
}

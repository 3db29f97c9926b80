import { createReadStream } from 'node:fs';
import type { Readable } from 'node:stream';
import { StringDecoder } from 'node:string_decoder';
import { createZstdDecompress } from 'node:zlib';
import { FatalStartError } from '@tickpath/runtime';

/** What happened on a feed, one after the other, as far as it can be played again. */
export type RecordedLine =
  | { readonly t: 'upgrade'; readonly ns: bigint; readonly run: string | null; readonly pace: string | null }
  | { readonly t: 'recv'; readonly ns: bigint; readonly data: string }
  | { readonly t: 'http'; readonly ns: bigint; readonly path: string; readonly data: string }
  | { readonly t: 'http-failed'; readonly ns: bigint; readonly path: string; readonly reason: string }
  | { readonly t: 'subscribe' | 'connect' | 'disconnect' | 'clock'; readonly ns: bigint }
  /** So many lines are missing here. */
  | { readonly t: 'dropped'; readonly ns: bigint; readonly count: number };

/** A raw recording, in one or several files. */
export interface Recording {
  /** Whose feed it is, as the first line says. */
  readonly exchange: string;
  /** The symbols that were subscribed, where the first line says so. */
  readonly symbols: readonly string[];
  /** Whether the looks at the clock are in it; captures of others have none. */
  readonly hasClock: boolean;
  /** In the order of the files. Throws `FatalStartError` `RECORDING_UNREADABLE` for a file or line that cannot be read. */
  lines(): AsyncGenerator<RecordedLine, void, void>;
}

export interface RecordingLog {
  warn(fields: object, message: string): void;
}

type Fields = Readonly<Record<string, unknown>>;

/** Opens a recording by its first line. Throws as `lines` does. */
export async function openRecording(files: readonly string[], log: RecordingLog): Promise<Recording> {
  const [first = ''] = files;
  for await (const { fields } of fieldsIn(first, log)) {
    const { t, exchange, symbols, recording } = fields;
    if (t !== 'header' || typeof exchange !== 'string') {
      throw unreadable(first, 'begins with no header that names an exchange');
    }
    if (recording === 'normalised') throw unreadable(first, 'is a normalised recording; a raw one can be played');
    return {
      exchange: exchange.toLowerCase(),
      symbols: Array.isArray(symbols) ? symbols.map(String) : [],
      hasClock: recording === 'raw',
      lines: () => linesOf(files, log),
    };
  }
  throw unreadable(first, 'is empty');
}

async function* linesOf(files: readonly string[], log: RecordingLog): AsyncGenerator<RecordedLine, void, void> {
  for (const file of files) {
    for await (const { fields, line } of fieldsIn(file, log)) {
      const read = lineOf(fields);
      if (read === 'malformed') throw unreadable(file, `has no line of a recording in line ${line}`);
      if (read !== 'nothing') yield read;
    }
  }
}

interface ReadLine {
  readonly fields: Fields;
  readonly line: number;
}

/** A file that ends amid a block was cut by a kill: the whole lines before it count. */
async function* fieldsIn(file: string, log: RecordingLog): AsyncGenerator<ReadLine, void, void> {
  const source = createReadStream(file);
  const unpacked: Readable = file.endsWith('.zst') ? source.pipe(createZstdDecompress()) : source;
  source.on('error', (error) => unpacked.destroy(error));
  const decoder = new StringDecoder('utf8');
  let rest = '';
  let line = 0;
  try {
    for await (const chunk of unpacked) {
      const lines = (rest + decoder.write(chunk as Buffer)).split('\n');
      rest = lines.pop() ?? '';
      for (const text of lines) {
        line += 1;
        yield { fields: fieldsOf(text, { file, line }), line };
      }
    }
    rest += decoder.end();
    if (rest !== '') yield { fields: fieldsOf(rest, { file, line: line + 1 }), line: line + 1 };
  } catch (error) {
    if (error instanceof FatalStartError) throw error;
    const { code, message } = error as NodeJS.ErrnoException;
    if (code !== CUT || line === 0) throw unreadable(file, `cannot be read: ${message}`, error);
    log.warn({ file, lines: line }, `${file} is cut off behind line ${line}`);
  } finally {
    source.destroy();
    unpacked.destroy();
  }
}

const CUT = 'Z_BUF_ERROR';

function fieldsOf(text: string, { file, line }: { readonly file: string; readonly line: number }): Fields {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null) return value as Fields;
  } catch (error) {
    throw unreadable(file, `has no JSON in line ${line}`, error);
  }
  throw unreadable(file, `has no JSON object in line ${line}`);
}

function lineOf(fields: Fields): RecordedLine | 'nothing' | 'malformed' {
  const { t } = fields;
  if (t === 'header' || t === 'send') return 'nothing';
  const ns = timeOf(fields);
  if (ns === undefined) return 'malformed';
  switch (t) {
    case 'upgrade':
      return { t, ns, run: textOrNull(fields.run), pace: textOrNull(fields.pace) };
    case 'recv':
      return typeof fields.data === 'string' ? { t, ns, data: fields.data } : 'malformed';
    case 'http': {
      const path = pathOf(fields);
      return path === undefined || typeof fields.data !== 'string' ? 'malformed' : { t, ns, path, data: fields.data };
    }
    case 'http-failed': {
      const path = pathOf(fields);
      return path === undefined ? 'malformed' : { t, ns, path, reason: String(fields.reason) };
    }
    case 'subscribe':
    case 'connect':
    case 'disconnect':
    case 'clock':
      return { t, ns };
    case 'dropped':
      return { t, ns, count: Number(fields.count) };
    default:
      return 'malformed';
  }
}

/** Exact where it was recorded here; captures have Unix seconds. */
function timeOf({ ns, ts }: Fields): bigint | undefined {
  if (typeof ns === 'string' && /^\d{1,19}$/.test(ns)) return BigInt(ns);
  return typeof ts === 'number' && ts > 0 ? BigInt(Math.round(ts * 1e6)) * 1_000n : undefined;
}

function pathOf({ path, url }: Fields): string | undefined {
  if (typeof path === 'string') return path;
  if (typeof url !== 'string' || !URL.canParse(url)) return undefined;
  const { pathname, search } = new URL(url);
  return pathname + search;
}

function textOrNull(value: unknown): string | null {
  return typeof value === 'string' ? value : null;
}

function unreadable(file: string, found: string, cause?: unknown): FatalStartError {
  return new FatalStartError('RECORDING_UNREADABLE', `${file} ${found}`, { cause });
}

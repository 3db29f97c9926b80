import { createReadStream } from 'node:fs';
import { StringDecoder } from 'node:string_decoder';
import { FatalStartError } from '@tickpath/runtime';
import type { Wanted } from './feed-homes.ts';
import { unpackFile } from './packed-file.ts';

/** What happened on a feed, one after the other, as far as it can be played again. */
export type RecordedLine =
  | { readonly t: 'upgrade'; readonly ns: bigint; readonly run: string | null; readonly pace: string | null }
  | { readonly t: 'recv'; readonly ns: bigint; readonly data: string }
  | { readonly t: 'http'; readonly ns: bigint; readonly path: string; readonly data: string }
  | { readonly t: 'http-failed'; readonly ns: bigint; readonly path: string; readonly reason: string }
  | ({ readonly t: 'subscribe'; readonly ns: bigint } & Wanted)
  | { readonly t: 'connect' | 'disconnect' | 'clock' | 'stop'; readonly ns: bigint }
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

/**
 * Opens a recording by the first lines of its files. Throws as `lines` does, also for files that do not belong together:
 * what one exchange has said means nothing in the protocol of another.
 */
export async function openRecording(files: readonly string[], log: RecordingLog): Promise<Recording> {
  const [first = '', ...others] = files;
  const header = await headerOf(first);
  if (header === undefined) throw unreadable(first, 'is empty');
  if (header === 'none') throw unreadable(first, 'begins with no header that names an exchange');
  if (header.recording === 'normalised') throw unreadable(first, 'is a normalised recording; a raw one can be played');
  if (header.part > 1) {
    const { part } = header;
    log.warn({ file: first, part }, `${first} is part ${part}; what part 1 subscribed and connected is not played`);
  }
  let { part } = header;
  for (const file of others) {
    const next = await headerOf(file);
    if (next === undefined || next === 'none') continue;
    if (kindOf(next) !== kindOf(header)) {
      throw unreadable(file, `is ${kindOf(next)}, ${first} is ${kindOf(header)}; played together: files of one kind`);
    }
    if (next.part > 1 && next.part !== part + 1) {
      log.warn({ file, part: next.part }, `${file} is part ${next.part}, and that before it part ${part}`);
    }
    part = next.part;
  }
  return {
    exchange: header.exchange,
    symbols: header.symbols,
    hasClock: header.recording === 'raw',
    lines: () => linesOf(files, log),
  };
}

interface Header {
  readonly exchange: string;
  readonly symbols: readonly string[];
  /** `raw`, `normalised`, or empty for the captures of others. */
  readonly recording: string;
  /** 1 where there are no parts. */
  readonly part: number;
}

/** `none`: the first line is no header. Undefined: the file has no whole line, as when it was begun before a kill. */
async function headerOf(file: string): Promise<Header | 'none' | undefined> {
  for await (const { fields } of fieldsIn(file, { warn: () => {} })) {
    const { t, exchange, symbols, recording, part } = fields;
    if (t !== 'header' || typeof exchange !== 'string') return 'none';
    return {
      exchange: exchange.toLowerCase(),
      symbols: textsOf(symbols),
      recording: textOrNull(recording) ?? '',
      part: typeof part === 'number' ? part : 1,
    };
  }
  return undefined;
}

function kindOf({ exchange, recording }: Header): string {
  return recording === '' ? `a capture of ${exchange}` : `a ${recording} recording of ${exchange}`;
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

/** A file that ends amid a block or a line was cut by a kill: the whole lines before it count. */
async function* fieldsIn(file: string, log: RecordingLog): AsyncGenerator<ReadLine, void, void> {
  const chunks: AsyncIterable<Buffer> = file.endsWith('.zst') ? unpackFile(file) : createReadStream(file);
  const decoder = new StringDecoder('utf8');
  let rest = '';
  let line = 0;
  try {
    for await (const chunk of chunks) {
      const lines = (rest + decoder.write(chunk)).split('\n');
      rest = lines.pop() ?? '';
      for (const text of lines) {
        line += 1;
        yield { fields: fieldsOf(text, { file, line }), line };
      }
    }
  } catch (error) {
    if (error instanceof FatalStartError) throw error;
    const { code, message } = error as NodeJS.ErrnoException;
    if (code !== CUT) throw unreadable(file, `cannot be read: ${message}`, error);
    return log.warn({ file, lines: line }, `${file} is cut off behind line ${line}`);
  }
  rest += decoder.end();
  if (rest === '') return;
  if (!isJson(rest)) return log.warn({ file, lines: line }, `${file} is cut off behind line ${line}`);
  yield { fields: fieldsOf(rest, { file, line: line + 1 }), line: line + 1 };
}

const CUT = 'Z_BUF_ERROR';

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

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
      return { t, ns, symbols: textsOf(fields.symbols), excluded: textsOf(fields.excluded) };
    case 'connect':
    case 'disconnect':
    case 'clock':
    case 'stop':
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

function textsOf(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.map(String) : [];
}

function textOrNull(value: unknown): string | null {
  return typeof value === 'string' ? value : null;
}

function unreadable(file: string, found: string, cause?: unknown): FatalStartError {
  return new FatalStartError('RECORDING_UNREADABLE', `${file} ${found}`, { cause });
}

import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { basename } from 'node:path';
import type { Readable, Transform } from 'node:stream';
import { StringDecoder } from 'node:string_decoder';
import { createGunzip, createZstdDecompress } from 'node:zlib';
import { openPromise, type ZipFile } from 'yauzl';
import { TapeError } from './tape-error.ts';

/** The text of a tape file, whatever it is packed in. */
export interface TapeText {
  /** The name of the text inside the packing: a zip's entry, a packed file without its last ending, else the file itself. */
  readonly entryName: string;
  /** The lines, in groups as they come off the disk, without line ends. Read at the reader's pace; bounded memory. */
  readonly lines: AsyncGenerator<string[], void, void>;
}

interface Packing {
  readonly magic: readonly number[];
  readonly ending: RegExp;
  readonly unpack: 'zip' | (() => Transform);
}

/** How files are packed, by their first bytes: names may lie. */
const PACKINGS: readonly Packing[] = [
  { magic: [0x50, 0x4b], ending: /\.zip$/i, unpack: 'zip' },
  { magic: [0x1f, 0x8b], ending: /\.gz$/i, unpack: createGunzip },
  { magic: [0x28, 0xb5, 0x2f, 0xfd], ending: /\.zst(d)?$/i, unpack: createZstdDecompress },
];
const MAGIC_BYTES = 4;
/** A snapshot of a deep book is one line. */
const MAX_LINE_LENGTH = 1_048_576;

/** Opens a plain, gzip, zstd or zip file (a zip holds exactly one file). Throws `TapeError` when it cannot be read. */
export async function openTapeText(file: string): Promise<TapeText> {
  try {
    const packing = await packingOf(file);
    if (packing?.unpack === 'zip') return await openZip(file);
    const source = createReadStream(file);
    if (packing === undefined) return { entryName: basename(file), lines: linesOf(file, source) };
    const unpacked = packing.unpack();
    source.on('error', (error) => unpacked.destroy(error));
    unpacked.on('close', () => source.destroy());
    return { entryName: basename(file).replace(packing.ending, ''), lines: linesOf(file, source.pipe(unpacked)) };
  } catch (error) {
    throw unreadable(file, error);
  }
}

/** The packing of a file; `undefined` for plain text. A file that its name says is packed must be. */
async function packingOf(file: string): Promise<Packing | undefined> {
  const handle = await open(file);
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(MAGIC_BYTES), 0, MAGIC_BYTES, 0);
    const found = PACKINGS.find(
      ({ magic }) => bytesRead >= magic.length && magic.every((byte, at) => buffer[at] === byte),
    );
    return found ?? PACKINGS.find(({ ending }) => ending.test(file));
  } finally {
    await handle.close();
  }
}

function unreadable(file: string, error: unknown): TapeError {
  if (error instanceof TapeError) return error;
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  const found =
    code === 'ENOENT' ? 'no such file' : `cannot be read: ${error instanceof Error ? error.message : error}`;
  return new TapeError('TAPE_UNREADABLE', { file }, found, error);
}

async function openZip(file: string): Promise<TapeText> {
  const zip = await openPromise(file, { lazyEntries: true, autoClose: false });
  try {
    const entries = [];
    for await (const entry of zip.eachEntry()) if (!entry.fileName.endsWith('/')) entries.push(entry);
    const [entry] = entries;
    if (entry === undefined || entries.length > 1) {
      throw new TapeError('TAPE_MALFORMED', { file }, `holds ${entries.length} files, a tape's zip holds one`);
    }
    const stream = await zip.openReadStreamPromise(entry);
    return { entryName: basename(entry.fileName), lines: linesOf(file, stream, zip) };
  } catch (error) {
    zip.close();
    throw error;
  }
}

async function* linesOf(file: string, stream: Readable, zip?: ZipFile): AsyncGenerator<string[], void, void> {
  const decoder = new StringDecoder('utf8');
  let rest = '';
  let count = 0;
  try {
    for await (const chunk of stream) {
      const lines = (rest + decoder.write(chunk as Buffer)).split('\n');
      rest = lines.pop() ?? '';
      count += lines.length;
      if (rest.length > MAX_LINE_LENGTH) {
        const found = `longer than ${MAX_LINE_LENGTH} characters, this is no tape`;
        throw new TapeError('TAPE_MALFORMED', { file, line: count + 1 }, found);
      }
      yield lines.map(withoutReturn);
    }
    rest += decoder.end();
    if (rest !== '') yield [withoutReturn(rest)];
  } catch (error) {
    throw unreadable(file, error);
  } finally {
    stream.destroy();
    zip?.close();
  }
}

function withoutReturn(line: string): string {
  return line.endsWith('\r') ? line.slice(0, -1) : line;
}

import { existsSync, readFileSync } from 'node:fs';
import { inflateRawSync } from 'node:zlib';

const FOLDER = new URL('../../../../shared/data/', import.meta.url);

/** Why a test of the recording is skipped, or false when it is there. */
export function absent(path: string): string | false {
  return existsSync(recordingAt(path)) ? false : `no recording ../shared/data/${path}`;
}

export function recordingAt(path: string): URL {
  return new URL(path, FOLDER);
}

/** The only file in a zip. */
export function readZipped(path: string): Buffer {
  const zip = readFileSync(recordingAt(path));
  const start = 30 + zip.readUInt16LE(26) + zip.readUInt16LE(28);
  return inflateRawSync(zip.subarray(start));
}

/** The rows of the only file in a zipped CSV. */
export function readZippedRows(path: string): string[][] {
  return readZipped(path)
    .toString()
    .trim()
    .split(/\r?\n/)
    .map((line) => line.split(','));
}

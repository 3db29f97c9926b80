import { existsSync, readFileSync } from 'node:fs';
import { gunzipSync, zstdDecompressSync } from 'node:zlib';

const FOLDER = new URL('../../../../../shared/data/', import.meta.url);

/** Why a test of the recording is skipped, or false when it is there. */
export function absent(path: string): string | false {
  return existsSync(new URL(path, FOLDER)) ? false : `no recording ../shared/data/${path}`;
}

export function readRecording(path: string): string {
  return readFileSync(new URL(path, FOLDER), 'utf8');
}

/** One line of a recorded session. */
export interface CapturedLine {
  readonly t: 'header' | 'http' | 'connect' | 'send' | 'recv';
  readonly conn?: string;
  /** Unix seconds. */
  readonly ts?: number;
  readonly url?: string;
  readonly data?: string;
}

export function readCapture(path: string): CapturedLine[] {
  const text = zstdDecompressSync(readFileSync(new URL(path, FOLDER))).toString();
  return text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
}

/** A recorded frame and when it was received, in Unix ns. */
export interface RawFrame {
  readonly receivedNs: bigint;
  readonly frame: string;
}

/** `<local ns> <json>` a line. */
export function readRawFrames(path: string): RawFrame[] {
  const text = gunzipSync(readFileSync(new URL(path, FOLDER))).toString();
  return text
    .trim()
    .split('\n')
    .map((line) => {
      const space = line.indexOf(' ');
      return { receivedNs: BigInt(line.slice(0, space)), frame: line.slice(space + 1) };
    });
}

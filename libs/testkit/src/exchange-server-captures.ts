import { readFileSync } from 'node:fs';
import { gunzipSync, zstdDecompressSync } from 'node:zlib';

/** One line of a recorded session. */
export interface CapturedLine {
  readonly t: 'header' | 'http' | 'connect' | 'send' | 'recv';
  /** Unix seconds. */
  readonly ts?: number;
  readonly url?: string;
  readonly data?: string;
}

/** A session recorded over several connections, by the time of receipt. */
export function readCapturedSession(path: string | URL): CapturedLine[] {
  const lines = zstdDecompressSync(readFileSync(path)).toString().trim().split('\n');
  const session = lines.map((line) => JSON.parse(line) as CapturedLine);
  return session.sort((a, b) => (a.ts ?? 0) - (b.ts ?? 0));
}

/** `<local ns> <json>` a line. */
export function readCapturedFrames(path: string | URL): string[] {
  const lines = gunzipSync(readFileSync(path)).toString().trim().split('\n');
  return lines.map((line) => line.slice(line.indexOf(' ') + 1));
}

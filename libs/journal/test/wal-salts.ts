import { readFileSync } from 'node:fs';

/** Names one use of a WAL, from one emptying to the next: the salts of its header in hex, `-` for an empty WAL. */
export function walSalts(path: string): string {
  return readFileSync(path).toString('hex', 16, 24) || '-';
}

import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** The version of Tickpath that this process runs. */
export const VERSION: string = readVersion();

function readVersion(): string {
  const manifest: unknown = JSON.parse(readFileSync(join(import.meta.dirname, '../package.json'), 'utf8'));
  return String((manifest as { version?: unknown }).version);
}

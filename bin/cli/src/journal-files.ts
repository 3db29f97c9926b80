import { existsSync, globSync, statSync } from 'node:fs';
import { join } from 'node:path';

/** A journal to look into, and what it is called in the output. */
export interface JournalFile {
  readonly name: string;
  readonly path: string;
}

const SUFFIX = '.sqlite';

/** The journals of a folder and the folders below it, by name; or the one file that is named. Empty if there is none. */
export function journalFilesAt(path: string): JournalFile[] {
  if (!existsSync(path)) return [];
  if (!statSync(path).isDirectory()) return [{ name: path, path }];
  return globSync(`**/*${SUFFIX}`, { cwd: path })
    .sort()
    .map((file) => ({ name: file.slice(0, -SUFFIX.length), path: join(path, file) }));
}

/** Bytes of a journal on the disk, its WAL included. */
export function sizeOnDisk(path: string): number {
  return [path, `${path}-wal`].reduce((sum, file) => sum + (statSync(file, { throwIfNoEntry: false })?.size ?? 0), 0);
}

import { mkdirSync } from 'node:fs';
import { FatalStartError } from './exit.ts';

/**
 * What a restart does not change: rights, a read-only disk, a file in the folder's place. ENOENT is what Node says of a
 * read-only disk when it makes folders above the last one too.
 */
const LASTING: ReadonlySet<string | undefined> = new Set(['EACCES', 'EPERM', 'EROFS', 'EEXIST', 'ENOTDIR', 'ENOENT']);

/** True for an error of the file system that comes again with every start. */
export function isLasting(error: unknown): boolean {
  return LASTING.has((error as NodeJS.ErrnoException).code);
}

/** Makes the folder `data.dir` unless it is there. Throws `DATA_DIR_UNUSABLE` when that cannot succeed however often it is tried. */
export function makeDataFolder(dir: string): void {
  try {
    mkdirSync(dir, { recursive: true });
  } catch (error) {
    if (!isLasting(error)) throw error;
    const text = `data.dir: ${dir} cannot be made: ${(error as Error).message}; name a folder that the user of this process may write`;
    throw new FatalStartError('DATA_DIR_UNUSABLE', text, { cause: error });
  }
}

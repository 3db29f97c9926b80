import { rmSync } from 'node:fs';
import { join } from 'node:path';

/** Folder in which a test puts a file `SERVICE.POINT` to have that service die at that point, once. */
const VARIABLE = 'TICKPATH_FAILPOINTS_DIR';

/**
 * Gives the points at which a test may have this process die as by `kill -9`, between two steps that no timer could hit.
 * Without the variable, which only tests set, a point costs an empty call.
 */
export function failpoints(service: string): (point: string) => void {
  const dir = process.env[VARIABLE];
  if (dir === undefined) return () => {};
  return (point) => {
    // Removed first, so that the process which comes back does not die of it again.
    try {
      rmSync(join(dir, `${service}.${point}`));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
      throw error;
    }
    process.kill(process.pid, 'SIGKILL');
  };
}

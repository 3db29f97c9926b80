import { once } from 'node:events';

/** Lines to stdout, no faster than whoever reads them. */
export interface LineOutput {
  /** Resolves when there is room for more; at once while there is. False when nobody reads any more. */
  line(text: string): Promise<boolean>;
  /** Resolves when what was written has left. */
  end(): Promise<void>;
}

const BATCH_CHARS = 64 * 1024;

/** Collects small lines into larger writes; `end` writes the rest. */
export function stdoutLines(): LineOutput {
  const { stdout } = process;
  let waiting = '';
  let isRead = true;
  // A reader such as `head` that has seen enough is no fault.
  stdout.on('error', () => {
    isRead = false;
  });
  const write = async () => {
    const text = waiting;
    waiting = '';
    if (isRead && !stdout.write(text))
      await Promise.race([once(stdout, 'drain'), once(stdout, 'close')]).catch(() => {});
  };
  return {
    async line(text) {
      waiting += `${text}\n`;
      if (waiting.length >= BATCH_CHARS) await write();
      return isRead;
    },
    end: write,
  };
}

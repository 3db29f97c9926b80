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
    if (isRead && !stdout.write(text)) await drained(stdout);
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

/** Resolves when there is room again, or nobody to make any. */
function drained(stream: NodeJS.WriteStream): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const events = ['drain', 'close', 'error'] as const;
  const done = () => {
    for (const event of events) stream.off(event, done);
    resolve();
  };
  for (const event of events) stream.on(event, done);
  return promise;
}

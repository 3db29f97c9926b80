import { Worker } from 'node:worker_threads';
import { JournalError } from './errors.ts';
import type { FromThread, ThreadOptions, ToThread } from './thread-messages.ts';
import type { Verified, VerifyProgress } from './verification.ts';

type Result = Exclude<FromThread, { type: 'ready' } | { type: 'verifying' } | { type: 'failed' }>;

interface Waiter {
  readonly resolve: (result: Result) => void;
  readonly reject: (error: Error) => void;
  readonly onProgress: ((progress: VerifyProgress) => void) | undefined;
}

/** A thread with a connection of its own. Answers come in the order of the questions. It never keeps a process alive. */
export class JournalThread {
  readonly #worker: Worker;
  readonly #waiting: Waiter[] = [];
  #ended: Error | undefined;

  private constructor(options: ThreadOptions) {
    this.#worker = new Worker(new URL('./journal-thread.ts', import.meta.url), {
      workerData: options,
      env: {},
      execArgv: [],
    });
    this.#worker.unref();
    this.#worker.on('message', (message: FromThread) => this.#hear(message));
    this.#worker.on('error', (error) => this.#end(error));
    this.#worker.on('exit', (code) => this.#end(new Error(`the journal's thread ended with code ${code}`)));
  }

  static async start(options: ThreadOptions): Promise<JournalThread> {
    const thread = new JournalThread(options);
    await thread.#expect(undefined, () => {});
    return thread;
  }

  get alive(): boolean {
    return this.#ended === undefined;
  }

  ask(message: ToThread, onProgress?: (progress: VerifyProgress) => void): Promise<Result> {
    return this.#expect(onProgress, () => this.#worker.postMessage(message));
  }

  async verify(onProgress?: (progress: VerifyProgress) => void): Promise<Verified> {
    const result = await this.ask({ type: 'verify' }, onProgress);
    if (result.type !== 'verified') throw new JournalError('JOURNAL_FAILED', `the check answered ${result.type}`);
    return result.verified;
  }

  async close(): Promise<void> {
    if (!this.alive) return;
    const exited = new Promise<void>((resolve) => this.#worker.once('exit', () => resolve()));
    await this.ask({ type: 'close' }).catch(() => this.#worker.terminate());
    this.#worker.ref();
    await exited;
  }

  #expect(onProgress: Waiter['onProgress'], begin: () => void): Promise<Result> {
    if (this.#ended !== undefined) return Promise.reject(this.#ended);
    return new Promise((resolve, reject) => {
      // While somebody waits the thread keeps the process alive.
      this.#worker.ref();
      this.#waiting.push({ resolve, reject, onProgress });
      begin();
    });
  }

  #hear(message: FromThread): void {
    const [waiter] = this.#waiting;
    if (message.type === 'verifying') return waiter?.onProgress?.({ done: message.done, total: message.total });
    this.#waiting.shift();
    if (this.#waiting.length === 0) this.#worker.unref();
    if (message.type === 'failed') waiter?.reject(new JournalError(message.code, message.message));
    else waiter?.resolve(message as Result);
  }

  #end(error: unknown): void {
    this.#ended ??= error instanceof Error ? error : new Error(String(error));
    for (const { reject } of this.#waiting.splice(0)) reject(this.#ended);
  }
}

/** The thread of a journal's writer: begun when it is first needed, and again after it has died. */
export class WriterThread {
  readonly #options: ThreadOptions;
  #started: Promise<JournalThread> | undefined;

  constructor(path: string) {
    this.#options = { path, readOnly: false };
  }

  async ask(message: ToThread): Promise<Result> {
    this.#started ??= JournalThread.start(this.#options);
    const asked = this.#started;
    try {
      const thread = await asked;
      return await thread.ask(message);
    } catch (error) {
      const thread = await asked.catch(() => undefined);
      // What was asked for failed, or the thread did: then the next one who asks gets a new one.
      if (thread?.alive !== true && this.#started === asked) this.#started = undefined;
      throw error;
    }
  }

  async close(): Promise<void> {
    const thread = await this.#started?.catch(() => undefined);
    await thread?.close();
  }
}

/** Checks a journal in a thread of its own, beside whatever else is done with it. */
export async function verifyInThread(path: string, onProgress?: (progress: VerifyProgress) => void): Promise<Verified> {
  const thread = await JournalThread.start({ path, readOnly: true });
  try {
    return await thread.verify(onProgress);
  } finally {
    await thread.close();
  }
}

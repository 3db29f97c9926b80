import { setTimeout as sleep } from 'node:timers/promises';

export interface Patience {
  /** What is waited for, for the error. */
  readonly what: string;
  readonly timeoutMs: number;
  readonly everyMs?: number;
}

/** Asks until the answer is something other than undefined; rejects when the time is over. */
export async function until<T>(ask: () => T | undefined | Promise<T | undefined>, patience: Patience): Promise<T> {
  const deadline = performance.now() + patience.timeoutMs;
  for (;;) {
    const answer = await ask();
    if (answer !== undefined) return answer;
    if (performance.now() > deadline) throw new Error(`waited ${patience.timeoutMs} ms in vain for ${patience.what}`);
    await sleep(patience.everyMs ?? 20);
  }
}

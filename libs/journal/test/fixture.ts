import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { type Journal, type JournalError, type JournalOptions, openJournal } from '../src/index.ts';

export type Events = {
  readonly Opened: { readonly qty: string };
  readonly Filled: { readonly qty: string; readonly px: string };
  readonly Note: unknown;
};

export const TYPES = { Opened: { schema: 1 }, Filled: { schema: 1 }, Note: { schema: 1 } };
export const BOOT = 'boot-1';

/** A clock that only a test moves. */
export class TestClock {
  ns = 1_700_000_000_000_000_000n;
  readonly nowNs = (): bigint => this.ns;

  passMs(ms: number): void {
    this.ns += BigInt(ms) * 1_000_000n;
  }
}

const inFolder = new Map<string, Journal<Events>[]>();

/** A folder of this test's own, gone when it ends. */
export function testFolder(t: TestContext, under = tmpdir()): string {
  const folder = mkdtempSync(join(under, 'tickpath-journal-'));
  t.after(async () => {
    for (const journal of inFolder.get(folder) ?? []) await journal.close();
    rmSync(folder, { recursive: true, force: true });
  });
  return folder;
}

export interface OpenOptions extends Partial<JournalOptions<Events>> {
  readonly folder: string;
}

/** Opens a journal with faults as test failures. */
export function open({ folder, ...options }: OpenOptions): Promise<Journal<Events>> {
  return openJournal<Events>({
    path: join(folder, 'test.sqlite'),
    types: TYPES,
    nowNs: new TestClock().nowNs,
    random: randomBytes,
    bootId: BOOT,
    onFault: (error) => {
      throw error;
    },
    ...options,
  });
}

/** Opens a journal that is closed before the test's folder goes. */
export async function openFor(_t: TestContext, options: OpenOptions): Promise<Journal<Events>> {
  const journal = await open(options);
  inFolder.set(options.folder, [...(inFolder.get(options.folder) ?? []), journal]);
  return journal;
}

export const opened = (qty: string) => ({ type: 'Opened', payload: { qty } }) as const;
export const filled = (qty: string, px: string) => ({ type: 'Filled', payload: { qty, px } }) as const;
export const note = (payload: unknown) => ({ type: 'Note', payload }) as const;

/** For `assert.throws` and `assert.rejects`. */
export function withCode(code: string, message?: RegExp): (error: unknown) => boolean {
  return (error) => {
    const { code: found, message: text } = error as JournalError;
    if (found !== code || (message !== undefined && !message.test(text))) {
      throw new Error(`expected ${code} ${message ?? ''}, got ${found}: ${text}`, { cause: error });
    }
    return true;
  };
}

/** Appends events to a stream of their own, one commit each. */
export function fill(journal: Journal<Events>, count: number, stream = 'fill'): void {
  for (let i = 0; i < count; i += 1) journal.transact((tx) => tx.append(stream, [note(i)], 'any'));
}

export async function collect<E>(events: AsyncIterable<E>, count: number): Promise<E[]> {
  const found: E[] = [];
  for await (const event of events) {
    found.push(event);
    if (found.length === count) break;
  }
  return found;
}

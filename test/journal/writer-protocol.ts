import type { Fold, Workload } from './workload.ts';

/** The start of the machine that all writers of these tests live in. */
export const BOOT_ID = 'the boot of this test';

/** What a writing process is started with, as JSON. */
export interface WriterSettings extends Workload {
  readonly path: string;
  /** Every so many transactions: a snapshot in the same transaction. */
  readonly snapshotEvery: number;
  /** Every so many transactions: waits for nothing, but says when it was flushed. */
  readonly flushEvery: number;
  /** Every so many transactions; 0 for never. */
  readonly compactEvery: number;
  /** Transactions until it stops by itself and waits; 0 for none. */
  readonly most: number;
}

/** What a journal gave back when it was opened: the writer's own book, made of snapshot and tail. */
export interface Recovered {
  readonly uuid: string;
  readonly generation: number;
  readonly firstSeq: number;
  readonly lastSeq: number;
  /** The transaction that the follower's position names. */
  readonly transaction: number;
  readonly fold: Fold;
  /** 0 for none. */
  readonly snapshotSeq: number;
  /** Of the last transactions, those whose answer is not what was given. */
  readonly wrongAnswers: number;
}

/** What a writer that has failed or paused is told, in a line of its stdin: close and open again, go on as it is, or close and end. */
export type Command = 'reopen' | 'go-on' | 'end';

/** A line of a writing process. */
export type Said =
  | ({ readonly at: 'ready' } & Recovered)
  | { readonly at: 'committed'; readonly transaction: number; readonly lastSeq: number }
  | { readonly at: 'flushed'; readonly lastSeq: number }
  | { readonly at: 'compacted'; readonly firstSeq: number }
  | { readonly at: 'conflict'; readonly isRight: boolean }
  /** It could not go on: why, and what it was told when it tried once more. */
  | {
      readonly at: 'failed';
      readonly during: string;
      readonly code: string;
      readonly message: string;
      readonly retried: string;
    }
  | { readonly at: 'paused'; readonly lastSeq: number };

/** Reads what a process has said so far; lines that are none of these (warnings) are left out. */
export function saidIn(lines: readonly string[]): Said[] {
  return lines.flatMap((line) => (line.startsWith('{"at":') ? [JSON.parse(line) as Said] : []));
}

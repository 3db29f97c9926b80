import type { WalState } from './database.ts';
import type { JournalFault } from './errors.ts';
import type { Verified } from './verification.ts';

/** What the journal's thread is asked for; it does one thing after the other. */
export type ToThread =
  | { readonly type: 'checkpoint' }
  | { readonly type: 'prove'; readonly snapshotId: number }
  | { readonly type: 'verify' }
  | { readonly type: 'close' };

export type FromThread =
  | { readonly type: 'ready' }
  | { readonly type: 'checkpointed'; readonly wal: WalState }
  | { readonly type: 'proved'; readonly snapshotId: number }
  | { readonly type: 'verifying'; readonly done: number; readonly total: number }
  | { readonly type: 'verified'; readonly verified: Verified }
  /** What was asked for last did not succeed. */
  | { readonly type: 'failed'; readonly code: JournalFault; readonly message: string }
  | { readonly type: 'closed' };

export interface ThreadOptions {
  readonly path: string;
  readonly readOnly: boolean;
}

import { copyFileSync, mkdirSync, readdirSync, readFileSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import { eventually } from '@tickpath/testkit';
import { PAGE_BYTES } from '../src/schema.ts';
import { walSalts } from './wal-salts.ts';

const MAIN = 'test.sqlite';
const WAL = `${MAIN}-wal`;
const SHM = `${MAIN}-shm`;
const WAL_HEADER_BYTES = 32;
const FRAME_BYTES = 24 + PAGE_BYTES;

/** What a writer knew to be in the WAL on the disk, and which use of the WAL that was (`walSalts`). */
export interface FlushedWal {
  readonly walBytes: number;
  readonly salts: string;
}

export interface Disk {
  readonly folder: string;
  readonly lacks: 'nothing' | 'wal' | 'wal and main';
  readonly mainOf: string;
  /** Undefined: all of it. */
  readonly walBytes: number | undefined;
}

/** The files of a journal as they were at one moment. */
export interface Moment {
  readonly folder: string;
  /** As of `walSalts`. */
  readonly salts: string;
  /** Frames of the WAL that a checkpoint has begun to copy, and those it is known to have copied. */
  readonly begun: number;
  readonly copied: number;
  /** The WAL is being begun anew: all of it is in the main file and synced. */
  readonly isRenewed: boolean;
}

/**
 * Copies what a journal of another process has in its files while all threads of that process stand still: one moment, as
 * the loss of power is. The copy goes to `folder`. Linux tells of each thread whether it stands still.
 */
export async function copyMoment(pid: number, from: string, folder: string): Promise<Moment> {
  mkdirSync(folder);
  process.kill(pid, 'SIGSTOP');
  try {
    const tasks = `/proc/${pid}/task`;
    const standsStill = (task: string) => /^State:\tT/m.test(readFileSync(join(tasks, task, 'status'), 'utf8'));
    await eventually('a standstill', () => readdirSync(tasks).every(standsStill) || undefined, 30_000, 1);
    for (const name of [MAIN, WAL, SHM]) copyFileSync(join(from, name), join(folder, name));
  } finally {
    process.kill(pid, 'SIGCONT');
  }
  const index = readFileSync(join(folder, SHM));
  const salts = walSalts(join(folder, WAL));
  return { folder, salts, ...checkpointOf(index), isRenewed: salts !== index.toString('hex', 32, 40) };
}

/** True while a checkpoint of a live journal copies and syncs. */
export function isCheckpointing(folder: string): boolean {
  const { begun, copied } = checkpointOf(readFileSync(join(folder, SHM)));
  return begun > copied;
}

/** From the index of a WAL: nBackfillAttempted and nBackfill of https://sqlite.org/walformat.html. */
function checkpointOf(index: Buffer): { readonly begun: number; readonly copied: number } {
  return { begun: index.readUInt32LE(128), copied: index.readUInt32LE(96) };
}

/**
 * What the loss of power at a moment may leave on a disk, each in a folder of its own: everything that was written; nothing
 * of the WAL but what a disk must have; and, if the WAL has not been emptied since an earlier moment, also nothing of what was
 * written to the main file since, for the WAL has that still.
 */
export function disksAfter(moment: Moment, flushed: FlushedWal, earlier: Moment | undefined): Disk[] {
  const { folder, salts, isRenewed } = moment;
  const leastBytes = isRenewed ? undefined : leastWalBytes(moment, flushed);
  const disks: Disk[] = [
    { folder: `${folder}-whole`, lacks: 'nothing', mainOf: folder, walBytes: undefined },
    { folder: `${folder}-wal`, lacks: 'wal', mainOf: folder, walBytes: leastBytes },
  ];
  if (earlier !== undefined && salts !== '-' && salts === earlier.salts && !isRenewed) {
    disks.push({ folder: `${folder}-main`, lacks: 'wal and main', mainOf: earlier.folder, walBytes: leastBytes });
  }
  for (const disk of disks) {
    mkdirSync(disk.folder);
    copyFileSync(join(disk.mainOf, MAIN), join(disk.folder, MAIN));
    copyFileSync(join(folder, WAL), join(disk.folder, WAL));
    if (disk.walBytes !== undefined) truncateSync(join(disk.folder, WAL), disk.walBytes);
  }
  return disks;
}

/** What was flushed, and what a checkpoint has begun to copy: it syncs that first, or the main file would be ahead of the WAL. */
function leastWalBytes({ salts, begun }: Moment, flushed: FlushedWal): number {
  const begunBytes = begun === 0 ? 0 : WAL_HEADER_BYTES + begun * FRAME_BYTES;
  return Math.max(begunBytes, salts === flushed.salts ? flushed.walBytes : 0);
}

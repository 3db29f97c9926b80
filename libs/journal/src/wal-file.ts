import { closeSync, ftruncateSync, openSync, readSync, statSync } from 'node:fs';

import { PAGE_BYTES } from './schema.ts';

const HEADER_BYTES = 32;
const FRAME_HEADER_BYTES = 24;

/** Reads part of the WAL. Fewer bytes than asked for at its end. */
export type ReadWal = (position: number, sizeBytes: number) => Buffer;

/**
 * SQLite takes the first frame that is not right for the end of a WAL: after the death of a process that is true, since
 * frames are written in order and a commit's last. So if anything behind that end was part of a commit, it was damaged, and
 * what follows was acknowledged once. After a loss of power it proves nothing: then a disk may have written in any order.
 *
 * `frames` is what SQLite found valid. True if acknowledged commits are behind it.
 */
export function hasLostCommits(read: ReadWal, sizeBytes: number, frames: number): boolean {
  if (sizeBytes < HEADER_BYTES + FRAME_HEADER_BYTES) return false;
  const header = read(0, HEADER_BYTES);
  const pageBytes = header.readUInt32BE(8);
  const isHeaderWhole = isWalHeader(header);
  // Without a header nothing in the file counts for SQLite, and the size of its frames is only what ours have.
  const frameBytes = FRAME_HEADER_BYTES + (isHeaderWhole ? pageBytes : PAGE_BYTES);
  if (!isHeaderWhole) return sizeBytes >= HEADER_BYTES + frameBytes;
  let isFirst = true;
  for (let at = HEADER_BYTES + frames * frameBytes; at + frameBytes <= sizeBytes; at += frameBytes) {
    const frame = read(at, FRAME_HEADER_BYTES);
    const salts =
      Number(frame.readUInt32BE(8) === header.readUInt32BE(16)) +
      Number(frame.readUInt32BE(12) === header.readUInt32BE(20));
    // Of an earlier use of the file: neither salt is that of today.
    if (salts === 0) return false;
    if (salts === 1) return true;
    const isCommit = frame.readUInt32BE(4) !== 0;
    if (isCommit) return true;
    if (isFirst && !isNextFrame(read, header, at, frameBytes, frames)) return true;
    isFirst = false;
  }
  return false;
}

function isWalHeader(header: Buffer): boolean {
  const magic = header.readUInt32BE(0);
  if (magic !== 0x377f0682 && magic !== 0x377f0683) return false;
  const [a, b] = walSum(header.subarray(0, 24), magic === 0x377f0683, [0, 0]);
  return a === header.readUInt32BE(24) && b === header.readUInt32BE(28);
}

/** A frame of a transaction that was never committed has the right checksum; a damaged one has not. */
function isNextFrame(read: ReadWal, header: Buffer, at: number, frameBytes: number, frames: number): boolean {
  const isBig = header.readUInt32BE(0) === 0x377f0683;
  const before = frames === 0 ? header.subarray(24, 32) : read(at - frameBytes + 16, 8);
  const frame = read(at, frameBytes);
  const seed: [number, number] = [before.readUInt32BE(0), before.readUInt32BE(4)];
  const [a, b] = walSum(frame.subarray(FRAME_HEADER_BYTES), isBig, walSum(frame.subarray(0, 8), isBig, seed));
  return a === frame.readUInt32BE(16) && b === frame.readUInt32BE(20);
}

/** The checksum of https://sqlite.org/fileformat2.html#checksum_algorithm. */
function walSum(bytes: Buffer, isBig: boolean, [a, b]: readonly [number, number]): [number, number] {
  const word = (at: number) => (isBig ? bytes.readUInt32BE(at) : bytes.readUInt32LE(at));
  let s0 = a;
  let s1 = b;
  for (let at = 0; at < bytes.length; at += 8) {
    s0 = (s0 + word(at) + s1) >>> 0;
    s1 = (s1 + word(at + 4) + s0) >>> 0;
  }
  return [s0, s1];
}

/**
 * Cuts off what lies behind the valid frames: what a commit left that was killed or found the disk full. The next commit
 * may be shorter and leave a rest of it, which would look like the lost commits above. Only its writer may do it.
 */
export function cutWalBehind(path: string, frames: number, pageBytes: number): void {
  const end = frames <= 0 ? 0 : HEADER_BYTES + frames * (FRAME_HEADER_BYTES + pageBytes);
  if (statSync(path).size <= end) return;
  const descriptor = openSync(path, 'r+');
  try {
    ftruncateSync(descriptor, end);
  } finally {
    closeSync(descriptor);
  }
}

/** `hasLostCommits` of a file. SQLite keeps no locks on a WAL, so it may be opened beside it. */
export function walHasLostCommits(path: string, frames: number): boolean {
  const descriptor = openSync(path, 'r');
  try {
    const read = (position: number, sizeBytes: number) => {
      const bytes = Buffer.alloc(sizeBytes);
      return bytes.subarray(0, readSync(descriptor, bytes, 0, sizeBytes, position));
    };
    return hasLostCommits(read, statSync(path).size, frames);
  } finally {
    closeSync(descriptor);
  }
}

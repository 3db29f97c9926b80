import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { PackedFile } from './packed-file.ts';

export interface LineFileOptions {
  readonly dir: string;
  /** First part of the files' names; the time of opening and a number follow. */
  readonly name: string;
  /** A file of at least so many bytes, packed, is followed by another. */
  readonly rotateBytes: number;
  /** And so is one that was opened so long ago. */
  readonly rotateMs: number;
  /** Characters that may wait to be written; a line that finds no room is dropped. */
  readonly queueChars: number;
  readonly nowNs: () => bigint;
  /** First line of every file. */
  readonly header: (part: number) => string;
  /** The line that tells readers of a hole: so many lines were dropped before it. */
  readonly hole: (dropped: number) => string;
  readonly onDropped: (reason: DropReason, count: number) => void;
  readonly onWritten: (bytes: number) => void;
  readonly onError: (error: unknown) => void;
}

/** `queue`: no room. `write`: the file took no more. */
export const DROP_REASONS = ['queue', 'write'] as const;
export type DropReason = (typeof DROP_REASONS)[number];

/** A line in the making: its text is made when it is written, not when it is put. */
interface Waiting {
  readonly text: () => string;
  readonly chars: number;
  /** Lines that were dropped before it, when it is the line that says so; otherwise 0. */
  readonly dropped: number;
}

/** Characters that are packed together: about a millisecond of making their text. */
const BATCH_CHARS = 256 * 1024;
/** Lines wait so long for others at most; what a killed process loses. */
const FLUSH_MS = 500;
/** Longest wait after a failure: a full disk stays full for a while, and lines may wait meanwhile. */
const RETRY_LAST_MS = 30_000;
const NS_PER_MS = 1_000_000n;

/**
 * Lines in packed files that follow one another. Lines go to the disk in whole blocks, twice a second: a file cut by a
 * kill is readable up to its last whole block. `put` never waits: it drops when too much waits already, and the file
 * says so where the hole is.
 */
export class LineFile {
  readonly #options: LineFileOptions;
  readonly #timer: NodeJS.Timeout;
  #waiting: Waiting[] = [];
  #waitingChars = 0;
  #dropped = 0;
  #file: PackedFile | undefined;
  #openedNs = 0n;
  #part = 0;
  #writing: Promise<void> | undefined;
  #isClosed = false;
  #failures = 0;
  #retryAtNs = 0n;

  constructor(options: LineFileOptions) {
    this.#options = options;
    this.#timer = setInterval(() => this.#flush(), FLUSH_MS);
  }

  get waiting(): number {
    return this.#waiting.length;
  }

  /** `chars` is about the length of the text. */
  put(chars: number, text: () => string): void {
    if (this.#isClosed) return;
    if (this.#waitingChars + chars > this.#options.queueChars) {
      this.#dropped += 1;
      return this.#options.onDropped('queue', 1);
    }
    this.#putHole();
    this.#waiting.push({ text, chars, dropped: 0 });
    this.#waitingChars += chars;
    if (this.#waitingChars >= BATCH_CHARS) this.#flush();
  }

  /** Writes what waits, and closes the file. */
  async close(): Promise<void> {
    this.#isClosed = true;
    clearInterval(this.#timer);
    await this.#writing;
    // What had been put while the last batch was written.
    await this.#writeAll();
    const left = this.#waiting.filter(({ dropped }) => dropped === 0).length;
    if (left > 0) this.#options.onDropped('write', left);
    try {
      await this.#endFile();
    } catch (error) {
      this.#options.onError(error);
    }
  }

  #flush(): void {
    if (this.#writing !== undefined || (this.#waiting.length === 0 && this.#dropped === 0)) return;
    if (this.#failures > 0 && this.#options.nowNs() < this.#retryAtNs) return;
    this.#writing = this.#writeAll().finally(() => {
      this.#writing = undefined;
    });
  }

  async #writeAll(): Promise<void> {
    while (this.#waiting.length > 0 || this.#dropped > 0) {
      const batch = this.#takeBatch();
      try {
        await this.#write(batch.map(({ text }) => text()));
        this.#failures = 0;
      } catch (error) {
        await this.#fail(batch, error);
        return;
      }
    }
  }

  /** What was not written is a hole from now on, those that it should have told of included. */
  async #fail(batch: readonly Waiting[], error: unknown): Promise<void> {
    const { nowNs, onDropped, onError } = this.#options;
    const lines = batch.filter(({ dropped }) => dropped === 0).length;
    this.#dropped += lines + batch.reduce((sum, { dropped }) => sum + dropped, 0);
    const waitMs = Math.min(FLUSH_MS * 2 ** this.#failures, RETRY_LAST_MS);
    this.#failures += 1;
    this.#retryAtNs = nowNs() + BigInt(waitMs) * NS_PER_MS;
    if (lines > 0) onDropped('write', lines);
    onError(error);
    await this.#abandon();
  }

  #takeBatch(): readonly Waiting[] {
    if (this.#waiting.length === 0) this.#putHole();
    let chars = 0;
    let count = 0;
    for (; count < this.#waiting.length && chars < BATCH_CHARS; count += 1) chars += this.#waiting[count]?.chars ?? 0;
    this.#waitingChars -= chars;
    return this.#waiting.splice(0, count);
  }

  #putHole(): void {
    const dropped = this.#dropped;
    if (dropped === 0) return;
    this.#dropped = 0;
    this.#waiting.push({ text: () => this.#options.hole(dropped), chars: 0, dropped });
  }

  async #write(lines: readonly string[]): Promise<void> {
    const { rotateBytes, rotateMs, nowNs, onWritten } = this.#options;
    this.#file ??= await this.#open();
    const before = this.#file.bytes;
    await this.#file.append(`${lines.join('\n')}\n`);
    onWritten(this.#file.bytes - before);
    const isOld = nowNs() - this.#openedNs >= BigInt(rotateMs) * NS_PER_MS;
    if (this.#file.bytes >= rotateBytes || isOld) await this.#endFile();
  }

  async #open(): Promise<PackedFile> {
    const { dir, name, nowNs, header } = this.#options;
    await mkdir(dir, { recursive: true });
    this.#openedNs = nowNs();
    const part = this.#part + 1;
    const time = new Date(Number(this.#openedNs / NS_PER_MS)).toISOString().replace(/[-:.]/g, '');
    const path = join(dir, `${name}-${time}-${String(part).padStart(5, '0')}.jsonl.zst`);
    const file = await PackedFile.create(path);
    try {
      await file.append(`${header(part)}\n`);
    } catch (error) {
      // Each further try would leave a file with nothing in it.
      await file.abandon();
      await rm(path);
      throw error;
    }
    this.#part = part;
    return file;
  }

  async #endFile(): Promise<void> {
    const file = this.#file;
    this.#file = undefined;
    await file?.close();
  }

  /** What has been written of a file that takes no more stays readable; what follows goes into another. */
  async #abandon(): Promise<void> {
    const file = this.#file;
    this.#file = undefined;
    try {
      await file?.abandon();
    } catch (error) {
      this.#options.onError(error);
    }
  }
}

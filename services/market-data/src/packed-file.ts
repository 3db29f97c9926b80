import { createReadStream } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { createZstdCompress, createZstdDecompress, type ZstdCompress } from 'node:zlib';

/**
 * A file of text packed with zstd, one frame of blocks. Whatever `append` has been given is in whole blocks on its way
 * to the disk when it resolves: a file that is cut later is readable up to its last whole block.
 */
export class PackedFile {
  readonly #file: FileHandle;
  readonly #packer: ZstdCompress;
  #chunks: Buffer[] = [];
  #bytes = 0;

  private constructor(file: FileHandle) {
    this.#file = file;
    this.#packer = createZstdCompress();
    this.#packer.on('data', (chunk: Buffer) => this.#chunks.push(chunk));
  }

  /** Rejects when there is a file of that name. */
  static async create(path: string): Promise<PackedFile> {
    return new PackedFile(await open(path, 'wx', 0o640));
  }

  /** Bytes written so far. */
  get bytes(): number {
    return this.#bytes;
  }

  /** To be called again only when it has resolved. After a rejection the file is good for `abandon` alone. */
  async append(text: string): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#packer.once('error', reject);
    this.#packer.write(text);
    this.#packer.flush(() => resolve());
    await promise;
    this.#packer.off('error', reject);
    await this.#write();
  }

  /** Ends the frame, waits for the disk, and closes the file. */
  async close(): Promise<void> {
    try {
      const { promise, resolve, reject } = Promise.withResolvers<void>();
      this.#packer.once('error', reject);
      this.#packer.once('end', resolve);
      this.#packer.end();
      await promise;
      await this.#write();
      await this.#file.sync();
    } finally {
      await this.#file.close();
    }
  }

  /** Closes the file as it is. */
  async abandon(): Promise<void> {
    this.#packer.destroy();
    await this.#file.close();
  }

  async #write(): Promise<void> {
    const bytes = Buffer.concat(this.#chunks);
    this.#chunks = [];
    // A write may take less than it is given.
    for (let at = 0; at < bytes.length; ) at += (await this.#file.write(bytes, at)).bytesWritten;
    this.#bytes += bytes.length;
  }
}

/** Packed bytes that are unpacked at a time; all that they hold is in memory then. */
const UNPACKED_AT_ONCE_BYTES = 16 * 1024;

/**
 * What is in a packed file. Rejects as `node:zlib` does, but not before all has been handed on that could be unpacked:
 * the same of the same file, each time. A file that ends amid its frame is rejected with code `Z_BUF_ERROR`.
 */
export async function* unpackFile(path: string): AsyncGenerator<Buffer, void, void> {
  const unpacker = createZstdDecompress();
  let chunks: Buffer[] = [];
  // An unpacker that fails forgets what waits in it to be read, so nothing is let wait there.
  unpacker.on('data', (chunk: Buffer) => chunks.push(chunk));
  const failed = new Promise<Error>((resolve) => unpacker.once('error', resolve));
  const taken = () => {
    const all = chunks;
    chunks = [];
    return all;
  };
  try {
    for await (const packed of createReadStream(path, { highWaterMark: UNPACKED_AT_ONCE_BYTES })) {
      const written = new Promise<void>((resolve) => unpacker.write(packed, () => resolve()));
      const failure = await Promise.race([failed, written]);
      yield* taken();
      if (failure !== undefined) throw failure;
    }
    const ended = new Promise<void>((resolve) => unpacker.once('end', resolve));
    unpacker.end();
    const failure = await Promise.race([failed, ended]);
    yield* taken();
    if (failure !== undefined) throw failure;
  } finally {
    unpacker.destroy();
  }
}

const FIRST_SIZE = 1024;
const NS_PER_SECOND = 1_000_000_000n;
const UINT32 = 2 ** 32;
/** Short texts that come again and again are encoded once. */
const MOST_TEXTS = 10_000;
const MOST_REMEMBERED_LENGTH = 32;

/**
 * Writes MessagePack into a growing buffer, in the forms that Alpaca uses: floats are always doubles, whole numbers the
 * shortest integers, times the timestamp extension (type −1) with nanoseconds.
 */
export class PackWriter {
  #bytes = new Uint8Array(FIRST_SIZE);
  #view = new DataView(this.#bytes.buffer);
  #at = 0;
  readonly #encoder = new TextEncoder();
  readonly #texts = new Map<string, Uint8Array>();

  /** What has been written since the last call, as bytes of its own. */
  take(): Uint8Array {
    const taken = this.#bytes.slice(0, this.#at);
    this.#at = 0;
    return taken;
  }

  map(size: number): void {
    this.#reserve(3);
    if (size < 16) return this.#byte(0x80 | size);
    this.#byte(0xde);
    this.#uint16(size);
  }

  array(size: number): void {
    this.#reserve(5);
    if (size < 16) return this.#byte(0x90 | size);
    if (size < 0x10000) {
      this.#byte(0xdc);
      return this.#uint16(size);
    }
    this.#byte(0xdd);
    this.#uint32(size);
  }

  text(text: string): void {
    const known = this.#texts.get(text);
    const bytes = known ?? this.#encoder.encode(text);
    if (known === undefined) this.#remember(text, bytes);
    const { length } = bytes;
    this.#reserve(length + 5);
    if (length < 32) this.#byte(0xa0 | length);
    else if (length < 0x100) {
      this.#byte(0xd9);
      this.#byte(length);
    } else if (length < 0x10000) {
      this.#byte(0xda);
      this.#uint16(length);
    } else {
      this.#byte(0xdb);
      this.#uint32(length);
    }
    // By hand: for a key of a letter a call of `set` costs more than the copy.
    if (length <= MOST_REMEMBERED_LENGTH) {
      for (let i = 0; i < length; i += 1) this.#bytes[this.#at + i] = bytes[i] as number;
    } else this.#bytes.set(bytes, this.#at);
    this.#at += length;
  }

  texts(texts: readonly string[]): void {
    this.array(texts.length);
    for (const text of texts) this.text(text);
  }

  /** A safe integer. */
  integer(value: number): void {
    this.#reserve(9);
    if (value >= 0) return this.#unsigned(value);
    if (value >= -32) return this.#byte(value & 0xff);
    this.#byte(0xd3);
    this.#view.setBigInt64(this.#at, BigInt(value));
    this.#at += 8;
  }

  float(value: number): void {
    this.#reserve(9);
    this.#byte(0xcb);
    this.#view.setFloat64(this.#at, value);
    this.#at += 8;
  }

  boolean(value: boolean): void {
    this.#reserve(1);
    this.#byte(value ? 0xc3 : 0xc2);
  }

  /** Unix nanoseconds from 1970 on, in 32, 64 or 96 bits. */
  time(tsNs: bigint): void {
    this.#reserve(15);
    const seconds = Number(tsNs / NS_PER_SECOND);
    const nanos = Number(tsNs % NS_PER_SECOND);
    if (nanos === 0 && seconds < UINT32) {
      this.#byte(0xd6);
      this.#byte(0xff);
      return this.#uint32(seconds);
    }
    if (seconds < UINT32 * 4) {
      this.#byte(0xd7);
      this.#byte(0xff);
      this.#uint32(nanos * 4 + Math.floor(seconds / UINT32));
      return this.#uint32(seconds % UINT32);
    }
    this.#byte(0xc7);
    this.#byte(12);
    this.#byte(0xff);
    this.#uint32(nanos);
    this.#view.setBigInt64(this.#at, BigInt(seconds));
    this.#at += 8;
  }

  #unsigned(value: number): void {
    if (value < 0x80) return this.#byte(value);
    if (value < 0x100) {
      this.#byte(0xcc);
      return this.#byte(value);
    }
    if (value < 0x10000) {
      this.#byte(0xcd);
      return this.#uint16(value);
    }
    if (value < UINT32) {
      this.#byte(0xce);
      return this.#uint32(value);
    }
    this.#byte(0xcf);
    this.#uint32(Math.floor(value / UINT32));
    this.#uint32(value % UINT32);
  }

  #remember(text: string, bytes: Uint8Array): void {
    if (text.length > MOST_REMEMBERED_LENGTH) return;
    if (this.#texts.size >= MOST_TEXTS) this.#texts.clear();
    this.#texts.set(text, bytes);
  }

  #byte(value: number): void {
    this.#bytes[this.#at] = value;
    this.#at += 1;
  }

  #uint16(value: number): void {
    this.#view.setUint16(this.#at, value);
    this.#at += 2;
  }

  #uint32(value: number): void {
    this.#view.setUint32(this.#at, value);
    this.#at += 4;
  }

  #reserve(size: number): void {
    if (this.#at + size <= this.#bytes.length) return;
    const grown = new Uint8Array(Math.max(this.#bytes.length * 2, this.#at + size));
    grown.set(this.#bytes.subarray(0, this.#at));
    this.#bytes = grown;
    this.#view = new DataView(grown.buffer);
  }
}

/** Deeper than any message a client has to send. */
const MOST_DEPTH = 8;

/**
 * Reads one MessagePack value of a client: maps with text keys, arrays, text, numbers, booleans and nil. `undefined` for
 * anything else, for bytes left over, and for text that is not UTF-8. A claimed length is held against the bytes that are
 * there, so that none allocates more than the message is long; a key `__proto__` is a key like others.
 */
export function readPack(bytes: Uint8Array): unknown {
  const reader = new PackReader(bytes);
  try {
    const value = reader.value(0);
    return reader.isAtEnd() ? value : undefined;
  } catch (error) {
    if (error instanceof RangeError || error instanceof TypeError) return undefined;
    throw error;
  }
}

class PackReader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #decoder = new TextDecoder('utf-8', { fatal: true });
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  isAtEnd(): boolean {
    return this.#at === this.#bytes.length;
  }

  value(depth: number): unknown {
    const tag = this.#unsigned(1);
    if (tag < 0x80) return tag;
    if (tag < 0x90) return this.#map(tag & 0x0f, depth);
    if (tag < 0xa0) return this.#array(tag & 0x0f, depth);
    if (tag < 0xc0) return this.#text(tag & 0x1f);
    if (tag >= 0xe0) return tag - 0x100;
    switch (tag) {
      case 0xc0:
        return null;
      case 0xc2:
        return false;
      case 0xc3:
        return true;
      case 0xca:
        return this.#view.getFloat32(this.#skip(4));
      case 0xcb:
        return this.#view.getFloat64(this.#skip(8));
      case 0xcc:
      case 0xcd:
      case 0xce:
        return this.#unsigned(2 ** (tag - 0xcc));
      case 0xcf:
        return Number(this.#view.getBigUint64(this.#skip(8)));
      case 0xd0:
        return this.#view.getInt8(this.#skip(1));
      case 0xd1:
        return this.#view.getInt16(this.#skip(2));
      case 0xd2:
        return this.#view.getInt32(this.#skip(4));
      case 0xd3:
        return Number(this.#view.getBigInt64(this.#skip(8)));
      case 0xd9:
      case 0xda:
      case 0xdb:
        return this.#text(this.#unsigned(2 ** (tag - 0xd9)));
      case 0xdc:
      case 0xdd:
        return this.#array(this.#unsigned(2 ** (tag - 0xdb)), depth);
      case 0xde:
      case 0xdf:
        return this.#map(this.#unsigned(2 ** (tag - 0xdd)), depth);
      default:
        throw new TypeError(`tag 0x${tag.toString(16)} has no place in a client's message`);
    }
  }

  #map(size: number, depth: number): Record<string, unknown> {
    this.#check(size * 2, depth);
    const entries: [string, unknown][] = [];
    for (let i = 0; i < size; i += 1) {
      const key = this.value(depth + 1);
      if (typeof key !== 'string') throw new TypeError(`a key is ${typeof key}, not text`);
      entries.push([key, this.value(depth + 1)]);
    }
    return Object.fromEntries(entries);
  }

  #array(size: number, depth: number): unknown[] {
    this.#check(size, depth);
    const values: unknown[] = [];
    for (let i = 0; i < size; i += 1) values.push(this.value(depth + 1));
    return values;
  }

  /** Every value takes at least a byte. */
  #check(values: number, depth: number): void {
    const left = this.#bytes.length - this.#at;
    if (values > left) throw new RangeError(`${values} values in ${left} bytes`);
    if (depth >= MOST_DEPTH) throw new RangeError(`nested deeper than ${MOST_DEPTH}`);
  }

  #text(length: number): string {
    const from = this.#skip(length);
    return this.#decoder.decode(this.#bytes.subarray(from, from + length));
  }

  #unsigned(width: number): number {
    const from = this.#skip(width);
    if (width === 1) return this.#view.getUint8(from);
    return width === 2 ? this.#view.getUint16(from) : this.#view.getUint32(from);
  }

  #skip(length: number): number {
    const from = this.#at;
    if (from + length > this.#bytes.length) {
      throw new RangeError(`${length} bytes wanted, ${this.#bytes.length - from} are left`);
    }
    this.#at = from + length;
    return from;
  }
}

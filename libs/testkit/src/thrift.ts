/**
 * Reads Thrift's binary protocol without a schema, as a witness that shares no code with what wrote it: a struct becomes
 * a map from field id to value, an i64 a bigint, a string text.
 */
export type ThriftValue = bigint | number | boolean | string | readonly ThriftValue[] | ThriftStruct;
export type ThriftStruct = ReadonlyMap<number, ThriftValue>;

const STOP = 0;

export function readThriftStruct(bytes: Buffer): ThriftStruct {
  let at = 0;
  const take = <T>(size: number, read: (offset: number) => T): T => {
    at += size;
    return read(at - size);
  };
  const readStruct = (): ThriftStruct => {
    const fields = new Map<number, ThriftValue>();
    for (;;) {
      const type = take(1, (offset) => bytes.readUInt8(offset));
      if (type === STOP) return fields;
      const id = take(2, (offset) => bytes.readInt16BE(offset));
      fields.set(id, readValue(type));
    }
  };
  const readText = (): string => {
    const length = take(4, (offset) => bytes.readInt32BE(offset));
    return take(length, (offset) => bytes.toString('utf8', offset, offset + length));
  };
  const readList = (): ThriftValue[] => {
    const type = take(1, (offset) => bytes.readUInt8(offset));
    const length = take(4, (offset) => bytes.readInt32BE(offset));
    return Array.from({ length }, () => readValue(type));
  };
  const readValue = (type: number): ThriftValue => {
    if (type === 2) return take(1, (offset) => bytes.readUInt8(offset) === 1);
    if (type === 4) return take(8, (offset) => bytes.readDoubleBE(offset));
    if (type === 8) return take(4, (offset) => bytes.readInt32BE(offset));
    if (type === 10) return take(8, (offset) => bytes.readBigInt64BE(offset));
    if (type === 11) return readText();
    if (type === 12) return readStruct();
    if (type === 15) return readList();
    throw new Error(`thrift type ${type} at byte ${at}`);
  };
  const struct = readStruct();
  if (at !== bytes.length) throw new Error(`${bytes.length - at} bytes behind the struct`);
  return struct;
}

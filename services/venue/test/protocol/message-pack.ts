/** Reads one MessagePack value by the specification, independently of the library that writes it. */
export function readMessagePack(bytes: Buffer): unknown {
  let at = 0;
  const uint = (size: number): number => {
    const value = bytes.readUIntBE(at, size);
    at += size;
    return value;
  };
  const text = (length: number): string => {
    at += length;
    return bytes.toString('utf8', at - length, at);
  };
  const list = (length: number): unknown[] => Array.from({ length }, () => value());
  const map = (length: number): object => Object.fromEntries(Array.from({ length }, () => [value(), value()]));
  const value = (): unknown => {
    const type = uint(1);
    if (type < 0x80) return type;
    if (type < 0x90) return map(type - 0x80);
    if (type < 0xa0) return list(type - 0x90);
    if (type < 0xc0) return text(type - 0xa0);
    switch (type) {
      case 0xc0:
        return null;
      case 0xc2:
        return false;
      case 0xc3:
        return true;
      case 0xd9:
        return text(uint(1));
      case 0xda:
        return text(uint(2));
      case 0xdc:
        return list(uint(2));
      case 0xde:
        return map(uint(2));
      default:
        throw new Error(`type 0x${type.toString(16)} at ${at - 1} is not expected here`);
    }
  };
  const read = value();
  if (at !== bytes.length) throw new Error(`${bytes.length - at} bytes are left`);
  return read;
}

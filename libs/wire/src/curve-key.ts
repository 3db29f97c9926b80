import { createPrivateKey, createPublicKey } from 'node:crypto';
import { curveKeyPair } from 'zeromq';

/** The two halves of a CURVE identity, each 32 bytes as 40 characters of Z85 (ZeroMQ RFC 32). */
export interface KeyPair {
  readonly publicKey: string;
  readonly secretKey: string;
}

const KEY_CHARACTERS = 40;
const KEY_BYTES = 32;
const Z85_DIGITS = '0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-:+=^!/*?&<>()[]{}@%$#';
const LARGEST_GROUP = 0xffff_ffff;
/** What stands before the 32 bytes of an X25519 secret in PKCS #8 (RFC 8410). */
const PKCS8_X25519 = Buffer.from('302e020100300506032b656e04220420', 'hex');

/** True for the text of a CURVE key, public or secret: the two cannot be told apart. */
export function isKey(text: unknown): text is string {
  return typeof text === 'string' && keyBytes(text) !== undefined;
}

export function generateKeyPair(): KeyPair {
  const { publicKey, secretKey } = curveKeyPair();
  return keyPair(publicKey, secretKey);
}

/** A pair whose secret is there for who asks for it and missing where the pair is printed, copied or turned into JSON. */
export function keyPair(publicKey: string, secretKey: string): KeyPair {
  return Object.defineProperty({ publicKey, secretKey: '' }, 'secretKey', { get: () => secretKey, enumerable: false });
}

/** The public half that belongs to a secret one. */
export function publicKeyOf(secretKey: string): string {
  const der = Buffer.concat([PKCS8_X25519, keyBytes(secretKey) ?? Buffer.alloc(KEY_BYTES)]);
  const { x } = createPublicKey(createPrivateKey({ key: der, format: 'der', type: 'pkcs8' })).export({ format: 'jwk' });
  return keyText(Buffer.from(x ?? '', 'base64url'));
}

/** Z85 of a key's 32 bytes. */
export function keyText(bytes: Buffer): string {
  let text = '';
  for (let at = 0; at < bytes.length; at += 4) {
    const group = bytes.readUInt32BE(at);
    for (let unit = 85 ** 4; unit >= 1; unit /= 85) text += Z85_DIGITS[Math.floor(group / unit) % 85];
  }
  return text;
}

function keyBytes(text: string): Buffer | undefined {
  if (text.length !== KEY_CHARACTERS) return undefined;
  const bytes = Buffer.alloc(KEY_BYTES);
  for (let at = 0; at < KEY_CHARACTERS; at += 5) {
    let group = 0;
    for (const character of text.slice(at, at + 5)) {
      const digit = Z85_DIGITS.indexOf(character);
      if (digit < 0) return undefined;
      group = group * 85 + digit;
    }
    if (group > LARGEST_GROUP) return undefined;
    bytes.writeUInt32BE(group, (at / 5) * 4);
  }
  return bytes;
}

import { hash, timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import type { CredentialCheck } from './core/protocol/trade-stream-session.ts';

export interface Credentials {
  readonly keyId: string;
  readonly secretKey: string;
}

function digest(text: string): Buffer {
  return hash('sha256', text, 'buffer');
}

/** Compares in constant time. A venue has keys always: throws `RangeError` for an empty one, which would let anybody in. */
export function credentialCheck(own: Credentials): CredentialCheck {
  if (own.keyId === '' || own.secretKey === '') throw new RangeError('a venue without keys would be open to everybody');
  const ownKey = digest(own.keyId);
  const ownSecret = digest(own.secretKey);
  return (keyId, secretKey) => {
    const isKey = timingSafeEqual(digest(keyId), ownKey);
    const isSecret = timingSafeEqual(digest(secretKey), ownSecret);
    return isKey && isSecret;
  };
}

/** The pair in Alpaca's headers, `null` when neither is there. */
export function headerCredentials(headers: IncomingHttpHeaders): Credentials | null {
  const keyId = headers['apca-api-key-id'];
  const secretKey = headers['apca-api-secret-key'];
  if (keyId === undefined && secretKey === undefined) return null;
  return { keyId: String(keyId ?? ''), secretKey: String(secretKey ?? '') };
}

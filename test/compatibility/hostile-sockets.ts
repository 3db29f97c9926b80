import { connect, type Socket } from 'node:net';
import { eventually } from '@tickpath/testkit';
import { KEYS, type VenueUnderTest } from './venue-under-test.ts';

/** What a plain TCP connection was answered until it ended, or until nothing more came. */
export interface RawAnswer {
  readonly text: string;
  /** 0 when what came was no HTTP answer. */
  readonly status: number;
  readonly isClosed: boolean;
}

const QUIET_MS = 300;

/** Writes these bytes as they are. Waits for an answer, or until `boundMs` has passed without one. */
export async function sendRaw(venue: VenueUnderTest, bytes: string | Buffer, boundMs = 3000): Promise<RawAnswer> {
  const socket = await openSocket(venue);
  let text = '';
  let isClosed = false;
  let lastMs = performance.now();
  const begunMs = lastMs;
  socket.on('data', (data: Buffer) => {
    text += data.toString('latin1');
    lastMs = performance.now();
  });
  socket.on('close', () => {
    isClosed = true;
  });
  socket.write(bytes);
  await eventually('an answer or silence', () => {
    const now = performance.now();
    const isAnswered = text !== '' && now - lastMs > QUIET_MS;
    return isClosed || isAnswered || now - begunMs > boundMs || undefined;
  });
  socket.destroy();
  return { text, status: Number(/^HTTP\/1\.1 (\d{3})/.exec(text)?.[1] ?? 0), isClosed };
}

/** A TCP connection whose errors end nothing but itself. */
export function openSocket(venue: VenueUnderTest): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect(venue.port, '127.0.0.1');
    socket.once('connect', () => {
      socket.off('error', reject);
      socket.on('error', () => {});
      resolve(socket);
    });
    socket.once('error', reject);
  });
}

export const KEY_LINES = `APCA-API-KEY-ID: ${KEYS.keyId}\r\nAPCA-API-SECRET-KEY: ${KEYS.secret}\r\n`;

/** The text of a POST with these header lines. */
export function postText(body: string, lines: string): string {
  return `POST /v2/orders HTTP/1.1\r\nHost: venue\r\n${KEY_LINES}${lines}\r\n${body}`;
}

/** An upgrade to a WebSocket by hand, so that frames can be written that no library writes. */
export async function upgradedSocket(venue: VenueUnderTest, path: string, lines = ''): Promise<Socket> {
  const socket = await openSocket(venue);
  let answer = '';
  const read = (data: Buffer) => {
    answer += data.toString('latin1');
  };
  socket.on('data', read);
  socket.write(
    `GET ${path} HTTP/1.1\r\nHost: venue\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n` +
      `Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n${lines}\r\n`,
  );
  await eventually(`an upgrade of ${path}`, () => {
    if (answer !== '' && !answer.startsWith('HTTP/1.1 101')) throw new Error(answer.slice(0, 200));
    return answer.includes('\r\n\r\n') || undefined;
  });
  socket.off('data', read);
  return socket;
}

export interface FrameFacts {
  readonly opcode: number;
  readonly payload: Buffer;
  readonly isFinal?: boolean;
  readonly isMasked?: boolean;
  /** Bits that no extension was agreed for. */
  readonly reserved?: number;
  /** What the header says of the length, where that is a lie. */
  readonly claimedLength?: bigint;
}

/** One frame of RFC 6455, right or wrong as asked. */
export function frameOf({
  opcode,
  payload,
  isFinal = true,
  isMasked = true,
  reserved = 0,
  claimedLength = BigInt(payload.length),
}: FrameFacts): Buffer {
  const first = (isFinal ? 0x80 : 0) | (reserved << 4) | opcode;
  const maskBit = isMasked ? 0x80 : 0;
  const head =
    claimedLength < 126n
      ? Buffer.from([first, maskBit | Number(claimedLength)])
      : Buffer.concat([Buffer.from([first, maskBit | 127]), eightBytes(claimedLength)]);
  if (!isMasked) return Buffer.concat([head, payload]);
  // A mask of zeros changes nothing and is allowed.
  return Buffer.concat([head, Buffer.alloc(4), payload]);
}

function eightBytes(value: bigint): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64BE(value);
  return bytes;
}

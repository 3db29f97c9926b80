import { eventually } from '@tickpath/testkit';
import { Unpackr } from 'msgpackr';
import { type RawData, WebSocket } from 'ws';
import { KEYS, type VenueUnderTest } from './venue-under-test.ts';

const unpackr = new Unpackr({ useRecords: false, mapsAsObjects: true });

export interface Frame {
  readonly bytes: Buffer;
  readonly isBinary: boolean;
  readonly value: unknown;
}

export interface StreamClientOptions {
  readonly path: string;
  /** `msgpack` is asked for by the Content-Type of the upgrade. */
  readonly encoding?: 'json' | 'msgpack';
  readonly headers?: Readonly<Record<string, string>>;
}

/** A WebSocket client with nothing of an SDK in it: it keeps every frame as it came. */
export class StreamClient {
  readonly socket: WebSocket;
  readonly frames: Frame[] = [];
  /** With the code and reason, once it is closed. */
  readonly closed: Promise<{ readonly code: number; readonly reason: string }>;
  isClosed = false;

  constructor(venue: VenueUnderTest, { path, encoding = 'json', headers = {} }: StreamClientOptions) {
    const type = encoding === 'msgpack' ? { 'content-type': 'application/msgpack' } : {};
    this.socket = new WebSocket(venue.socketUrl + path, {
      headers: { ...type, ...headers },
      perMessageDeflate: false,
    });
    // Without a listener an error would end the test; `closed` follows it.
    this.socket.on('error', () => {});
    this.socket.on('message', (data: RawData, isBinary) => {
      const bytes = data as Buffer;
      const value = encoding === 'msgpack' ? unpackr.unpack(bytes) : JSON.parse(bytes.toString());
      this.frames.push({ bytes, isBinary, value });
    });
    this.closed = new Promise((resolve) => {
      this.socket.on('close', (code, reason) => {
        this.isClosed = true;
        resolve({ code, reason: reason.toString() });
      });
    });
  }

  /** Resolves when the upgrade is done; rejects when it is refused. */
  async open(): Promise<this> {
    await eventually('an open socket', () => {
      if (this.isClosed) throw new Error(`${this.socket.url}: closed before it was open`);
      return this.socket.readyState === WebSocket.OPEN || undefined;
    });
    return this;
  }

  /** Authenticated and, if anything is asked for, subscribed on a market stream. */
  async subscribe(channels: Readonly<Record<string, readonly string[]>> = {}): Promise<this> {
    await this.open();
    this.send({ action: 'auth', key: KEYS.keyId, secret: KEYS.secret });
    await this.message((message) => message.msg === 'authenticated');
    if (Object.keys(channels).length === 0) return this;
    this.send({ action: 'subscribe', ...channels });
    await this.message(({ T }) => T === 'subscription');
    return this;
  }

  send(message: unknown): void {
    this.socket.send(JSON.stringify(message));
  }

  /** What the market streams said so far, out of its frames. */
  messages(): Record<string, unknown>[] {
    return this.frames.flatMap(({ value }) => (Array.isArray(value) ? value : []));
  }

  async message(
    isIt: (message: Record<string, unknown>) => boolean,
    boundMs = 20_000,
  ): Promise<Record<string, unknown>> {
    try {
      return await eventually('a message', () => this.messages().find(isIt), boundMs);
    } catch (error) {
      const tail = this.frames.slice(-5).map(({ value }) => JSON.stringify(value).slice(0, 200));
      throw new Error(`${(error as Error).message}; the last frames: ${tail.join(' ') || 'none'}`);
    }
  }

  /** The end of it, with a close handshake. */
  async close(): Promise<void> {
    if (!this.isClosed) this.socket.close();
    await this.closed;
  }
}

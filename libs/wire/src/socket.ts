import type { Readable, Socket } from 'zeromq';
import { MAX_FRAME_BYTES } from './envelope.ts';

/** An operational fault of the transport, with a stable `code`. */
export class WireError extends Error {
  readonly code: 'ADDRESS_IN_USE' | 'BIND_FAILED';

  constructor(code: WireError['code'], message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'WireError';
    this.code = code;
  }
}

/** For every socket: a peer that announces a larger frame is cut off before it is read. Twice what we ever send. */
export const SOCKET_LIMITS = { maxMessageSize: 2 * MAX_FRAME_BYTES } as const;

interface Bindable extends Socket {
  bind(address: string): Promise<void>;
}

export async function bindSocket(socket: Bindable, address: string): Promise<void> {
  try {
    await socket.bind(address);
  } catch (cause) {
    const inUse = (cause as NodeJS.ErrnoException).code === 'EADDRINUSE';
    throw inUse
      ? new WireError('ADDRESS_IN_USE', `address already in use: ${address}`, { cause })
      : new WireError('BIND_FAILED', `cannot bind ${address}: ${(cause as Error).message}`, { cause });
  }
}

/** How long one socket is read from, or written to, before timers and other sockets get their turn. */
export const BURST_MS = 1;

/**
 * Messages of a socket until it is closed. A long burst yields to timers and other sockets after a millisecond of work,
 * whether the time went into receiving or into what the caller did with each message.
 */
export function messages(socket: Socket & Readable<Buffer[]>): AsyncIterable<Buffer[]> {
  let burstEndMs = performance.now() + BURST_MS;
  const next = async (): Promise<IteratorResult<Buffer[], undefined>> => {
    if (performance.now() >= burstEndMs) {
      await new Promise((resolve) => setImmediate(resolve));
      burstEndMs = performance.now() + BURST_MS;
    }
    if (socket.closed) return END;
    try {
      const value = await socket.receive();
      // What was on its way when it was closed is for nobody any more.
      return socket.closed ? END : { value, done: false };
    } catch (error) {
      if (socket.closed) return END;
      throw error;
    }
  };
  return { [Symbol.asyncIterator]: () => ({ next }) };
}

const END: IteratorResult<Buffer[], undefined> = { value: undefined, done: true };

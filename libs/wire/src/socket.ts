import type { Readable, Socket } from 'zeromq';

/** An operational fault of the transport, with a stable `code` (docs/errors.md). */
export class WireError extends Error {
  readonly code: 'ADDRESS_IN_USE' | 'BIND_FAILED';

  constructor(code: WireError['code'], message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'WireError';
    this.code = code;
  }
}

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

/** Messages taken in one go before timers and other sockets get their turn. */
const BURST = 256;

/**
 * Messages of a socket until it is closed. A long burst yields to timers and other sockets every 256 messages.
 */
export async function* messages(socket: Socket & Readable<Buffer[]>): AsyncGenerator<Buffer[], void, void> {
  let burst = 0;
  while (!socket.closed) {
    let frames: Buffer[];
    try {
      frames = await socket.receive();
    } catch (error) {
      if (socket.closed) return;
      throw error;
    }
    yield frames;
    burst += 1;
    if (burst === BURST) {
      burst = 0;
      await new Promise((resolve) => setImmediate(resolve));
    }
  }
}

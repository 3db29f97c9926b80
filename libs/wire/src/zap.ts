import { Reply } from 'zeromq';
import { keyText } from './curve-key.ts';
import type { Refusal } from './refusals.ts';
import { SecurityError } from './security-error.ts';
import { messages } from './socket.ts';

/** Where libzmq asks whether a client may come in (ZeroMQ RFC 27), once for the sockets of a process. */
const ZAP_ENDPOINT = 'inproc://zeromq.zap.01';
const ZAP_VERSION = '1.0';
const KEY_BYTES = 32;

export interface ZapOptions {
  /** The name under which a public key is listed; undefined for a stranger. */
  readonly nameOf: (publicKey: string) => string | undefined;
  readonly onRefused: (refusal: Refusal) => void;
}

export interface ZapHandler {
  /** From here on nobody new is let in. */
  close(): void;
}

/** An endpoint is free again a moment after its socket was closed: libzmq takes it down on a thread of its own. */
const ENDPOINT_FREED_MS = 250;

/**
 * Answers libzmq's question at every CURVE handshake of the process's server sockets. Rejects with
 * `SECURITY_ALREADY_OPEN` if there is a handler. A fault in it is an unhandled rejection and so ends the process;
 * a client is never let in for want of an answer, because server sockets enforce their domain.
 */
export async function startZapHandler(options: ZapOptions): Promise<ZapHandler> {
  const socket = new Reply({ linger: 0 });
  const deadlineMs = performance.now() + ENDPOINT_FREED_MS;
  while (!(await isBound(socket))) {
    if (performance.now() < deadlineMs) continue;
    socket.close();
    throw new SecurityError('SECURITY_ALREADY_OPEN', 'keys are already in use in this process: close them first');
  }
  void answer(socket, options);
  // Closed without `unbind`: zeromq does that on another thread, where it races with the receive that is under way.
  return { close: () => socket.close() };
}

async function isBound(socket: Reply): Promise<boolean> {
  try {
    await socket.bind(ZAP_ENDPOINT);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EADDRINUSE') return false;
    socket.close();
    throw error;
  }
}

async function answer(socket: Reply, { nameOf, onRefused }: ZapOptions): Promise<void> {
  for await (const [version, requestId, , address, , mechanism, credential] of messages(socket)) {
    const isAnswerable = String(version) === ZAP_VERSION && String(mechanism) === 'CURVE';
    const publicKey = isAnswerable && credential?.length === KEY_BYTES ? keyText(Buffer.from(credential)) : undefined;
    const name = publicKey === undefined ? undefined : nameOf(publicKey);
    const verdict = name === undefined ? ['400', 'key not listed', '', ''] : ['200', 'OK', name, ''];
    if (name === undefined) {
      onRefused({ mechanism: 'CURVE', address: String(address), publicKey, reason: 'its key is not on the list' });
    }
    if (!socket.closed) await socket.send([ZAP_VERSION, requestId ?? '', ...verdict]);
  }
}

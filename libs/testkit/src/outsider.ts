import { Dealer, Pull, Request, Subscriber } from 'zeromq';

export type OutsiderType = 'SUB' | 'PULL' | 'REQ' | 'DEALER';

/** What a socket that connects proves of itself and demands of the server; nothing for a plain one. */
export interface OutsiderKeys {
  readonly curveServerKey?: string;
  readonly curvePublicKey?: string;
  readonly curveSecretKey?: string;
}

/** A ZeroMQ client with nothing of Tickpath in it: it connects, asks or subscribes to everything, and keeps what comes. */
export class Outsider {
  readonly received: (readonly Buffer[])[] = [];
  readonly #socket: Dealer | Pull | Request | Subscriber;

  constructor(type: OutsiderType, address: string, options: { keys?: OutsiderKeys; question?: Uint8Array } = {}) {
    const { keys = {}, question } = options;
    this.#socket = openSocket(type, { linger: 0, ...keys });
    this.#socket.connect(address);
    if (this.#socket instanceof Subscriber) this.#socket.subscribe();
    else if (!(this.#socket instanceof Pull) && question !== undefined) {
      // A refused one waits for ever, until it is closed.
      this.#socket.send(type === 'DEALER' ? ['', question] : question).catch(() => {});
    }
    void this.#read();
  }

  close(): void {
    this.#socket.close();
  }

  async #read(): Promise<void> {
    try {
      for (;;) this.received.push(await this.#socket.receive());
    } catch (error) {
      if (!this.#socket.closed) throw error;
    }
  }
}

function openSocket(type: OutsiderType, options: OutsiderKeys & { linger: number }) {
  if (type === 'SUB') return new Subscriber(options);
  if (type === 'PULL') return new Pull(options);
  return type === 'REQ' ? new Request(options) : new Dealer(options);
}

import { setTimeout as sleep } from 'node:timers/promises';
import { Outbox } from '@tickpath/wire';
import { Dealer, Pull, Push, Router, XPublisher, XSubscriber } from 'zeromq';
import type { Send } from './fault-lane.ts';

/** Which connections of a proxy: to the server it stands before, to the clients, or both. */
export type Side = 'upstream' | 'clients' | 'both';

export interface LinkOptions {
  readonly upstream: string;
  /** Takes what came from upstream, on its way down to the clients. */
  readonly takeDown: (frames: Buffer[], send: Send) => Promise<void>;
  /** Takes what a client sent, on its way up. */
  readonly takeUp: (frames: Buffer[], send: Send) => Promise<void>;
  /** Called for a message that was passed on and then could not be delivered. */
  readonly onUndelivered: () => void;
}

/** A pair of sockets that pass each other's messages on; either can be closed and opened again. */
export interface Link {
  openUpstream(): void;
  /** Binds; resolves to the address, with the port that was found for `*`. */
  openClients(address: string): Promise<string>;
  closeUpstream(): void;
  closeClients(): void;
}

/** Nothing is lost for want of room in the proxy itself. */
const UNLIMITED = { linger: 0, sendHighWaterMark: 0, receiveHighWaterMark: 0 };
const REBIND_BOUND_MS = 5000;

/** XPUB for the clients, XSUB for upstream; subscriptions pass up untouched and are made again after a cut. */
export class PubSubLink implements Link {
  readonly #options: LinkOptions;
  readonly #topics = new Map<string, Buffer>();
  #upstream: XSubscriber | undefined;
  #clients: XPublisher | undefined;
  #up: Outbox | undefined;
  #down: Outbox | undefined;

  constructor(options: LinkOptions) {
    this.#options = options;
  }

  openUpstream(): void {
    const upstream = new XSubscriber(UNLIMITED);
    this.#upstream = upstream;
    this.#up = blockingOutbox(upstream);
    upstream.connect(this.#options.upstream);
    for (const topic of this.#topics.values()) void this.#up.send([subscription(1, topic)]);
    void each(upstream, (frames) => this.#options.takeDown(frames, (message) => sendOn(this.#down, message)));
  }

  async openClients(address: string): Promise<string> {
    const clients = new XPublisher(UNLIMITED);
    const bound = await bindAgain(clients, address);
    this.#clients = clients;
    this.#down = blockingOutbox(clients);
    void each(clients, ([frame]) => this.#subscribed(frame));
    return bound;
  }

  closeUpstream(): void {
    this.#upstream?.close();
    this.#up = undefined;
  }

  closeClients(): void {
    this.#clients?.close();
    this.#down = undefined;
    for (const topic of this.#topics.values()) void this.#up?.send([subscription(0, topic)]);
    this.#topics.clear();
  }

  #subscribed(frame: Buffer | undefined): void {
    if (frame === undefined || frame.length === 0) return;
    const topic = frame.subarray(1);
    if (frame[0] === 1) this.#topics.set(topic.toString('latin1'), topic);
    else this.#topics.delete(topic.toString('latin1'));
    void this.#up?.send([frame]);
  }
}

/** PULL upstream, PUSH for the clients, which holds back when they do. */
export class PushPullLink implements Link {
  readonly #options: LinkOptions;
  #upstream: Pull | undefined;
  #clients: Push | undefined;
  #down: Outbox | undefined;

  constructor(options: LinkOptions) {
    this.#options = options;
  }

  openUpstream(): void {
    const upstream = new Pull({ linger: 0 });
    this.#upstream = upstream;
    upstream.connect(this.#options.upstream);
    void each(upstream, (frames) => this.#options.takeDown(frames, (message) => sendOn(this.#down, message)));
  }

  async openClients(address: string): Promise<string> {
    const clients = new Push({ linger: 0 });
    const bound = await bindAgain(clients, address);
    this.#clients = clients;
    this.#down = blockingOutbox(clients);
    return bound;
  }

  closeUpstream(): void {
    this.#upstream?.close();
  }

  closeClients(): void {
    this.#clients?.close();
    this.#down = undefined;
  }
}

/** How long a request waits for the connection to the server; a fresh DEALER needs a moment. */
const CONNECT_BOUND_MS = 2000;

/** ROUTER for the clients; upstream one DEALER for each of them, so that the server tells them apart as well. */
export class RouterLink implements Link {
  readonly #options: LinkOptions;
  readonly #dealers = new Map<string, { readonly socket: Dealer; readonly up: Outbox }>();
  #isUpstreamOpen = false;
  #clients: Router | undefined;

  constructor(options: LinkOptions) {
    this.#options = options;
  }

  openUpstream(): void {
    this.#isUpstreamOpen = true;
  }

  async openClients(address: string): Promise<string> {
    const clients = new Router({ ...UNLIMITED, mandatory: true, handover: true, sendTimeout: 0 });
    const bound = await bindAgain(clients, address);
    this.#clients = clients;
    void each(clients, ([identity, ...frames]) =>
      this.#options.takeUp(frames, async (message) => {
        const up = this.#isUpstreamOpen && !clients.closed ? this.#dealerFor(identity as Buffer, clients) : undefined;
        // Queued for this client alone: while the server is away, nobody waits behind another.
        return sendOn(up, message);
      }),
    );
    return bound;
  }

  closeUpstream(): void {
    this.#isUpstreamOpen = false;
    for (const { socket } of this.#dealers.values()) socket.close();
    this.#dealers.clear();
  }

  closeClients(): void {
    this.#clients?.close();
    // Who comes back comes back as another.
    for (const { socket } of this.#dealers.values()) socket.close();
    this.#dealers.clear();
  }

  #dealerFor(identity: Buffer, clients: Router): Outbox {
    const key = identity.toString('hex');
    const known = this.#dealers.get(key);
    if (known !== undefined) return known.up;
    const { onUndelivered } = this.#options;
    const socket = new Dealer({ ...UNLIMITED, immediate: true, sendTimeout: CONNECT_BOUND_MS });
    const up = new Outbox(socket, { capacity: 10_000, whenFull: 'drop-newest', onDrop: onUndelivered });
    this.#dealers.set(key, { socket, up });
    socket.connect(this.#options.upstream);
    void each(socket, (frames) =>
      this.#options.takeDown(frames, async (message) => {
        try {
          await clients.send([identity, ...message]);
          return 'passed';
        } catch {
          // The client has gone, and with it the need for its connection.
          socket.close();
          if (this.#dealers.get(key)?.socket === socket) this.#dealers.delete(key);
          return 'lost';
        }
      }),
    );
    return up;
  }
}

interface Readable extends AsyncIterable<Buffer[]> {
  readonly closed: boolean;
}

async function each(socket: Readable, take: (frames: Buffer[]) => Promise<void> | void): Promise<void> {
  for await (const frames of socket) await take(frames);
}

function blockingOutbox(socket: XSubscriber | XPublisher | Push): Outbox {
  return new Outbox(socket, { capacity: 1, whenFull: 'block', onDrop: () => {} });
}

async function sendOn(outbox: Outbox | undefined, frames: Buffer[]): Promise<'passed' | 'lost'> {
  const result = await outbox?.send(frames);
  return result === 'sent' || result === 'queued' ? 'passed' : 'lost';
}

function subscription(on: 0 | 1, topic: Buffer): Buffer {
  return Buffer.concat([Buffer.of(on), topic]);
}

/** ZeroMQ frees a port a moment after its socket was closed. */
async function bindAgain(socket: XPublisher | Push | Router, address: string): Promise<string> {
  const deadlineMs = performance.now() + REBIND_BOUND_MS;
  for (;;) {
    try {
      await socket.bind(address);
      return socket.lastEndpoint as string;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EADDRINUSE' && performance.now() < deadlineMs) await sleep(5);
      else {
        socket.close();
        throw error;
      }
    }
  }
}

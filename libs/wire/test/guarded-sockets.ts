import assert from 'node:assert/strict';
import { EventEmitter, once } from 'node:events';
import { Dealer, Publisher, Pull, Push, type Readable, Request, Router, type Socket, Subscriber } from 'zeromq';
import { NO_METRICS, type WireMetrics } from '../src/metrics-port.ts';
import type { WireSecurity } from '../src/security.ts';
import { messages } from '../src/socket.ts';

const BOUND_MS = 10_000;

/** Things as they happen, and the wait for the next of them. */
export class Happenings<T> {
  readonly seen: T[] = [];
  readonly #news = new EventEmitter();

  add(what: T): void {
    this.seen.push(what);
    this.#news.emit('news');
  }

  /** Resolves when there are `count` of them; rejects after ten seconds. */
  async reach(count: number): Promise<void> {
    while (this.seen.length < count) await once(this.#news, 'news', { signal: AbortSignal.timeout(BOUND_MS) });
  }
}

/** The refusals that a security object counts. */
export function countRefusals(): { refused: Happenings<string>; metrics: WireMetrics } {
  const refused = new Happenings<string>();
  return { refused, metrics: { ...NO_METRICS, refused: (mechanism) => refused.add(mechanism) } };
}

export interface Client {
  readonly received: Happenings<string>;
  readonly socket: Socket;
}

export interface Server {
  readonly address: string;
  /** What clients sent to it. */
  readonly heard: string[];
  readonly socket: Socket;
  /** Has a client that is let in receive a text, by sending it (and again, where a message may come too early). */
  serve(client: Client, text: string): Promise<void>;
  close(): void;
}

export type ClientKeys = ConstructorParameters<typeof Subscriber>[0];

/** A pair of socket types as Tickpath uses them: the server binds, the client connects. */
export interface Pattern {
  readonly name: string;
  openServer(security: WireSecurity, address?: string): Promise<Server>;
  /** Connects and, where its type speaks first, says `hello`. */
  connect(address: string, keys: ClientKeys, hello: string): Client;
}

const ANY_PORT = 'tcp://127.0.0.1:*';
const CLIENT = { linger: 0, reconnectInterval: 10 } as const;
/** What is refused cannot send: it waits for its timeout. */
const ASKER = { ...CLIENT, sendTimeout: BOUND_MS } as const;
const SERVER = { linger: 0, sendTimeout: BOUND_MS } as const;

export const PATTERNS: readonly Pattern[] = [
  {
    name: 'PUB to SUB',
    async openServer(security, address) {
      const pub = await bound(new Publisher({ ...SERVER, ...security.serverOptions() }), security, address);
      const serve = async (client: Client, text: string) => {
        while (client.received.seen.at(-1) !== text) {
          await pub.send(text);
          await new Promise((resolve) => setImmediate(resolve));
        }
      };
      return server(pub, [], serve);
    },
    connect(address, keys) {
      const sub = new Subscriber({ ...CLIENT, ...keys });
      sub.connect(address);
      sub.subscribe();
      return client(sub);
    },
  },
  {
    name: 'PUSH to PULL',
    async openServer(security, address) {
      const push = await bound(new Push({ ...SERVER, ...security.serverOptions() }), security, address);
      return server(push, [], async (to, text) => {
        const before = to.received.seen.length;
        await push.send(text);
        await to.received.reach(before + 1);
        assert.equal(to.received.seen.at(-1), text);
      });
    },
    connect(address, keys) {
      const pull = new Pull({ ...CLIENT, ...keys });
      pull.connect(address);
      return client(pull);
    },
  },
  { name: 'ROUTER to REQ', openServer: openRouter, connect: (...args) => asker(new Request(ASKER), ...args) },
  { name: 'ROUTER to DEALER', openServer: openRouter, connect: (...args) => asker(new Dealer(ASKER), ...args) },
];

/** Answers every request with its own text. */
async function openRouter(security: WireSecurity, address?: string): Promise<Server> {
  const router = await bound(new Router({ ...SERVER, ...security.serverOptions() }), security, address);
  const heard: string[] = [];
  void (async () => {
    for await (const frames of messages(router)) {
      heard.push(String(frames.at(-1)));
      await router.send(frames);
    }
  })();
  return server(router, heard, async (to, text) => {
    const before = to.received.seen.length;
    await (to.socket as Dealer).send(text);
    await to.received.reach(before + 1);
    assert.equal(to.received.seen.at(-1), text);
  });
}

function asker(socket: Request | Dealer, address: string, keys: ClientKeys, hello: string): Client {
  Object.assign(socket, keys);
  socket.connect(address);
  if (hello !== '') socket.send(hello).catch(() => {});
  return client(socket);
}

async function bound<S extends Socket & { bind(address: string): Promise<void> }>(
  socket: S,
  security: WireSecurity,
  address = ANY_PORT,
): Promise<S> {
  security.watch(socket);
  const deadlineMs = performance.now() + BOUND_MS;
  // The port of a server that was just closed is free again a moment later.
  while (performance.now() < deadlineMs) {
    try {
      await socket.bind(address);
      return socket;
    } catch (error) {
      assert.equal((error as NodeJS.ErrnoException).code, 'EADDRINUSE');
    }
  }
  throw new Error(`not bound within ${BOUND_MS} ms: ${address}`);
}

function server(socket: Socket, heard: string[], serve: Server['serve']): Server {
  const address = socket.lastEndpoint;
  assert.ok(address !== null);
  return { address, heard, socket, serve, close: () => socket.close() };
}

function client(socket: Socket & Readable<Buffer[]>): Client {
  const received = new Happenings<string>();
  void (async () => {
    for await (const frames of messages(socket)) received.add(String(frames.at(-1)));
  })();
  return { received, socket };
}

import { Agent, request } from 'node:http';
import { join } from 'node:path';
import { addresses } from '@tickpath/runtime';
import { networkAt, TestProcess } from '@tickpath/testkit';
import { WebSocket } from 'ws';

const WORKSPACE = join(import.meta.dirname, '../..');
const MAIN = join(WORKSPACE, 'services/venue/src/main.ts');
const KEYS = { APCA_API_KEY_ID: 'LOADKEY', APCA_API_SECRET_KEY: 'LOADSECRET' };
const HEADERS = { 'apca-api-key-id': KEYS.APCA_API_KEY_ID, 'apca-api-secret-key': KEYS.APCA_API_SECRET_KEY };
const ANSWER_BOUND_MS = 30_000;

export interface LoadedVenueOptions {
  readonly portOffset: number;
  readonly dataDir: string;
  /** Settings as flags: `--venue.latency.orderMs=5`. */
  readonly flags: readonly string[];
  /** Requests that may be under way at once, each on a keep-alive connection of its own. */
  readonly connections: number;
}

export interface Answer {
  readonly status: number;
  readonly body: unknown;
}

/** The connection broke before the answer was there: nobody knows whether the request was served. */
export class Unanswered extends Error {}

/** The venue alone, as the process it is, with keys of its own and clients on keep-alive connections. */
export class LoadedVenue {
  readonly process: TestProcess;
  readonly #url: string;
  readonly #agent: Agent;
  readonly #sockets = new Set<WebSocket>();

  private constructor({ portOffset, dataDir, flags, connections }: LoadedVenueOptions) {
    const own = [`--network.portOffset=${portOffset}`, `--data.dir=${dataDir}`, '--tracing.exporter=none'];
    this.#url = addresses(networkAt(portOffset)).httpUrl('venue');
    this.#agent = new Agent({ keepAlive: true, maxSockets: connections });
    this.process = new TestProcess([process.execPath, MAIN, ...own, ...flags], {
      cwd: WORKSPACE,
      env: { ...process.env, ...KEYS },
    });
  }

  /** Resolves when its market is open. */
  static async start(options: LoadedVenueOptions): Promise<LoadedVenue> {
    const venue = new LoadedVenue(options);
    await venue.process.line(/"msg":"market open"/, { boundMs: 60_000 });
    return venue;
  }

  /** Rejects with `Unanswered` when the process goes before it has answered. */
  request(method: string, path: string, body?: object): Promise<Answer> {
    const text = body === undefined ? '' : JSON.stringify(body);
    const headers = text === '' ? HEADERS : { ...HEADERS, 'content-type': 'application/json' };
    return new Promise((resolve, reject) => {
      const asked = request(this.#url + path, { method, headers, agent: this.#agent, timeout: ANSWER_BOUND_MS });
      asked.on('timeout', () => {
        reject(new Error(`${method} ${path}: no answer within ${ANSWER_BOUND_MS} ms`));
        asked.destroy();
      });
      asked.on('error', (error) => reject(new Unanswered(error.message, { cause: error })));
      asked.on('response', (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('error', (error) => reject(new Unanswered(error.message, { cause: error })));
        response.on('end', () => {
          const answer = Buffer.concat(chunks).toString();
          resolve({ status: response.statusCode ?? 0, body: answer === '' ? null : JSON.parse(answer) });
        });
      });
      asked.end(text);
    });
  }

  async get<T>(path: string): Promise<T> {
    const { status, body } = await this.request('GET', path);
    if (status !== 200) throw new Error(`GET ${path}: ${status} ${JSON.stringify(body)}`);
    return body as T;
  }

  /**
   * Reads market data from now on; the frames go to `onMessages` as arrays. Resolves with the socket when subscribed.
   */
  async market(subscription: object, onMessages: (messages: readonly MarketMessage[]) => void): Promise<WebSocket> {
    const socket = this.#socket('/v2/iex');
    await new Promise<void>((resolve, reject) => {
      socket.once('error', reject);
      socket.once('close', () => reject(new Error('closed before the subscription')));
      socket.on('message', (data) => {
        const messages = JSON.parse(String(data)) as MarketMessage[];
        const [first] = messages;
        if (first?.T === 'error') reject(new Error(JSON.stringify(first)));
        if (first?.T === 'success' && first.msg === 'authenticated') {
          socket.send(JSON.stringify({ action: 'subscribe', ...subscription }));
        }
        if (first?.T === 'subscription') resolve();
        onMessages(messages);
      });
    });
    return socket;
  }

  /** Listens to `trade_updates` from now on; resolves with the socket when nothing can be missed any more. */
  async updates(onUpdate: (update: unknown) => void): Promise<WebSocket> {
    const socket = this.#socket('/stream');
    await new Promise<void>((resolve, reject) => {
      socket.once('error', reject);
      socket.once('close', () => reject(new Error('closed before it listened')));
      socket.on('open', () => {
        const { APCA_API_KEY_ID: key, APCA_API_SECRET_KEY: secret } = KEYS;
        socket.send(JSON.stringify({ action: 'auth', key, secret }));
        socket.send(JSON.stringify({ action: 'listen', data: { streams: ['trade_updates'] } }));
      });
      socket.on('message', (data) => {
        const message = JSON.parse(String(data)) as { readonly stream: string; readonly data: unknown };
        if (message.stream === 'listening') resolve();
        if (message.stream === 'trade_updates') onUpdate(message.data);
      });
    });
    return socket;
  }

  /** As kill -9; resolves when nothing of it is left. */
  async kill(): Promise<void> {
    this.process.kill('SIGKILL');
    await this.process.ended;
    this.#agent.destroy();
    for (const socket of this.#sockets) socket.terminate();
  }

  #socket(path: string): WebSocket {
    const socket = new WebSocket(this.#url.replace('http', 'ws') + path, { headers: HEADERS });
    this.#sockets.add(socket);
    // What a kill does to it; who waits for something from it learns that by its own means.
    socket.on('error', () => socket.terminate());
    socket.on('close', () => this.#sockets.delete(socket));
    return socket;
  }
}

export interface MarketMessage {
  readonly T: string;
  readonly S?: string;
  readonly msg?: string;
  readonly [field: string]: unknown;
}

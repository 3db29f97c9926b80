import { Agent, type Dispatcher, interceptors } from 'undici';
import type { FetchAnswer } from './core/feeds/protocol.ts';

export interface RestClientOptions {
  readonly baseUrl: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Requests a minute that the venue allows us; further ones wait. */
  readonly requestsPerMinute: number;
  /** Until the head of an answer has come, for every try. */
  readonly timeoutMs: number;
  /** From there until all of it has come. */
  readonly bodyTimeoutMs: number;
  /** Tries after the first one, when the venue is busy, fails or cannot be reached. */
  readonly retries: number;
  readonly maxBodyBytes: number;
}

/** Requests at a time; the others wait in order. */
const AT_ONCE = 4;
const RETRY_FIRST_MS = 500;
const RETRY_LAST_MS = 30_000;
/** What passes by itself: too many requests, a venue that is starting or overloaded. */
const PASSING_STATUS = [429, 500, 502, 503, 504];
const PASSING_ERRORS = [
  'ECONNRESET',
  'ECONNREFUSED',
  'ENOTFOUND',
  'ENETDOWN',
  'ENETUNREACH',
  'EHOSTDOWN',
  'EHOSTUNREACH',
  'EPIPE',
  'EAI_AGAIN',
  'UND_ERR_SOCKET',
  'UND_ERR_CONNECT_TIMEOUT',
  'UND_ERR_HEADERS_TIMEOUT',
];
const SHOWN_LENGTH = 200;
const MINUTE_MS = 60_000;

/**
 * GETs of a venue's REST interface: within its rate limit, tried again with growing waits (a `Retry-After` of the
 * venue's is kept to), never without an answer.
 */
export class RestClient {
  readonly #options: RestClientOptions;
  readonly #dispatcher: Dispatcher;
  readonly #stopping = new AbortController();
  readonly #waiting: (() => void)[] = [];
  #underWay = 0;
  /** When the next request may leave: a bucket of `AT_ONCE` tokens that refills evenly. */
  #freeAtMs = 0;

  constructor(options: RestClientOptions) {
    this.#options = options;
    const { timeoutMs, retries } = options;
    const agent = new Agent({ connectTimeout: timeoutMs, headersTimeout: timeoutMs, bodyTimeout: timeoutMs });
    this.#dispatcher = agent.compose(
      interceptors.retry({
        maxRetries: retries,
        minTimeout: RETRY_FIRST_MS,
        maxTimeout: RETRY_LAST_MS,
        timeoutFactor: 2,
        retryAfter: true,
        methods: ['GET'],
        statusCodes: PASSING_STATUS,
        errorCodes: PASSING_ERRORS,
      }),
    );
  }

  async get(path: string): Promise<FetchAnswer> {
    if (this.#stopping.signal.aborted) return { ok: false, reason: 'the client is closed' };
    await this.#turn();
    try {
      return await this.#request(path);
    } catch (error) {
      return { ok: false, reason: `GET ${shownPath(path)}: ${error instanceof Error ? error.message : String(error)}` };
    } finally {
      this.#underWay -= 1;
      this.#waiting.shift()?.();
    }
  }

  /** Answers all requests under way with a failure. */
  async close(): Promise<void> {
    this.#stopping.abort(new Error('the client is closed'));
    for (const go of this.#waiting.splice(0)) go();
    await this.#dispatcher.destroy();
  }

  async #turn(): Promise<void> {
    const { signal } = this.#stopping;
    while (this.#underWay >= AT_ONCE && !signal.aborted) {
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
    this.#underWay += 1;
    const eachMs = MINUTE_MS / this.#options.requestsPerMinute;
    const nowMs = performance.now();
    this.#freeAtMs = Math.max(this.#freeAtMs + eachMs, nowMs - eachMs * AT_ONCE);
    const waitMs = this.#freeAtMs - nowMs;
    if (waitMs > 0 && !signal.aborted) await sleep(waitMs, signal);
  }

  async #request(path: string): Promise<FetchAnswer> {
    const { baseUrl, headers } = this.#options;
    const { signal } = this.#stopping;
    signal.throwIfAborted();
    const url = new URL(path, baseUrl);
    const response = await this.#dispatcher.request({
      origin: url.origin,
      path: url.pathname + url.search,
      method: 'GET',
      headers,
      signal,
    });
    const read = await this.#read(response.body);
    if (typeof read === 'string') return { ok: false, reason: `GET ${shownPath(path)}: ${read}` };
    const body = read.toString();
    if (response.statusCode === 200) return { ok: true, body };
    return {
      ok: false,
      reason: `GET ${shownPath(path)}: status ${response.statusCode} ${body.slice(0, SHOWN_LENGTH)}`,
    };
  }

  /** The whole body, or why it is not taken: an answer without end would hold its place among those at a time. */
  async #read(body: Dispatcher.ResponseData['body']): Promise<Buffer | string> {
    const { maxBodyBytes, bodyTimeoutMs } = this.#options;
    const chunks: Buffer[] = [];
    let bytes = 0;
    let isLate = false;
    const timer = setTimeout(() => {
      isLate = true;
      body.destroy(new Error('late'));
    }, bodyTimeoutMs);
    try {
      for await (const chunk of body) {
        bytes += chunk.length;
        // Leaving the loop destroys the body.
        if (bytes > maxBodyBytes) return `body of more than ${maxBodyBytes} bytes`;
        chunks.push(chunk);
      }
    } catch (error) {
      if (isLate) return `body not whole after ${bodyTimeoutMs} ms, ${bytes} bytes of it had come`;
      throw error;
    } finally {
      clearTimeout(timer);
    }
    return Buffer.concat(chunks);
  }
}

function sleep(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal.addEventListener('abort', done);
  });
}

function shownPath(path: string): string {
  return path.slice(0, SHOWN_LENGTH);
}

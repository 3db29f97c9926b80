import { type Payload, venueSymbolOf } from '@tickpath/wire';
import { Pool } from 'undici';

/** What came back from the venue, or that nothing did. */
export type VenueAnswer =
  | { readonly type: 'answered'; readonly status: number; readonly body: unknown }
  | { readonly type: 'unanswered'; readonly reason: string };

export interface AlpacaOrdersOptions {
  readonly url: string;
  readonly keyId: string;
  readonly secretKey: string;
  readonly connections: number;
  readonly timeoutMs: number;
}

const TYPES = {
  MARKET: 'market',
  LIMIT: 'limit',
  STOP: 'stop',
  STOP_LIMIT: 'stop_limit',
  TRAILING_STOP: 'trailing_stop',
};

/** Alpaca's trading calls over HTTP, on connections that are kept open. A call never throws. */
export class AlpacaOrders {
  readonly #pool: Pool;
  readonly #headers: Record<string, string>;
  readonly #timeoutMs: number;
  /** Orders without an answer; those that find no free connection wait in the pool, not yet written. */
  readonly #submissions = new Set<AbortController>();

  constructor(options: AlpacaOrdersOptions) {
    const { url, connections, timeoutMs, keyId, secretKey } = options;
    this.#timeoutMs = timeoutMs;
    this.#pool = new Pool(url, {
      connections,
      pipelining: 1,
      headersTimeout: timeoutMs,
      bodyTimeout: timeoutMs,
      connect: { timeout: timeoutMs },
    });
    this.#headers = { 'apca-api-key-id': keyId, 'apca-api-secret-key': secretKey };
  }

  /**
   * Writes the order in this turn of the event loop when a connection is free. After `timeoutMs` without an answer it is
   * given up, and one that has waited for a connection until then is never written.
   */
  async submit(approval: Payload<'OrderApproved'>, traceparent: string): Promise<VenueAnswer> {
    const body = JSON.stringify({
      symbol: venueSymbolOf(approval.symbol),
      qty: approval.orderQty,
      side: approval.side.toLowerCase(),
      type: TYPES[approval.ordType],
      time_in_force: approval.timeInForce.toLowerCase(),
      client_order_id: approval.clOrdId,
    });
    const headers = { ...this.#headers, 'content-type': 'application/json', traceparent };
    const submission = new AbortController();
    const timer = setTimeout(() => submission.abort(new Error('no answer in time')), this.#timeoutMs);
    this.#submissions.add(submission);
    try {
      return await this.#call({ method: 'POST', path: '/v2/orders', headers, body, signal: submission.signal });
    } finally {
      clearTimeout(timer);
      this.#submissions.delete(submission);
    }
  }

  /**
   * Gives up every order without an answer: what has not been written by now never is, least of all to a venue that
   * began anew meanwhile. True if there were any.
   */
  abandon(reason: string): boolean {
    const found = this.#submissions.size > 0;
    for (const submission of this.#submissions) submission.abort(new Error(reason));
    return found;
  }

  byClientOrderId(clOrdId: string): Promise<VenueAnswer> {
    const query = new URLSearchParams({ client_order_id: clOrdId });
    return this.#call({ method: 'GET', path: `/v2/orders:by_client_order_id?${query}`, headers: this.#headers });
  }

  /** Asks the venue to cancel an order; what became of it is told by its updates. */
  async cancel(orderId: string): Promise<void> {
    await this.#call({ method: 'DELETE', path: `/v2/orders/${encodeURIComponent(orderId)}`, headers: this.#headers });
  }

  /** The body of the venue's answer; undefined when it did not answer 200. */
  async get(path: string): Promise<unknown> {
    const answer = await this.#call({ method: 'GET', path, headers: this.#headers });
    return answer.type === 'answered' && answer.status === 200 ? answer.body : undefined;
  }

  async close(): Promise<void> {
    await this.#pool.destroy();
  }

  async #call(request: Parameters<Pool['request']>[0]): Promise<VenueAnswer> {
    try {
      const { statusCode, body } = await this.#pool.request(request);
      return { type: 'answered', status: statusCode, body: await body.json() };
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException;
      return { type: 'unanswered', reason: `${code ?? 'ERROR'}: ${message}` };
    }
  }
}

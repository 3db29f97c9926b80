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

  constructor(options: AlpacaOrdersOptions) {
    const { url, connections, timeoutMs, keyId, secretKey } = options;
    this.#pool = new Pool(url, {
      connections,
      pipelining: 1,
      headersTimeout: timeoutMs,
      bodyTimeout: timeoutMs,
      connect: { timeout: timeoutMs },
    });
    this.#headers = { 'apca-api-key-id': keyId, 'apca-api-secret-key': secretKey };
  }

  /** Writes the order in this turn of the event loop when a connection is free. */
  submit(approval: Payload<'OrderApproved'>, traceparent: string): Promise<VenueAnswer> {
    const body = JSON.stringify({
      symbol: venueSymbolOf(approval.symbol),
      qty: approval.orderQty,
      side: approval.side.toLowerCase(),
      type: TYPES[approval.ordType],
      time_in_force: approval.timeInForce.toLowerCase(),
      client_order_id: approval.clOrdId,
    });
    const headers = { ...this.#headers, 'content-type': 'application/json', traceparent };
    return this.#call({ method: 'POST', path: '/v2/orders', headers, body });
  }

  byClientOrderId(clOrdId: string): Promise<VenueAnswer> {
    const query = new URLSearchParams({ client_order_id: clOrdId });
    return this.#call({ method: 'GET', path: `/v2/orders:by_client_order_id?${query}`, headers: this.#headers });
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

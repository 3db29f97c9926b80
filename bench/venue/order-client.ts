import { Pool } from 'undici';
import { KEY_HEADERS } from './servers.ts';

const SYMBOLS = ['AAPL', 'MSFT', 'NVDA', 'SPY'] as const;
const HEADERS = { ...KEY_HEADERS, 'content-type': 'application/json' };

export interface OrderRun {
  /** Orders acknowledged a second while it was measured. */
  readonly perSecond: number;
  readonly measured: number;
}

/** Sends market orders of one share over keep-alive connections, on each the next when the one before is acknowledged. */
export class OrderClient {
  /** Ids of all orders ever acknowledged. */
  readonly acknowledged: string[] = [];
  readonly #pool: Pool;
  readonly #connections: number;
  readonly #prefix: string;
  #sent = 0;

  constructor(url: string, { connections, prefix }: { readonly connections: number; readonly prefix: string }) {
    this.#pool = new Pool(url, { connections, pipelining: 1 });
    this.#connections = connections;
    this.#prefix = prefix;
  }

  async run({
    warmUpSeconds,
    seconds,
  }: {
    readonly warmUpSeconds: number;
    readonly seconds: number;
  }): Promise<OrderRun> {
    const fromMs = performance.now() + warmUpSeconds * 1000;
    const untilMs = fromMs + seconds * 1000;
    let measured = 0;
    const trade = async () => {
      for (let nowMs = performance.now(); nowMs < untilMs; nowMs = performance.now()) {
        await this.submit();
        const doneMs = performance.now();
        if (doneMs >= fromMs && doneMs < untilMs) measured += 1;
      }
    };
    await Promise.all(Array.from({ length: this.#connections }, trade));
    return { perSecond: measured / seconds, measured };
  }

  /** One order; rejects when it is not acknowledged. */
  async submit(): Promise<void> {
    const number = this.#sent++;
    const symbol = SYMBOLS[number % SYMBOLS.length];
    const order = { symbol, qty: '1', side: 'buy', type: 'market', time_in_force: 'day' };
    const body = JSON.stringify({ ...order, client_order_id: `${this.#prefix}-${number}` });
    const answer = await this.#pool.request({ method: 'POST', path: '/v2/orders', headers: HEADERS, body });
    const text = await answer.body.text();
    if (answer.statusCode !== 200) throw new Error(`an order was answered with ${answer.statusCode}: ${text}`);
    this.acknowledged.push((JSON.parse(text) as { id: string }).id);
  }

  async close(): Promise<void> {
    await this.#pool.destroy();
  }
}

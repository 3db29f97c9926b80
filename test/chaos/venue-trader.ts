import type { VenueProcess } from './venue-process.ts';

export interface Order {
  readonly id: string;
  readonly client_order_id: string;
  readonly symbol: string;
  readonly side: 'buy' | 'sell';
  readonly qty: string;
  readonly filled_qty: string;
  readonly status: string;
  readonly submitted_at: string;
}

/** An execution as `trade_updates` told it. */
export interface ToldFill {
  readonly orderId: string;
  readonly cumQty: string;
  readonly qty: string;
  readonly price: string;
  readonly execId: string;
}

interface Update {
  readonly event: string;
  readonly event_id: string;
  readonly order: Order;
  readonly qty: string;
  readonly price: string;
  readonly execution_id: string;
}

const SYMBOLS = ['AAPL', 'MSFT', 'NVDA', 'SPY'];

export interface OrderTerms {
  readonly symbol: string;
  readonly side: 'buy' | 'sell';
  readonly qty: string;
}

/** A client that keeps only what it was told: what the venue must never take back. */
export class VenueTrader {
  /** Names of all orders ever sent, acknowledged or not. */
  readonly sent = new Set<string>();
  /** Names of orders that came to nothing. */
  readonly refused = new Set<string>();
  /** Acknowledged orders: name → id. */
  readonly acknowledged = new Map<string, string>();
  /** Ids of orders whose cancellation was acknowledged. */
  readonly canceled = new Set<string>();
  readonly fills: ToldFill[] = [];
  readonly eventIds: string[] = [];
  readonly #random: () => number;

  constructor(random: () => number) {
    this.#random = random;
  }

  /** Listens to the updates of this process until it is gone. Resolves when nothing can be missed any more. */
  async listen(venue: VenueProcess): Promise<void> {
    const socket = new WebSocket(venue.streamUrl);
    socket.binaryType = 'arraybuffer';
    await new Promise<void>((resolve, reject) => {
      socket.addEventListener('error', () => reject(new Error('no stream of updates')));
      socket.addEventListener('open', () => {
        const { keyId: key, secretKey: secret } = venue.keys;
        socket.send(JSON.stringify({ action: 'auth', key, secret }));
        socket.send(JSON.stringify({ action: 'listen', data: { streams: ['trade_updates'] } }));
      });
      socket.addEventListener('message', ({ data }) => {
        const message = JSON.parse(Buffer.from(data as ArrayBuffer).toString());
        if (message.stream === 'listening') resolve();
        if (message.stream === 'trade_updates') this.#told(message.data);
      });
    });
  }

  /** Sends orders one after the other until the process is gone. */
  async trade(venue: VenueProcess): Promise<void> {
    try {
      for (;;) {
        const id = await this.submit(venue, `order-${this.sent.size}`);
        if (id !== undefined && this.#random() < 0.5) await this.#cancel(venue, id);
      }
    } catch (error) {
      // The process went while it was asked: then nothing was acknowledged.
      if (!(error instanceof TypeError)) throw error;
    }
  }

  /** Sends an order, perhaps once more: its id if it was taken now, `undefined` if it had been taken before or the account cannot carry it. */
  async submit(venue: VenueProcess, clOrdId: string, terms = this.#anyTerms()): Promise<string | undefined> {
    this.sent.add(clOrdId);
    const order = { ...terms, type: 'market', time_in_force: 'day', client_order_id: clOrdId };
    const { status, body } = await venue.request('POST', '/v2/orders', order);
    if (status === 422 && /must be unique/.test(JSON.stringify(body))) return undefined;
    // More than is held, or than the account may buy: that is no order.
    if (status === 403) {
      this.refused.add(clOrdId);
      return undefined;
    }
    if (status !== 200) throw new Error(`POST ${clOrdId}: ${status} ${JSON.stringify(body)}`);
    if (this.acknowledged.has(clOrdId)) throw new Error(`${clOrdId} was taken twice`);
    const { id } = body as Order;
    this.acknowledged.set(clOrdId, id);
    return id;
  }

  #anyTerms(): OrderTerms {
    const random = this.#random;
    const symbol = SYMBOLS[Math.floor(random() * SYMBOLS.length)] as string;
    // More than one quote shows, so that an order takes several executions.
    return { symbol, side: random() < 0.5 ? 'buy' : 'sell', qty: String(1 + Math.floor(random() * 1500)) };
  }

  async #cancel(venue: VenueProcess, id: string): Promise<void> {
    const { status } = await venue.request('DELETE', `/v2/orders/${id}`);
    if (status === 204) this.canceled.add(id);
    else if (status !== 422) throw new Error(`DELETE ${id}: ${status}`);
  }

  #told({ event, event_id, order, qty, price, execution_id: execId }: Update): void {
    this.eventIds.push(event_id);
    if (event !== 'fill' && event !== 'partial_fill') return;
    this.fills.push({ orderId: order.id, cumQty: order.filled_qty, qty, price, execId });
  }
}

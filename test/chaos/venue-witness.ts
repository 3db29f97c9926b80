export interface VenueKeys {
  readonly keyId: string;
  readonly secretKey: string;
}

/** One execution, as the venue told it to every listener. */
export interface VenueFill {
  readonly accountId: string;
  readonly clOrdId: string;
  readonly symbol: string;
  readonly cumQty: string;
  /** The position of the account after it, signed. */
  readonly positionQty: string;
  readonly tsMs: number;
}

export interface ListedOrder {
  readonly id: string;
  readonly client_order_id: string;
  readonly symbol: string;
  readonly filled_qty: string;
  readonly status: string;
  readonly submitted_at: string;
}

export interface Book {
  readonly cash: string;
  readonly positions: Readonly<Record<string, { readonly qty: string; readonly cost: string }>>;
}

const RECONNECT_MS = 20;
const POLL_MS = 50;
const PAGE = 500;

/** A client of the venue of its own, that shares no code with execution: it sees what the venue really did. */
export class VenueWitness {
  readonly fills: VenueFill[] = [];
  /** Accounts in which each order was taken: more than one means that it was sent twice. */
  readonly accountsOf = new Map<string, Set<string>>();
  /** When each account was first seen, by the wall clock. */
  readonly accountSinceMs = new Map<string, number>();
  readonly #url: string;
  readonly #keys: VenueKeys;
  #socket: WebSocket | undefined;
  #closed = false;
  #accountId: string | undefined;

  constructor(url: string, keys: VenueKeys) {
    this.#url = url;
    this.#keys = keys;
    this.#listen();
    void this.#pollAccount();
  }

  close(): void {
    this.#closed = true;
    this.#socket?.close();
  }

  async get(path: string): Promise<unknown> {
    const headers = { 'apca-api-key-id': this.#keys.keyId, 'apca-api-secret-key': this.#keys.secretKey };
    const response = await fetch(`${this.#url}${path}`, { headers, signal: AbortSignal.timeout(2000) });
    if (!response.ok) throw new Error(`${path}: ${response.status}`);
    return response.json();
  }

  async book(): Promise<Book> {
    const { cash } = (await this.get('/v2/account')) as { cash: string };
    const positions = (await this.get('/v2/positions')) as { symbol: string; qty: string; cost_basis: string }[];
    const held = positions.map(({ symbol, qty, cost_basis }) => [symbol, { qty, cost: cost_basis }]);
    return { cash, positions: Object.fromEntries(held) };
  }

  async accountId(): Promise<string> {
    return ((await this.get('/v2/account')) as { id: string }).id;
  }

  /** Every order of the account, oldest first. */
  async orders(): Promise<ListedOrder[]> {
    const found: ListedOrder[] = [];
    for (;;) {
      const last = found.at(-1)?.submitted_at;
      const after = last === undefined ? '' : `&after=${encodeURIComponent(last)}`;
      const page = await this.get(`/v2/orders?status=all&limit=${PAGE}&direction=asc${after}`);
      found.push(...(page as ListedOrder[]));
      if ((page as ListedOrder[]).length < PAGE) return found;
    }
  }

  async #pollAccount(): Promise<void> {
    while (!this.#closed) {
      const accountId = await this.accountId().catch(() => undefined);
      this.#accountId = accountId ?? this.#accountId;
      if (accountId !== undefined && !this.accountSinceMs.has(accountId)) {
        this.accountSinceMs.set(accountId, Date.now());
      }
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    }
  }

  #listen(): void {
    if (this.#closed) return;
    const socket = new WebSocket(`${this.#url.replace('http', 'ws')}/stream`);
    this.#socket = socket;
    socket.binaryType = 'arraybuffer';
    const { keyId: key, secretKey: secret } = this.#keys;
    let accountId: Promise<string | undefined> = Promise.resolve(undefined);
    socket.addEventListener('open', () => {
      socket.send(JSON.stringify({ action: 'auth', key, secret }));
      socket.send(JSON.stringify({ action: 'listen', data: { streams: ['trade_updates'] } }));
      // A connection is one to one venue process, and that has one account.
      accountId = this.accountId().catch(() => this.#accountId);
    });
    let order = Promise.resolve();
    socket.addEventListener('message', ({ data }) => {
      const message = JSON.parse(Buffer.from(data as ArrayBuffer).toString());
      if (message.stream !== 'trade_updates') return;
      order = order.then(async () => this.#told((await accountId) ?? '', message.data));
    });
    socket.addEventListener('close', () => setTimeout(() => this.#listen(), RECONNECT_MS));
    socket.addEventListener('error', () => {});
  }

  #told(accountId: string, data: Update): void {
    const { client_order_id: clOrdId, symbol, filled_qty: cumQty } = data.order;
    if (data.event === 'new') {
      const accounts = this.accountsOf.get(clOrdId) ?? new Set();
      this.accountsOf.set(clOrdId, accounts.add(accountId));
    }
    if (data.position_qty === undefined) return;
    const tsMs = Date.parse(data.timestamp);
    this.fills.push({ accountId, clOrdId, symbol, cumQty, positionQty: data.position_qty, tsMs });
  }
}

interface Update {
  readonly event: string;
  readonly timestamp: string;
  readonly position_qty?: string;
  readonly order: { readonly client_order_id: string; readonly symbol: string; readonly filled_qty: string };
}

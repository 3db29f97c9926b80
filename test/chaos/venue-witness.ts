export interface VenueKeys {
  readonly keyId: string;
  readonly secretKey: string;
}

export interface ListedOrder {
  readonly id: string;
  readonly client_order_id: string;
  readonly symbol: string;
  readonly filled_qty: string;
  readonly status: string;
  readonly submitted_at: string;
}

/** One fill, as the account's history has it. */
export interface VenueActivity {
  readonly id: string;
  readonly order_id: string;
  readonly cum_qty: string;
  readonly qty: string;
  readonly price: string;
  readonly side: string;
  readonly symbol: string;
}

export interface Book {
  readonly cash: string;
  readonly positions: Readonly<Record<string, { readonly qty: string; readonly cost: string }>>;
}

const PAGE = 500;
const ACTIVITIES = 100;

/** A client of the venue of its own, that shares no code with execution: it sees what the venue really did. */
export class VenueWitness {
  readonly #url: string;
  readonly #keys: VenueKeys;

  constructor(url: string, keys: VenueKeys) {
    this.#url = url;
    this.#keys = keys;
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

  /** Every fill of the account, oldest first, page by page. */
  async activities(): Promise<VenueActivity[]> {
    const found: VenueActivity[] = [];
    for (;;) {
      const last = found.at(-1)?.id;
      const after = last === undefined ? '' : `&page_token=${encodeURIComponent(last)}`;
      const page = await this.get(`/v2/account/activities/FILL?direction=asc&page_size=${ACTIVITIES}${after}`);
      found.push(...(page as VenueActivity[]));
      if ((page as VenueActivity[]).length < ACTIVITIES) return found;
    }
  }
}

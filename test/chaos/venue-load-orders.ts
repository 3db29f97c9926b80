import { wholeNumber } from '../journal/seeded.ts';

/** The body of a `POST /v2/orders`. */
export interface OrderBody {
  readonly symbol: string;
  readonly side: 'buy' | 'sell';
  readonly type: 'market' | 'limit' | 'stop' | 'stop_limit' | 'trailing_stop';
  readonly time_in_force: 'day' | 'gtc' | 'ioc' | 'fok';
  readonly qty: string;
  readonly client_order_id: string;
  readonly limit_price?: string;
  readonly stop_price?: string;
  readonly trail_price?: string;
  readonly trail_percent?: string;
}

/** What a client sees of a symbol's market, in whole cents. */
export interface SeenQuote {
  readonly bidCents: number;
  readonly askCents: number;
}

/** What an order is meant to do when it arrives; the market may have moved on by then. */
export const ORDER_KINDS = [
  'market',
  'limit at the market',
  'limit off the market',
  'ioc',
  'fok',
  'stop',
  'stop_limit',
  'trailing_stop',
] as const;
export type OrderKind = (typeof ORDER_KINDS)[number];

interface Draft {
  readonly clOrdId: string;
  readonly symbol: string;
  readonly quote: SeenQuote;
  readonly mostQty: number;
}

/** An order of a kind that chance picks, around the market as it was seen. */
export function drawOrder(random: () => number, draft: Draft): { readonly kind: OrderKind; readonly body: OrderBody } {
  const kind = ORDER_KINDS[wholeNumber(random, 0, ORDER_KINDS.length - 1)] ?? 'market';
  const side = random() < 0.5 ? 'buy' : 'sell';
  const body = {
    symbol: draft.symbol,
    side,
    qty: String(wholeNumber(random, 1, draft.mostQty)),
    client_order_id: draft.clOrdId,
    ...termsOf(kind, { random, side, quote: draft.quote }),
  } as const;
  return { kind, body };
}

type Terms = Omit<OrderBody, 'symbol' | 'side' | 'qty' | 'client_order_id'>;

function termsOf(
  kind: OrderKind,
  { random, side, quote }: { random: () => number; side: 'buy' | 'sell'; quote: SeenQuote },
): Terms {
  const { bidCents, askCents } = quote;
  const [near, far] = side === 'buy' ? [bidCents, askCents] : [askCents, bidCents];
  /** So many cents less eager than the near side of the market. */
  const passive = (cents: number) => priceText(side === 'buy' ? near - cents : near + cents);
  /** So many cents beyond the far side of the market. */
  const through = (cents: number) => priceText(side === 'buy' ? far + cents : far - cents);
  const time_in_force = random() < 0.5 ? 'day' : 'gtc';
  switch (kind) {
    case 'market':
      return { type: 'market', time_in_force };
    case 'limit at the market':
      return { type: 'limit', time_in_force, limit_price: through(wholeNumber(random, 0, 3)) };
    case 'limit off the market':
      return { type: 'limit', time_in_force, limit_price: passive(wholeNumber(random, 0, 20)) };
    case 'ioc':
      return { type: 'limit', time_in_force: 'ioc', limit_price: through(wholeNumber(random, -2, 2)) };
    case 'fok':
      return { type: 'limit', time_in_force: 'fok', limit_price: through(wholeNumber(random, 0, 2)) };
    case 'stop':
      return { type: 'stop', time_in_force, stop_price: through(wholeNumber(random, 1, 10)) };
    case 'stop_limit': {
      const beyond = wholeNumber(random, 1, 10);
      const limit_price = through(beyond + wholeNumber(random, 0, 5));
      return { type: 'stop_limit', time_in_force, stop_price: through(beyond), limit_price };
    }
    case 'trailing_stop':
      if (random() < 0.5) return { type: 'trailing_stop', time_in_force, trail_price: '0.05' };
      return { type: 'trailing_stop', time_in_force, trail_percent: '0.1' };
  }
}

/** Whole cents as Alpaca's clients write a price. */
export function priceText(cents: number): string {
  return (Math.max(1, cents) / 100).toFixed(2);
}

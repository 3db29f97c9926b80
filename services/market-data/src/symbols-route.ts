import type { OperationsAnswer, OperationsRequest, OperationsRoute } from '@tickpath/runtime';
import type { HomeChange } from './feed-homes.ts';
import { cutText } from './feed-plan.ts';
import type { FollowedMarkets } from './followed-markets.ts';
import type { VenueMarket } from './venue-market.ts';

/**
 * What is followed, and its change until the service ends: GET tells the feeds, PUT adds a symbol (`?symbol=` and, with
 * several feeds, `&feed=`), DELETE removes one. Whether the venue has an added symbol shows in what GET tells later.
 */
export function symbolsRoute(followed: FollowedMarkets): OperationsRoute {
  const { markets, homes } = followed;
  return {
    GET: () => ({ status: 200, body: { feeds: markets.map((market) => ({ feed: market.name, ...market.status() })) } }),
    PUT: ({ query }) => {
      const feed = query.get('feed') ?? undefined;
      return change(followed, { query, allowed: ['symbol', 'feed'] }, (symbol) => homes.add(symbol, feed));
    },
    DELETE: ({ query }) =>
      change(followed, { query, allowed: ['symbol'] }, (symbol) => homes.remove(symbol, seenIn(markets, symbol))),
  };
}

function change(
  { markets, isRecorded, subscribe }: FollowedMarkets,
  { query, allowed }: Pick<OperationsRequest, 'query'> & { readonly allowed: readonly string[] },
  make: (symbol: string) => HomeChange,
): OperationsAnswer {
  const unknown = [...query.keys()].find((key) => !allowed.includes(key));
  if (unknown !== undefined) {
    return refused(400, `unknown parameter ${cutText(unknown)}; allowed: ${allowed.join(', ')}`);
  }
  for (const key of allowed) {
    const { length } = query.getAll(key);
    if (length > 1) return refused(400, `parameter ${key}: found ${length}; allowed: 1`);
  }
  const symbol = query.get('symbol');
  if (symbol === null) return refused(400, 'no parameter symbol');
  if (isRecorded) {
    return refused(409, `${cutText(symbol)}: a recording is played as it was made; needed: a live source`);
  }
  const made = make(symbol);
  if (!made.ok) return refused(made.status, made.fault);
  // First the feed that loses the symbol, so that the last word is that of its home.
  for (const market of markets) if (market.name !== made.feed) subscribe(market);
  for (const market of markets) if (market.name === made.feed) subscribe(market);
  return { status: 200, body: { symbol: made.symbol, feed: made.feed } };
}

function seenIn(markets: readonly VenueMarket[], symbol: string): string | undefined {
  return markets.find((market) => market.has(symbol))?.name;
}

function refused(status: number, error: string): OperationsAnswer {
  return { status, body: { error } };
}

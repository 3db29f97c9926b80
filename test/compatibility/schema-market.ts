import {
  type Fields,
  FLAG,
  LOCAL_TIME,
  listOf,
  literal,
  mapOf,
  NAME,
  NUMBER,
  nullable,
  object,
  optional,
  type Shape,
  TEXT,
  TIME,
  WHOLE,
} from './schema.ts';

/** Alpaca's letter of a kind of message or entity → its fields. Written from its documentation and recorded frames. */
export const SHARE_MESSAGES: Readonly<Record<string, Fields>> = {
  t: { T: literal('t'), S: NAME, i: WHOLE, x: NAME, p: NUMBER, s: WHOLE, c: listOf(NAME), z: NAME, t: TIME },
  q: {
    ...{ T: literal('q'), S: NAME, bx: TEXT, bp: NUMBER, bs: WHOLE, ax: TEXT, ap: NUMBER, as: WHOLE },
    ...{ c: listOf(NAME), z: NAME, t: TIME },
  },
  b: bar('b'),
  u: bar('u'),
  d: bar('d'),
  c: {
    ...{ T: literal('c'), S: NAME, x: NAME, oi: WHOLE, op: NUMBER, os: WHOLE, oc: listOf(NAME) },
    ...{ ci: WHOLE, cp: NUMBER, cs: WHOLE, cc: listOf(NAME), z: NAME, t: TIME },
  },
  x: {
    ...{ T: literal('x'), S: NAME, i: WHOLE, x: NAME, p: NUMBER, s: WHOLE },
    ...{ a: literal('C', 'E'), z: NAME, t: TIME },
  },
  l: { T: literal('l'), S: NAME, u: NUMBER, d: NUMBER, i: NAME, t: TIME, z: NAME },
  s: { T: literal('s'), S: NAME, sc: NAME, sm: NAME, rc: TEXT, rm: TEXT, t: TIME, z: NAME },
  i: { T: literal('i'), S: NAME, p: NUMBER, z: NAME, t: TIME },
};

const LEVEL = object({ p: NUMBER, s: NUMBER });

/** Coins: sizes are fractions, trades name the taker, and there is a book. */
export const COIN_MESSAGES: Readonly<Record<string, Fields>> = {
  t: { T: literal('t'), S: NAME, p: NUMBER, s: NUMBER, t: TIME, i: WHOLE, tks: literal('B', 'S') },
  q: { T: literal('q'), S: NAME, bp: NUMBER, bs: NUMBER, ap: NUMBER, as: NUMBER, t: TIME },
  b: { ...bar('b'), v: NUMBER },
  u: { ...bar('u'), v: NUMBER },
  d: { ...bar('d'), v: NUMBER },
  o: { T: literal('o'), S: NAME, t: TIME, b: listOf(LEVEL), a: listOf(LEVEL), r: optional(literal(true)) },
};

const SHARE_CHANNELS = 'trades quotes bars updatedBars dailyBars statuses lulds corrections cancelErrors imbalances';

/** What the server says of the connection itself. */
export const CONTROL_MESSAGES: Readonly<Record<string, Fields>> = {
  success: { T: literal('success'), msg: literal('connected', 'authenticated') },
  error: { T: literal('error'), code: WHOLE, msg: NAME },
  subscription: {
    T: literal('subscription'),
    ...Object.fromEntries(
      [...SHARE_CHANNELS.split(' '), 'orderbooks'].map((channel) => [channel, optional(listOf(NAME))]),
    ),
  },
};

const BAR = restOf(bar('b'));
const SHARE_TRADE = { ...restOf(SHARE_MESSAGES.t ?? {}), u: optional(literal('corrected', 'incorrect', 'canceled')) };
const SHARE_QUOTE = restOf(SHARE_MESSAGES.q ?? {});
const COIN_TRADE = restOf(COIN_MESSAGES.t ?? {});
const COIN_QUOTE = restOf(COIN_MESSAGES.q ?? {});
const COIN_BAR = { ...BAR, v: NUMBER };

/** Documented as a list or, on the wire of REST, as null where there is no more. */
const TOKEN = nullable(NAME);

const page = (key: string, fields: Fields): Shape =>
  object({ [key]: mapOf(listOf(object(fields))), next_page_token: TOKEN });
const single = (key: string, fields: Fields): Shape =>
  object({ symbol: NAME, [key]: listOf(object(fields)), next_page_token: TOKEN });
const latest = (key: string, fields: Fields): Shape => object({ [key]: mapOf(object(fields)) });
const latestOf = (key: string, fields: Fields): Shape => object({ symbol: NAME, [key]: object(fields) });

const snapshot = (trade: Fields, quote: Fields, bars: Fields): Fields => ({
  latestTrade: optional(object(trade)),
  latestQuote: optional(object(quote)),
  minuteBar: optional(nullable(object(bars))),
  dailyBar: optional(nullable(object(bars))),
  prevDailyBar: optional(nullable(object(bars))),
});

const SHARES = '/v2/stocks';
const COINS = '/v1beta3/crypto/us';

/** Path of the historical REST → its answer. */
export const HISTORY_ANSWERS: Readonly<Record<string, Shape>> = {
  [`${SHARES}/trades?symbols=AAPL,MSFT&limit=1000`]: page('trades', SHARE_TRADE),
  [`${SHARES}/quotes?symbols=AAPL,MSFT&limit=1000`]: page('quotes', SHARE_QUOTE),
  [`${SHARES}/bars?symbols=AAPL,MSFT&timeframe=1Min&limit=1000`]: page('bars', BAR),
  [`${SHARES}/AAPL/trades?limit=1000`]: single('trades', SHARE_TRADE),
  [`${SHARES}/AAPL/quotes?limit=1000`]: single('quotes', SHARE_QUOTE),
  [`${SHARES}/AAPL/bars?timeframe=1Day`]: single('bars', BAR),
  [`${SHARES}/trades/latest?symbols=AAPL,MSFT`]: latest('trades', SHARE_TRADE),
  [`${SHARES}/quotes/latest?symbols=AAPL,MSFT`]: latest('quotes', SHARE_QUOTE),
  [`${SHARES}/AAPL/trades/latest`]: latestOf('trade', SHARE_TRADE),
  [`${SHARES}/AAPL/quotes/latest`]: latestOf('quote', SHARE_QUOTE),
  [`${SHARES}/snapshots?symbols=AAPL,MSFT`]: mapOf(object(snapshot(SHARE_TRADE, SHARE_QUOTE, BAR))),
  [`${SHARES}/AAPL/snapshot`]: object({ symbol: NAME, ...snapshot(SHARE_TRADE, SHARE_QUOTE, BAR) }),
  [`${COINS}/trades?symbols=BTC/USD&limit=1000`]: page('trades', COIN_TRADE),
  [`${COINS}/quotes?symbols=BTC/USD&limit=1000`]: page('quotes', COIN_QUOTE),
  [`${COINS}/bars?symbols=BTC/USD&timeframe=1Min`]: page('bars', COIN_BAR),
  [`${COINS}/latest/trades?symbols=BTC/USD`]: latest('trades', COIN_TRADE),
  [`${COINS}/latest/quotes?symbols=BTC/USD`]: latest('quotes', COIN_QUOTE),
  [`${COINS}/latest/orderbooks?symbols=BTC/USD`]: latest('orderbooks', { t: TIME, b: listOf(LEVEL), a: listOf(LEVEL) }),
  [`${COINS}/snapshots?symbols=BTC/USD`]: object({
    snapshots: mapOf(object(snapshot(COIN_TRADE, COIN_QUOTE, COIN_BAR))),
  }),
};

export const RECORDED_PAGE = page('trades', SHARE_TRADE);

export const CLOCK = object({ timestamp: LOCAL_TIME, is_open: FLAG, next_open: LOCAL_TIME, next_close: LOCAL_TIME });

function bar(letter: string): Fields {
  return {
    ...{ T: literal(letter), S: NAME, o: NUMBER, h: NUMBER, l: NUMBER, c: NUMBER },
    ...{ v: WHOLE, n: WHOLE, vw: NUMBER, t: TIME },
  };
}

/** REST entities name neither their kind nor, inside a symbol's list, the symbol. */
function restOf(fields: Fields): Fields {
  const { T: _kind, S: _symbol, ...rest } = fields;
  return rest;
}

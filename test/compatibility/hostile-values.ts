/** One value of each kind that JSON knows, and of the kinds that have hurt parsers before. */
export const VALUES: Readonly<Record<string, string>> = {
  null: 'null',
  true: 'true',
  false: 'false',
  zero: '0',
  'negative zero': '-0',
  negative: '-1',
  fraction: '1.5',
  huge: '1e308',
  infinite: '1e999',
  tiny: '1e-300',
  'beyond 2^53': '9007199254740993',
  'empty text': '""',
  space: '" "',
  text: '"x"',
  'text of digits': '"7"',
  'text of a float': '"1e3"',
  'text of hex': '"0x10"',
  NaN: '"NaN"',
  'a very long text': JSON.stringify('9'.repeat(10_000)),
  'a lone surrogate': '"\\ud800"',
  'control characters': '"a\\u0000b\\u001f"',
  'direction marks': '"\\u202e\\u2066"',
  __proto__text: '"__proto__"',
  'empty list': '[]',
  list: '[1,2]',
  'list of text': '["AAPL"]',
  'empty object': '{}',
  object: '{"a":1}',
  __proto__object: '{"__proto__":{"polluted":true},"constructor":{"prototype":{"polluted":true}}}',
};

/** A body like `base` in which `field` is written as `raw`. */
export function withField(base: Readonly<Record<string, unknown>>, field: string, raw: string): string {
  const { [field]: _replaced, ...rest } = base;
  const others = Object.entries(rest).map(([key, value]) => `${JSON.stringify(key)}:${JSON.stringify(value)}`);
  return `{${[...others, `${JSON.stringify(field)}:${raw}`].join(',')}}`;
}

export const LIMIT_ORDER = {
  ...{ symbol: 'AAPL', side: 'buy', type: 'limit', time_in_force: 'gtc', qty: '1', limit_price: '20' },
} as const;

/** Every field of an order request that the API documents, those of orders that are not built included, and some of nobody. */
export const ORDER_FIELDS = [
  ...['symbol', 'side', 'type', 'time_in_force', 'qty', 'notional', 'limit_price', 'stop_price', 'trail_price'],
  ...['trail_percent', 'client_order_id', 'extended_hours', 'position_intent', 'order_class', 'take_profit'],
  ...['stop_loss', 'legs', 'advanced_instructions', '__proto__', 'constructor', 'toString', 'no_such_field'],
];

export const CHANGE_FIELDS = [
  ...['qty', 'time_in_force', 'limit_price', 'stop_price', 'trail', 'client_order_id', 'notional', '__proto__'],
];

/** A query of every listing, and what it is asked with. */
export const QUERIES: Readonly<Record<string, readonly string[]>> = {
  '/v2/orders': [
    ...['status', 'limit', 'after', 'until', 'direction', 'nested', 'symbols', 'side', 'asset_class'],
    ...['before_order_id', 'after_order_id'],
  ],
  '/v2/account/activities': [
    ...['activity_types', 'category', 'date', 'until', 'after', 'direction', 'page_size', 'page_token'],
  ],
  '/v2/assets': ['status', 'asset_class', 'exchange', 'attributes'],
  '/v2/calendar': ['start', 'end', 'date_type'],
  '/v2/stocks/trades': ['symbols', 'start', 'end', 'limit', 'asof', 'feed', 'currency', 'page_token', 'sort'],
  '/v2/stocks/bars': ['symbols', 'timeframe', 'start', 'end', 'limit', 'adjustment', 'page_token', 'sort'],
  '/v2/stocks/AAPL/quotes': ['start', 'end', 'limit', 'page_token', 'sort'],
  '/v1beta3/crypto/us/latest/orderbooks': ['symbols'],
  '/v2/stocks/snapshots': ['symbols', 'feed'],
};

export const QUERY_VALUES = [
  ...['', '%00', '0', '-1', '1e9', '999999999999999999999', 'x', '%E2%80%AE', '%ED%A0%80', '__proto__', 'constructor'],
  ...['2026-13-45', '2026-01-01T00:00:00Z', '9999-12-31T23:59:59.999999999Z', '-271821-04-20', 'a'.repeat(4000)],
  ...['AAPL,'.repeat(500), '../../etc/passwd', '%2e%2e%2f', '%7B%22a%22%3A1%7D', 'AAPL&symbols=MSFT', 'true'],
];

export const STRANGE_PATHS = [
  ...[
    '/',
    '//',
    '/v2',
    '/v2/',
    '/v2/orders/',
    '/v2/orders//',
    '/v2/orders/x',
    '/v2/orders/%00',
    '/v2/orders/..%2f..%2f',
  ],
  ...['/v2/orders/__proto__', '/v2/orders/constructor', '/v2/positions/__proto__', '/v2/assets/__proto__'],
  ...['/v2/orders:by_client_order_id', '/v2/orders:by_client_order_id?client_order_id=', '/v2/orders:nothing'],
  ...['/v2/positions/%F0%9F%92%A5', '/v2/positions/%', '/v2/positions/%zz', `/v2/assets/${'a'.repeat(5000)}`],
  ...['/v2/stocks/%00/trades', '/v2/stocks/__proto__/bars?timeframe=1Min', '/v1beta3/crypto/nowhere/trades'],
  ...['/tickpath/v1/nothing', '/v99/orders', '/v2/stocks/a/b/c/d/e/f', '/stream', '/v2/iex', '/favicon.ico', '/.env'],
];

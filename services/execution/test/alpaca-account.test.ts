import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, type TestContext, test } from 'node:test';
import { readAccount, readLatestOrders } from '../src/alpaca-account.ts';
import { AlpacaOrders } from '../src/alpaca-orders.ts';

/** An order in the fields of Alpaca's that are read. */
interface RawOrder {
  readonly id: string;
  readonly client_order_id: string;
  readonly symbol: string;
  readonly side: string;
  readonly qty: string;
  filled_qty: string;
  status: string;
  readonly created_at: string;
  readonly submitted_at: string;
}

/** Questions before the second reading, if open orders are one page: account and latest orders, then account, positions and open orders. */
const QUESTIONS = 5;
const SECOND_MS = 1000;
const FIRST_MS = Date.UTC(2026, 8, 18);

function anOrder(n: number, fields: Partial<RawOrder> = {}): RawOrder {
  const at = new Date(FIRST_MS + n * SECOND_MS).toISOString();
  const times = { created_at: at, submitted_at: at };
  const terms = { symbol: 'IBM', side: 'buy', qty: '10', filled_qty: '0', status: 'new' };
  return { id: `v-${n}`, client_order_id: `tp-${n}`, ...terms, ...times, ...fields };
}

/** What the venue has; `asked` is called before each answer with the path, and may change it. */
interface Book {
  account: unknown;
  positions: unknown;
  orders: unknown[];
  status: number;
  asked: (path: string, count: number) => void;
}

/** A venue over HTTP that lists orders as Alpaca does: `limit` of them, in order of submission, those behind `after`. */
async function aVenue(t: TestContext, fields: Partial<Book> = {}) {
  const account = { id: 'account-1', cash: '1000.25' };
  const book: Book = { account, positions: [], orders: [], status: 200, asked: () => {}, ...fields };
  const paths: string[] = [];
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? '', 'http://venue');
    paths.push(`${url.pathname}${url.search}`);
    book.asked(url.pathname, paths.length);
    const answers: Record<string, () => unknown> = {
      '/v2/account': () => book.account,
      '/v2/positions': () => book.positions,
      '/v2/orders': () => listed(book.orders as RawOrder[], url.searchParams),
    };
    response.writeHead(book.status, { 'content-type': 'application/json' });
    response.end(JSON.stringify(answers[url.pathname]?.()));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const keys = { keyId: 'key', secretKey: 'secret' };
  const orders = new AlpacaOrders({ url: `http://127.0.0.1:${port}`, ...keys, connections: 2, timeoutMs: 5000 });
  t.after(async () => {
    await orders.close();
    server.closeAllConnections();
    server.close();
  });
  return {
    book,
    paths,
    read: () => readAccount((path) => orders.get(path), 'tp'),
    latest: () => readLatestOrders((path) => orders.get(path)),
  };
}

function listed(orders: readonly RawOrder[], query: URLSearchParams): unknown[] {
  const after = query.get('after') ?? '';
  const found = orders.filter((order) => {
    if (query.get('status') === 'open' && ['filled', 'canceled'].includes(order.status)) return false;
    return after === '' || order.submitted_at > after;
  });
  if (query.get('direction') === 'desc') found.reverse();
  return found.slice(0, Number(query.get('limit')));
}

test('a position in a pair, which Alpaca spells without the slash there, has the name that its orders have', async (t) => {
  const held = (symbol: string) => ({ symbol, asset_class: 'crypto', qty: '0.5', cost_basis: '30000.1' });
  const stock = { symbol: 'BTC', asset_class: 'us_equity', qty: '1', cost_basis: '2' };
  const positions = [held('BTCUSD'), held('BTCUSDT'), held('ETHBTC'), held('BTC/USD'), stock];
  const { read } = await aVenue(t, { positions });
  const symbols = (await read())?.positions.map(({ symbol }) => symbol);
  assert.deepEqual(symbols, ['BTC-USD', 'BTC-USDT', 'ETH-BTC', 'BTC-USD', 'BTC']);
});

test('the account is read with its positions, the open orders of ours and the names of the latest ones', async (t) => {
  const positions = [
    { symbol: 'IBM', qty: '4', cost_basis: '400.5' },
    { symbol: 'BRK.B', qty: '-2', cost_basis: '-90' },
  ];
  const orders = [
    anOrder(1, { status: 'filled', filled_qty: '10' }),
    anOrder(2, { status: 'partially_filled', filled_qty: '4', side: 'sell' }),
    anOrder(3, { client_order_id: 'someone-elses' }),
    anOrder(4, { client_order_id: 'tpx-4' }),
    anOrder(5),
  ];
  const { read, latest } = await aVenue(t, { positions, orders });
  const terms = { symbol: 'IBM', orderQty: '10' };
  assert.deepEqual(await read(), {
    accountId: 'account-1',
    cash: '1000.25',
    positions: [
      { symbol: 'IBM', qty: '4', cost: '400.5' },
      { symbol: 'BRK.B', qty: '-2', cost: '-90' },
    ],
    openOrders: [
      { ...terms, clOrdId: 'tp-2', orderId: 'v-2', side: 'SELL', cumQty: '4', ordStatus: 'PARTIALLY_FILLED' },
      { ...terms, clOrdId: 'tp-5', orderId: 'v-5', side: 'BUY', cumQty: '0', ordStatus: 'NEW' },
    ],
    latestClOrdIds: ['tp-5', 'tpx-4', 'someone-elses', 'tp-2', 'tp-1'],
  });
  const clOrdIds = ['tp-5', 'tpx-4', 'someone-elses', 'tp-2', 'tp-1'];
  const listed = await latest();
  assert.equal(listed?.accountId, 'account-1');
  assert.deepEqual(
    listed.orders.map(({ clOrdId }) => clOrdId),
    clOrdIds,
  );
});

test('a fill between two answers of one reading is not taken for an account, whichever answer it is before', async (t) => {
  for (let before = 1; before <= 2 * QUESTIONS + 1; before += 1) {
    const venue = await aVenue(t, { orders: [anOrder(1)] });
    const held = [{ symbol: 'IBM', qty: '10', cost_basis: '1000' }];
    venue.book.asked = (_path, count) => {
      if (count !== before) return;
      venue.book.account = { id: 'account-1', cash: '0.25' };
      venue.book.positions = held;
      venue.book.orders = [anOrder(1, { status: 'filled', filled_qty: '10' })];
    };
    const account = await venue.read();
    if (account === undefined) continue;
    const { cash, positions, openOrders } = account;
    assert.ok(['1000.25 0 1', '0.25 1 0'].includes(`${cash} ${positions.length} ${openOrders.length}`));
  }
});

describe('an account that changes between its two readings is none: the next one is taken', () => {
  const changes: Record<string, (book: Book) => void> = {
    'in cash': (book) => {
      book.account = { id: 'account-1', cash: '999.75' };
    },
    'in a position': (book) => {
      book.positions = [{ symbol: 'IBM', qty: '1', cost_basis: '0.5' }];
    },
    'in what is filled of an order': (book) => {
      book.orders = [anOrder(1, { filled_qty: '1', status: 'partially_filled' })];
    },
    'by an order that closes': (book) => {
      book.orders = [anOrder(1, { status: 'canceled' })];
    },
    'by an order that comes and is filled at once': (book) => {
      book.orders = [anOrder(1), anOrder(2, { status: 'filled', filled_qty: '10' })];
    },
    'because it is another one': (book) => {
      book.account = { id: 'account-2', cash: '1000.25' };
    },
  };
  for (const [what, change] of Object.entries(changes)) {
    test(what, async (t) => {
      const venue = await aVenue(t, { orders: [anOrder(1)] });
      venue.book.asked = (_path, count) => {
        if (count === QUESTIONS + 1) change(venue.book);
      };
      assert.equal(await venue.read(), undefined);
      assert.notEqual(await venue.read(), undefined);
    });
  }
});

describe('open orders are read page by page', () => {
  for (const count of [499, 500, 501, 1000, 1203]) {
    test(`${count} of them, each once and in the order of their submission`, async (t) => {
      const orders = Array.from({ length: count }, (_, n) => anOrder(n));
      const { read, paths } = await aVenue(t, { orders });
      const account = await read();
      assert.deepEqual(
        account?.openOrders.map(({ clOrdId }) => clOrdId),
        orders.map(({ client_order_id }) => client_order_id),
      );
      assert.equal(account?.latestClOrdIds.length, Math.min(count, 500));
      const pages = paths.filter((path) => path.includes('status=open')).length;
      assert.equal(pages, 2 * (Math.floor(count / 500) + 1), 'of both readings');
    });
  }

  test('those of others between ours are passed over, and do not end a page early', async (t) => {
    const orders = Array.from({ length: 700 }, (_, n) =>
      anOrder(n, n % 2 === 0 ? {} : { client_order_id: `other-${n}` }),
    );
    const { read } = await aVenue(t, { orders });
    assert.equal((await read())?.openOrders.length, 350);
  });

  test('a full page whose last order has no time of submission cannot be gone on from', async (t) => {
    const orders = Array.from({ length: 500 }, (_, n) => anOrder(n));
    const { submitted_at, ...last } = anOrder(500, { client_order_id: 'someone-elses' });
    const { read } = await aVenue(t, { orders: [...orders.slice(1), last] });
    assert.equal(await read(), undefined);
  });
});

describe('half an account is none', () => {
  const unreadable: Record<string, Partial<Book>> = {
    'the venue answers with an error': { status: 500 },
    'the account has no id': { account: { cash: '1' } },
    'the cash is a number': { account: { id: 'account-1', cash: 1 } },
    'the cash is missing': { account: { id: 'account-1' } },
    'the account is null': { account: null },
    'the positions are no list': { positions: { message: 'later' } },
    'a position has no cost': { positions: [{ symbol: 'IBM', qty: '1' }] },
    'a position has an exponent': { positions: [{ symbol: 'IBM', qty: '1e3', cost_basis: '1' }] },
    'a position is null': { positions: [null] },
    'the symbol of a position has no name here': { positions: [{ symbol: 'I B M', qty: '1', cost_basis: '1' }] },
    'an open order of ours has no side': { orders: [anOrder(1, { side: 'both' })] },
    'an open order of ours has no quantity': { orders: [{ ...anOrder(1), qty: null }] },
    'an open order of ours has no time': { orders: [{ ...anOrder(1), created_at: 'noon' }] },
  };
  for (const [what, fields] of Object.entries(unreadable)) {
    test(`when ${what}`, async (t) => {
      const { read } = await aVenue(t, fields);
      assert.equal(await read(), undefined);
    });
  }

  test('when the venue breaks off in the middle', async (t) => {
    const venue = await aVenue(t);
    venue.book.asked = (path, count) => {
      if (path === '/v2/positions' && count > QUESTIONS) venue.book.status = 503;
    };
    assert.equal(await venue.read(), undefined);
  });

  test('but what is unreadable in orders of others does not matter', async (t) => {
    const { read } = await aVenue(t, { orders: [{ client_order_id: 'other-1', submitted_at: 'noon' }, anOrder(2)] });
    assert.equal((await read())?.openOrders.length, 1);
  });

  test('the latest orders are not read either when the venue does not name its account', async (t) => {
    assert.equal(await (await aVenue(t, { account: {} })).latest(), undefined);
    assert.equal(await (await aVenue(t, { status: 401 })).latest(), undefined);
  });
});

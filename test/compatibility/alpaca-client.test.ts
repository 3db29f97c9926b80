import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import {
  type Alpaca,
  type ApiError,
  errors,
  NotFoundError,
  PermissionError,
  type trading,
  ValidationError,
} from '@alpacahq/alpaca-trade-api';
import { eventually } from '@tickpath/testkit';
import { alpacaAt, plainDecimal, UpdateRecorder } from './alpaca-sdk.ts';
import { SYMBOLS, VenueUnderTest } from './venue-under-test.ts';

const TERMINAL = new Set(['fill', 'canceled', 'expired', 'rejected', 'replaced']);

describe('the official SDK places, changes and cancels orders', { timeout: 180_000 }, () => {
  let venue: VenueUnderTest;
  let alpaca: Alpaca;
  let orders: Alpaca['trading']['orders'];
  let recorder: UpdateRecorder;

  before(async () => {
    venue = await VenueUnderTest.start({ 'synthetic.symbols': SYMBOLS, 'synthetic.ticksPerSecond': 50 });
    alpaca = alpacaAt(venue);
    orders = alpaca.trading.orders;
    recorder = await UpdateRecorder.open(alpaca, venue);
    for (const { symbol } of SYMBOLS) await eventually(`a price of ${symbol}`, () => lastPrice(symbol));
  });
  after(async () => {
    recorder?.close();
    await venue?.stop();
  });

  /** What a symbol last traded at, `undefined` before it has. */
  async function lastPrice(symbol: string): Promise<number | undefined> {
    try {
      if (!symbol.includes('/')) return await alpaca.marketData.getLatestPrice(symbol);
      const { trades } = await alpaca.marketData.crypto.cryptoLatestTrades({ loc: 'us', symbols: symbol });
      return trades[symbol]?.p;
    } catch (error) {
      if (error instanceof NotFoundError) return undefined;
      throw error;
    }
  }

  /** A price of the last trade × `factor`, in whole cents. */
  async function priceAt(symbol: string, factor: number): Promise<string> {
    const last = await eventually(`a price of ${symbol}`, () => lastPrice(symbol));
    return (last * factor).toFixed(2);
  }

  /** Waits for the end of an order and holds everything told about it against itself. */
  async function told(id: string | undefined): Promise<string[]> {
    await eventually(`the end of ${id}`, () => recorder.events(id).some((event) => TERMINAL.has(event)) || undefined);
    const updates = recorder.of(id);
    let filled = 0;
    for (const { event, order, executionId, price, qty, timestamp } of updates) {
      assert.ok(timestamp !== undefined && !Number.isNaN(timestamp.getTime()), `${event} has a time`);
      assert.equal(executionId === undefined, event === 'pending_new', `${event} has an execution id`);
      if (event !== 'fill' && event !== 'partial_fill') continue;
      assert.ok(Number(price) > 0, `${event} has a price`);
      filled += Number(qty);
      assert.ok(
        Math.abs(Number(order.filledQty) - filled) < 1e-9,
        `${order.filledQty} filled, executions of ${filled}`,
      );
    }
    return updates.map(({ event }) => event);
  }

  /** How the SDK throws what the venue refuses. */
  async function refusal(request: Promise<unknown>): Promise<ApiError> {
    const outcome = await request.then(
      (value) => ({ value }),
      (error: unknown) => ({ error }),
    );
    assert.ok('error' in outcome, `taken: ${JSON.stringify(outcome)}`);
    assert.ok(outcome.error instanceof errors.ApiError, String(outcome.error));
    return outcome.error;
  }

  test('credentials are checked as the SDK checks them', async () => {
    const good = await alpaca.trading.validateConnection();
    assert.ok(good.ok);
    assert.equal(good.account.status, 'ACTIVE');
    const bad = await alpacaAt(venue, { secret: 'wrong' }).trading.validateConnection();
    assert.ok(!bad.ok);
    assert.ok(bad.status === 401 || bad.status === 403, String(bad.status));
  });

  for (const timeInForce of ['day', 'gtc', 'ioc', 'fok'] as const) {
    test(`a market order ${timeInForce} is told as pending_new, new and fills`, async () => {
      const order = await orders.market({ symbol: 'AAPL', qty: 3, side: 'buy', timeInForce });
      assert.ok(['pending_new', 'accepted', 'new'].includes(order.status ?? ''), order.status);
      assert.equal(order.timeInForce, timeInForce);
      const events = await told(order.id);
      assert.deepEqual(events.slice(0, 2), ['pending_new', 'new']);
      // A fill-or-kill or immediate order may find less shown than it asks for.
      if (timeInForce === 'day' || timeInForce === 'gtc') assert.equal(events.at(-1), 'fill');
    });

    test(`a limit order ${timeInForce} beyond the market fills at its limit or better`, async () => {
      const limitPrice = await priceAt('AAPL', 1.02);
      const order = await orders.limit({ symbol: 'AAPL', qty: 1, side: 'buy', limitPrice, timeInForce });
      const events = await told(order.id);
      assert.equal(events.at(-1), 'fill', events.join(' '));
      const { order: filled } = await recorder.update(order.id, 'fill');
      assert.ok(Number(filled.filledAvgPrice) <= Number(limitPrice));
      assert.equal(plainDecimal(filled.limitPrice ?? ''), plainDecimal(limitPrice));
    });

    test(`a limit order ${timeInForce} far from the market ${isPatient(timeInForce) ? 'rests' : 'ends at once'}`, async () => {
      const limitPrice = await priceAt('AAPL', 0.5);
      const order = await orders.limit({ symbol: 'AAPL', qty: 2, side: 'buy', limitPrice, timeInForce });
      if (isPatient(timeInForce)) {
        await recorder.update(order.id, 'new');
        assert.equal((await orders.getOrderByOrderID({ orderId: order.id ?? '' })).status, 'new');
        await orders.deleteOrderByOrderID({ orderId: order.id ?? '' });
      }
      const events = await told(order.id);
      assert.equal(events.at(-1), 'canceled');
      assert.equal((await orders.getOrderByOrderID({ orderId: order.id ?? '' })).filledQty, '0');
    });
  }

  for (const timeInForce of ['day', 'gtc'] as const) {
    test(`a stop, a stop limit and trailing stops ${timeInForce} are elected and fill`, async () => {
      const at = { symbol: 'MSFT', qty: 1, timeInForce } as const;
      // Beyond the market already: the next trade elects them.
      const stop = await orders.stop({ ...at, side: 'buy', stopPrice: await priceAt('MSFT', 0.99) });
      const stopLimit = await orders.stopLimit({
        ...at,
        side: 'buy',
        stopPrice: await priceAt('MSFT', 0.99),
        limitPrice: await priceAt('MSFT', 1.02),
      });
      const trailing = await orders.trailingStop({ ...at, side: 'buy', trailPrice: '0.01' });
      for (const { id } of [stop, stopLimit, trailing]) {
        const events = await told(id);
        assert.deepEqual([events[0], events[1], events.at(-1)], ['pending_new', 'new', 'fill']);
      }
      const percent = await orders.trailingStop({ ...at, side: 'sell', trailPercent: '5' });
      await recorder.update(percent.id, 'new');
      const trailed = await eventually('a high-water mark', async () => {
        const order = await orders.getOrderByOrderID({ orderId: percent.id ?? '' });
        return order.hwm != null && order.stopPrice != null ? order : undefined;
      });
      assert.ok(Number(trailed.stopPrice) < Number(trailed.hwm));
      assert.equal(plainDecimal(trailed.trailPercent ?? ''), '5');
      await orders.deleteOrderByOrderID({ orderId: percent.id ?? '' });
      assert.equal((await told(percent.id)).at(-1), 'canceled');
    });
  }

  test('coins trade as market, limit and stop limit orders, gtc and ioc, and not day', async () => {
    const at = { symbol: 'BTC/USD', side: 'buy', qty: '0.0125' } as const;
    const above = await priceAt('BTC/USD', 1.05);
    const below = await priceAt('BTC/USD', 0.95);
    const market = await orders.market({ ...at, timeInForce: 'gtc' });
    const limit = await orders.limit({ ...at, limitPrice: above, timeInForce: 'ioc' });
    const stopLimit = await orders.stopLimit({ ...at, stopPrice: below, limitPrice: above, timeInForce: 'gtc' });
    for (const { id } of [market, limit, stopLimit]) {
      assert.equal((await told(id)).at(-1), 'fill');
      const { order, qty } = await recorder.update(id, 'fill');
      assert.equal(order.assetClass, 'crypto');
      assert.ok(Number(qty) <= 0.0125);
      assert.equal(order.filledQty, '0.0125');
    }
    const day = await refusal(orders.market({ ...at, timeInForce: 'day' }));
    assert.equal(day.status, 422);
    assert.ok(day instanceof ValidationError);
  });

  test('a replace ends one order and begins another, and the two name each other', async () => {
    const limitPrice = await priceAt('AAPL', 0.5);
    const first = await orders.limit({ symbol: 'AAPL', qty: 4, side: 'buy', limitPrice, timeInForce: 'gtc' });
    await recorder.update(first.id, 'new');
    const changed = await priceAt('AAPL', 0.4);
    const second = await orders.patchOrderByOrderId({
      orderId: first.id ?? '',
      patchOrderRequest: { qty: '6', limitPrice: changed, timeInForce: 'day', clientOrderId: 'the second' },
    });
    assert.notEqual(second.id, first.id);
    const replaced = await recorder.update(first.id, 'replaced');
    await recorder.update(second.id, 'new');
    assert.equal(replaced.order.replacedBy, second.id);
    const now = await orders.getOrderByClientOrderId({ clientOrderId: 'the second' });
    assert.deepEqual([now.id, now.replaces, now.qty, now.timeInForce], [second.id, first.id, '6', 'day']);
    assert.equal(plainDecimal(now.limitPrice ?? ''), plainDecimal(changed));

    const again = await refusal(
      orders.patchOrderByOrderId({ orderId: first.id ?? '', patchOrderRequest: { qty: '1' } }),
    );
    assert.equal(again.status, 422);
    await orders.deleteOrderByOrderID({ orderId: second.id ?? '' });
    assert.equal((await told(second.id)).at(-1), 'canceled');
  });

  test('cancel all answers for each open order and leaves none', async () => {
    const limitPrice = await priceAt('MSFT', 0.5);
    const input = { symbol: 'MSFT', qty: 1, side: 'buy', limitPrice, timeInForce: 'gtc' } as const;
    const placed = await Promise.all(Array.from({ length: 5 }, () => orders.limit(input)));
    const open = await orders.getAllOrders({ status: 'open', symbols: ['MSFT'] });
    assert.deepEqual(ids(open), ids(placed));
    const answered = await orders.deleteAllOrders();
    assert.deepEqual(ids(answered), ids(placed));
    for (const { status } of answered) assert.equal(status, 200);
    for (const { id } of placed) assert.equal((await told(id)).at(-1), 'canceled');
    assert.deepEqual(await orders.getAllOrders({ status: 'open' }), []);
    assert.deepEqual(await orders.deleteAllOrders(), []);
  });

  test('listings give what they are asked for', async () => {
    const all = await orders.getAllOrders({ status: 'all', limit: 500, direction: 'asc' });
    const times = all.map(({ submittedAt }) => submittedAt?.getTime() ?? 0);
    assert.ok(all.length >= 20 && times.every((time, at) => at === 0 || time >= (times[at - 1] ?? 0)));
    const coins = await orders.getAllOrders({ status: 'all', assetClass: ['crypto'] });
    assert.ok(coins.length === 3 && coins.every(({ symbol }) => symbol === 'BTC/USD'));
    const sells = await orders.getAllOrders({ status: 'closed', side: 'sell', symbols: 'AAPL,MSFT' });
    assert.ok(sells.length > 0 && sells.every(({ side, symbol }) => side === 'sell' && symbol !== 'BTC/USD'));
    const [newest] = await orders.getAllOrders({ status: 'all', limit: 1 });
    assert.equal(newest?.id, all.at(-1)?.id);
  });

  test('what is refused arrives as the typed error of its status, with the code and a text', async () => {
    const buy = { symbol: 'AAPL', qty: 1, side: 'buy' } as const;
    const limitPrice = await priceAt('AAPL', 0.5);
    await orders.limit({ ...buy, limitPrice, timeInForce: 'day', clientOrderId: 'twice' });
    const cases: [string, () => Promise<unknown>, typeof ApiError, number, number | undefined, RegExp][] = [
      [
        'a duplicate',
        () => orders.market({ ...buy, clientOrderId: 'twice' }),
        ValidationError,
        422,
        40010001,
        /client_order_id must be unique/,
      ],
      [
        'no buying power',
        () => orders.market({ ...buy, qty: 100_000 }),
        PermissionError,
        403,
        40310000,
        /insufficient buying power/,
      ],
      [
        'a sub-penny price',
        () => orders.limit({ ...buy, limitPrice: '100.001' }),
        ValidationError,
        422,
        42210000,
        /sub-penny/,
      ],
      [
        'an unknown symbol',
        () => orders.market({ ...buy, symbol: 'NOSUCH' }),
        ValidationError,
        422,
        undefined,
        /NOSUCH/,
      ],
      ['no quantity', () => orders.market({ ...buy, qty: '0' }), ValidationError, 422, undefined, /qty/],
      [
        'a stop without its price',
        () => orders.submit({ ...buy, type: 'stop' }),
        ValidationError,
        422,
        undefined,
        /stop/,
      ],
      [
        'a bracket',
        () => orders.bracket({ ...buy, takeProfit: { limitPrice: 900 }, stopLoss: { stopPrice: 1 } }),
        PermissionError,
        403,
        40310000,
        /bracket/,
      ],
      ['an unknown order', () => orders.getOrderByOrderID({ orderId: NOBODY }), NotFoundError, 404, 40410000, /order/],
      ['a cancel of it', () => orders.deleteOrderByOrderID({ orderId: NOBODY }), NotFoundError, 404, 40410000, /order/],
      [
        'an unknown name',
        () => orders.getOrderByClientOrderId({ clientOrderId: 'nobody' }),
        NotFoundError,
        404,
        40410000,
        /order/,
      ],
    ];
    for (const [what, request, type, status, code, text] of cases) {
      const error = await refusal(request());
      assert.ok(error instanceof type, `${what}: ${error.name}`);
      assert.equal(error.status, status, what);
      if (code !== undefined) assert.equal(error.code, code, what);
      assert.equal(typeof error.code, 'number', what);
      assert.match(error.message, text, what);
    }
    await orders.deleteAllOrders();
  });

  test('submit and wait comes back with the filled order', async () => {
    const input = { type: 'market', symbol: 'AAPL', qty: 1, side: 'sell' } as const;
    const order = await alpaca.trading.submitAndWait(input, { stream: recorder.stream, timeoutMs: 20_000 });
    assert.equal(order.status, 'filled');
    assert.equal(order.filledQty, '1');
  });

  test('no execution is told twice and the stream reported no error', () => {
    const executions = recorder.executions().map(({ id }) => id);
    assert.equal(new Set(executions).size, executions.length);
    assert.deepEqual(recorder.errors, []);
  });
});

const NOBODY = '00000000-0000-4000-8000-000000000000';

function isPatient(timeInForce: trading.TimeInForce): boolean {
  return timeInForce === 'day' || timeInForce === 'gtc';
}

function ids(orders: readonly { readonly id?: string }[]): string[] {
  return orders.map(({ id }) => id ?? '').sort();
}

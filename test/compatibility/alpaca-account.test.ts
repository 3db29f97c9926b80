import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import {
  type Alpaca,
  NotFoundError,
  PermissionError,
  RateLimitError,
  trading,
  ValidationError,
  withResponse,
} from '@alpacahq/alpaca-trade-api';
import { eventually } from '@tickpath/testkit';
import { alpacaAt, plainDecimal, UpdateRecorder } from './alpaca-sdk.ts';
import { SYMBOLS, VenueUnderTest } from './venue-under-test.ts';

/** The type of an activity that is an execution. */
const FILL = 'FILL' as const;
const DECIMAL = /^-?\d+(\.\d+)?$/;
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

describe('the official SDK reads the account and closes positions', { timeout: 180_000 }, () => {
  let venue: VenueUnderTest;
  let alpaca: Alpaca;
  let positions: Alpaca['trading']['positions'];
  let recorder: UpdateRecorder;

  before(async () => {
    venue = await VenueUnderTest.start({
      'synthetic.symbols': SYMBOLS,
      'synthetic.ticksPerSecond': 50,
      'fees.perShareUsd': '0.005',
    });
    alpaca = alpacaAt(venue);
    positions = alpaca.trading.positions;
    recorder = await UpdateRecorder.open(alpaca, venue);
    for (const { symbol } of SYMBOLS) await buy(symbol, symbol.includes('/') ? '0.5' : '20');
  });
  after(async () => {
    recorder?.close();
    await venue?.stop();
  });

  /** Ends when it is filled. */
  async function buy(symbol: string, qty: string): Promise<void> {
    const { id } = await alpaca.trading.orders.market({ symbol, qty, side: 'buy', timeInForce: 'gtc' });
    await recorder.update(id, 'fill');
  }

  async function held(symbol: string): Promise<string | undefined> {
    const all = await positions.getAllOpenPositions();
    return all.find((position) => position.symbol === symbol || position.symbol === symbol.replace('/', ''))?.qty;
  }

  test('positions are listed and found by symbol, by pair and by asset id', async () => {
    const all = await positions.getAllOpenPositions();
    assert.equal(all.length, 3);
    for (const position of all) {
      assert.ok(trading.instanceOfPosition(position));
      assert.equal(position.side, 'long');
      const { qty, qtyAvailable, avgEntryPrice, marketValue, costBasis, unrealizedPl, currentPrice } = position;
      for (const text of [qty, qtyAvailable, avgEntryPrice, marketValue, costBasis, unrealizedPl, currentPrice]) {
        assert.match(text ?? '', DECIMAL);
      }
      assert.equal(Math.abs(Number(marketValue) - Number(qty) * Number(currentPrice)) < 0.01, true);
      const same = await positions.getOpenPosition({ symbolOrAssetId: position.assetId });
      assert.equal(same.symbol, position.symbol);
    }
    const coin = await positions.getOpenPosition({ symbolOrAssetId: 'BTC/USD' });
    assert.equal(coin.assetClass, 'crypto');
    assert.equal((await positions.getOpenPosition({ symbolOrAssetId: 'BTCUSD' })).assetId, coin.assetId);
    const missing = await positions.getOpenPosition({ symbolOrAssetId: 'SPY' }).catch((error: unknown) => error);
    assert.ok(missing instanceof NotFoundError);
    assert.equal(missing.code, 40410000);
  });

  test('the account adds up', async () => {
    const account = await alpaca.trading.account.getAccount();
    const values = (await positions.getAllOpenPositions()).map(({ marketValue }) => Number(marketValue));
    const long = values.reduce((sum, value) => sum + value, 0);
    assert.match(account.id, UUID);
    assert.deepEqual([account.status, account.currency, account.multiplier], ['ACTIVE', 'USD', '4']);
    assert.ok(Math.abs(Number(account.longMarketValue) - long) < long * 0.05);
    assert.ok(Math.abs(Number(account.equity) - Number(account.cash) - Number(account.longMarketValue)) < 0.02);
    assert.ok(Number(account.cash) < 1_000_000 && Number(account.buyingPower) > Number(account.cash));
    for (const flag of [account.tradingBlocked, account.transfersBlocked, account.accountBlocked])
      assert.equal(flag, false);
    assert.equal(account.shortingEnabled, true);
    assert.ok(account.createdAt !== undefined && !Number.isNaN(account.createdAt.getTime()));
  });

  test('a position is closed in part by quantity and by percentage, and whole', async () => {
    const byQty = await positions.deleteOpenPosition({ symbolOrAssetId: 'AAPL', qty: 5 });
    assert.deepEqual([byQty.side, byQty.qty, byQty.type, byQty.symbol], ['sell', '5', 'market', 'AAPL']);
    await recorder.update(byQty.id, 'fill');
    assert.equal(await held('AAPL'), '15');
    const byShare = await positions.deleteOpenPosition({ symbolOrAssetId: 'AAPL', percentage: 40 });
    assert.equal(plainDecimal(byShare.qty ?? ''), '6');
    await recorder.update(byShare.id, 'fill');
    assert.equal(await held('AAPL'), '9');
    const whole = await positions.deleteOpenPosition({ symbolOrAssetId: 'AAPL' });
    const { positionQty } = await recorder.update(whole.id, 'fill');
    assert.deepEqual([whole.qty, positionQty], ['9', '0']);
    const gone = await positions.deleteOpenPosition({ symbolOrAssetId: 'AAPL' }).catch((error: unknown) => error);
    assert.ok(gone instanceof NotFoundError);
    const both = positions.deleteOpenPosition({ symbolOrAssetId: 'MSFT', qty: 1, percentage: 10 });
    assert.ok((await both.catch((error: unknown) => error)) instanceof ValidationError);
    const tooMuch = positions.deleteOpenPosition({ symbolOrAssetId: 'MSFT', percentage: 101 });
    assert.ok((await tooMuch.catch((error: unknown) => error)) instanceof ValidationError);
  });

  test('close all cancels the open orders, sells what is held, and answers for each position', async () => {
    const limit = { symbol: 'MSFT', qty: 3, side: 'sell', limitPrice: '4000', timeInForce: 'gtc' } as const;
    const resting = await alpaca.trading.orders.limit(limit);
    await recorder.update(resting.id, 'new');
    assert.equal((await positions.getOpenPosition({ symbolOrAssetId: 'MSFT' })).qtyAvailable, '17');
    const closed = await alpaca.trading.closeAllPositions({ cancelOrders: true });
    assert.deepEqual(closed.map(({ symbol }) => symbol.replace('/', '')).sort(), ['BTCUSD', 'MSFT']);
    await recorder.update(resting.id, 'canceled');
    for (const { status, body } of closed) {
      assert.equal(status, 200);
      assert.equal(body?.side, 'sell');
      await recorder.update(body?.id, 'fill');
    }
    assert.deepEqual(await positions.getAllOpenPositions(), []);
    assert.deepEqual(await alpaca.trading.closeAllPositions(), []);
    const { cash, equity } = await alpaca.trading.account.getAccount();
    assert.equal(plainDecimal(cash ?? ''), plainDecimal(equity ?? ''));
  });

  test('a share is sold short and bought back, a coin is not, and no order crosses zero', async () => {
    const { orders } = alpaca.trading;
    const sold = await orders.market({ symbol: 'AAPL', qty: 8, side: 'sell' });
    const { order, positionQty } = await recorder.update(sold.id, 'fill');
    assert.deepEqual([order.positionIntent, positionQty], ['sell_to_open', '-8']);
    const short = await positions.getOpenPosition({ symbolOrAssetId: 'AAPL' });
    assert.deepEqual([short.side, short.qty], ['short', '-8']);
    assert.ok(Number(short.marketValue) < 0 && Number(short.costBasis) < 0);
    const { shortMarketValue } = await alpaca.trading.account.getAccount();
    assert.ok(Number(shortMarketValue) < 0, shortMarketValue);

    const crossing = await orders.market({ symbol: 'AAPL', qty: 9, side: 'buy' }).catch((error: unknown) => error);
    assert.ok(crossing instanceof PermissionError, String(crossing));
    assert.equal(crossing.code, 40310000);
    assert.match(crossing.message, /insufficient qty available for order \(requested: 9, available: 8\)/);
    const coin = { symbol: 'BTC/USD', qty: '0.1', side: 'sell', timeInForce: 'gtc' } as const;
    const uncovered = await orders.market(coin).catch((error: unknown) => error);
    assert.ok(uncovered instanceof PermissionError, String(uncovered));

    const { id, side, qty } = await positions.deleteOpenPosition({ symbolOrAssetId: short.assetId });
    assert.deepEqual([side, qty], ['buy', '8']);
    assert.equal((await recorder.update(id, 'fill')).positionQty, '0');
  });

  test('the pages of activities hold every execution of the stream once', async () => {
    const executions = recorder.executions();
    for (const direction of ['asc', 'desc'] as const) {
      const found: { order: string; qty: string; price: string }[] = [];
      const pages = alpaca.trading.iterateActivities({ activityTypes: [FILL], pageSize: 2, direction });
      for await (const { orderId = '', qty = '', price = '', activityType } of pages) {
        assert.equal(activityType, FILL);
        found.push({ order: orderId, qty, price });
      }
      if (direction === 'desc') found.reverse();
      const told = executions.map(({ orderId, qty, price }) => ({ order: orderId, qty, price }));
      assert.deepEqual(found.map(plainly), told.map(plainly), direction);
    }
    const lately = { after: new Date(Date.now() - 3_600_000), activityTypes: [FILL], pageSize: 100 };
    assert.equal((await alpaca.trading.collectActivities(lately)).length, executions.length);
    const later = { ...lately, after: new Date(Date.now() + 3_600_000) };
    assert.deepEqual(await alpaca.trading.collectActivities(later), []);
    const byType = await alpaca.trading.collectActivitiesByType({ activityType: FILL, pageSize: 5 });
    assert.equal(byType.length, executions.length);
    const fees = await alpaca.trading.collectActivities({ activityTypes: ['FEE'], pageSize: 3 });
    assert.ok(fees.length > 0, 'a commission leaves an activity of its own');
    for (const { activityType, netAmount } of fees) {
      assert.equal(activityType, 'FEE');
      assert.ok(Number(netAmount) < 0, netAmount);
    }
  });

  test('assets are listed, filtered and found', async () => {
    const { assets } = alpaca.trading;
    const all = await assets.getV2Assets();
    assert.deepEqual(all.map(({ symbol }) => symbol).sort(), ['AAPL', 'BTC/USD', 'MSFT']);
    const shares = await assets.getV2Assets({ status: 'active', assetClass: 'us_equity' });
    assert.deepEqual(shares.map(({ symbol }) => symbol).sort(), ['AAPL', 'MSFT']);
    assert.ok(all.every((asset) => trading.instanceOfAssets(asset)));
    for (const { id, symbol, tradable, _class: assetClass, minOrderSize, fractionable, name } of all) {
      assert.match(id, UUID);
      assert.deepEqual([tradable, typeof fractionable, typeof name], [true, 'boolean', 'string']);
      assert.equal(assetClass === 'crypto', minOrderSize !== undefined);
      assert.equal((await assets.getV2AssetsSymbolOrAssetId({ symbolOrAssetId: symbol })).id, id);
      assert.equal((await assets.getV2AssetsSymbolOrAssetId({ symbolOrAssetId: id })).symbol, symbol);
    }
    const missing = await assets
      .getV2AssetsSymbolOrAssetId({ symbolOrAssetId: 'NOSUCH' })
      .catch((error: unknown) => error);
    assert.ok(missing instanceof NotFoundError);
  });

  test('the clock and the calendar read as days and times', async () => {
    const clock = await alpaca.trading.clock.legacyClock();
    assert.ok(trading.instanceOfLegacyClock(clock));
    assert.equal(clock.isOpen, true);
    assert.ok(Math.abs(clock.timestamp.getTime() - Date.now()) < 60_000);
    assert.ok(clock.nextClose > clock.timestamp && clock.nextOpen > clock.timestamp);
    const days = await alpaca.trading.calendar.legacyCalendar({
      start: new Date('2026-11-23T00:00:00Z'),
      end: new Date('2026-11-30T00:00:00Z'),
    });
    const read = days.map(({ date, open, close, sessionOpen, sessionClose }) => [
      date.toISOString().slice(0, 10),
      ...[open, close, sessionOpen, sessionClose],
    ]);
    assert.ok(days.every((day) => trading.instanceOfLegacyCalendarDay(day)));
    const whole = ['09:30', '16:00', '0400', '2000'];
    assert.deepEqual(read, [
      ['2026-11-23', ...whole],
      ['2026-11-24', ...whole],
      ['2026-11-25', ...whole],
      ['2026-11-27', '09:30', '13:00', '0400', '1700'],
      ['2026-11-30', ...whole],
    ]);
    for (const { settlementDate, date } of days) assert.ok(settlementDate > date);

    const { clocks } = await alpaca.trading.clock.clock({ markets: 'NYSE' });
    const [newYork] = clocks;
    assert.ok(newYork !== undefined && clocks.length === 1 && trading.instanceOfClock(newYork));
    assert.ok(newYork.nextMarketOpen > newYork.timestamp && newYork.nextMarketClose > newYork.timestamp);
    const start = new Date('2026-11-27T00:00:00Z');
    const { calendar } = await alpaca.trading.calendar.calendar({ market: 'NYSE', start, end: start });
    const sessions = calendar.map(({ coreStart, coreEnd }) => [coreStart.toISOString(), coreEnd.toISOString()]);
    assert.deepEqual(sessions, [['2026-11-27T14:30:00.000Z', '2026-11-27T18:00:00.000Z']]);
  });
});

function plainly(execution: { order: string; qty: string; price: string }): string[] {
  return [execution.order, plainDecimal(execution.qty), plainDecimal(execution.price)];
}

test('requests beyond the limit of a minute come back as the SDK knows them', { timeout: 60_000 }, async (t) => {
  const limit = 30;
  const venue = await VenueUnderTest.start({ requestsPerMinute: limit });
  t.after(() => venue.stop());
  const alpaca = alpacaAt(venue, { retry: false });
  const first = await withResponse(alpaca.trading.account.getAccountRaw());
  assert.equal(first.rateLimit?.limit, limit);
  const outcomes = await Promise.all(
    Array.from({ length: 2 * limit }, () => alpaca.trading.account.getAccount().catch((error: unknown) => error)),
  );
  const refused = outcomes.filter((outcome) => outcome instanceof RateLimitError);
  assert.ok(refused.length >= limit - 1, `${refused.length} refused`);
  for (const { status, code, message, rateLimit, retryAfterMs } of refused) {
    assert.deepEqual([status, code, rateLimit?.limit, rateLimit?.remaining], [429, 42910000, limit, 0]);
    assert.match(message, /too many requests/);
    assert.ok(retryAfterMs !== undefined && retryAfterMs <= 61_000, String(retryAfterMs));
    assert.ok(rateLimit?.reset !== undefined && Math.abs(rateLimit.reset.getTime() - Date.now()) <= 61_000);
  }
  // The default policy asks twice more and then gives up: no storm, and the same error.
  const retried: number[] = [];
  const patient = alpacaAt(venue, { retry: { maxDelayMs: 100, onRetry: ({ attempt }) => retried.push(attempt) } });
  const error = await patient.trading.account.getAccount().catch((reason: unknown) => reason);
  assert.ok(error instanceof RateLimitError);
  assert.deepEqual(retried, [1, 2]);
  await eventually('the venue still runs', () => venue.process.running || undefined);
});

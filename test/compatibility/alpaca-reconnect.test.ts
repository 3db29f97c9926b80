import assert from 'node:assert/strict';
import { test } from 'node:test';
import { streaming } from '@alpacahq/alpaca-trade-api';
import { eventually } from '@tickpath/testkit';
import { alpacaAt, MarketRecorder, UpdateRecorder } from './alpaca-sdk.ts';
import { SYMBOLS, VenueUnderTest } from './venue-under-test.ts';

test('after the venue was killed and came back the SDK goes on by itself, and its orders are there', {
  timeout: 120_000,
}, async (t) => {
  const venue = await VenueUnderTest.start({ 'synthetic.symbols': SYMBOLS });
  t.after(() => venue.stop());
  const alpaca = alpacaAt(venue);
  const { orders } = alpaca.trading;
  const recorder = await UpdateRecorder.open(alpaca, venue);
  t.after(() => recorder.close());
  const stream = alpaca.marketData.stockStream({ url: `${venue.socketUrl}/v2/iex` });
  const market = new MarketRecorder(stream);
  const reconnected: string[] = [];
  stream.on(streaming.EVENT.RECONNECTED, () => reconnected.push('market'));
  recorder.stream.on(streaming.EVENT.RECONNECTED, () => reconnected.push('updates'));
  stream.subscribeForTrades(['AAPL']);
  stream.subscribeForQuotes(['MSFT']);
  stream.connect();
  t.after(() => stream.disconnect());
  await eventually('a trade', () => market.trades.length > 0 || undefined);
  const bought = await orders.market({ symbol: 'AAPL', qty: 2, side: 'buy' });
  await recorder.update(bought.id, 'fill');
  const limit = { symbol: 'AAPL', qty: 1, side: 'buy', limitPrice: '20', timeInForce: 'gtc' } as const;
  const resting = await orders.limit({ ...limit, clientOrderId: 'it stays' });
  await recorder.update(resting.id, 'new');

  await venue.restart();
  await eventually('both streams again', () => reconnected.length === 2 || undefined, 60_000);
  const [trades, quotes] = [market.trades.length, market.quotes.length];
  await eventually('more of both', () => (market.trades.length > trades && market.quotes.length > quotes) || undefined);
  assert.deepEqual([...new Set(market.trades.map(({ symbol }) => symbol))], ['AAPL']);

  const again = await orders.limit({ ...limit, clientOrderId: 'it stays' }).catch((error: Error) => error.message);
  assert.match(String(again), /client_order_id must be unique/);
  const kept = await orders.getOrderByClientOrderId({ clientOrderId: 'it stays' });
  assert.deepEqual([kept.id, kept.status], [resting.id, 'new']);
  assert.equal((await alpaca.trading.positions.getOpenPosition({ symbolOrAssetId: 'AAPL' })).qty, '2');
  const [told] = recorder.executions();
  const activities = await alpaca.trading.collectActivities({ activityTypes: ['FILL'], pageSize: 10 });
  assert.deepEqual([activities[0]?.orderId, activities[0]?.price], [bought.id, told?.price]);
  await orders.deleteAllOrders();
  await recorder.update(resting.id, 'canceled');
  assert.equal(recorder.events(resting.id).filter((event) => event === 'new').length, 1, 'nothing is told twice');
});

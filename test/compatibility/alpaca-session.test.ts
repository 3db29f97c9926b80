import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { Alpaca } from '@alpacahq/alpaca-trade-api';
import { eventually } from '@tickpath/testkit';
import { alpacaAt, MarketRecorder, UpdateRecorder } from './alpaca-sdk.ts';
import { VenueUnderTest } from './venue-under-test.ts';

const HEADER = 'type,symbol,timestamp_ns,id,price,size,bid_price,bid_size,ask_price,ask_size,exchange,conditions,tape';
const EVERY_MS = 50;

interface Session {
  readonly alpaca: Alpaca;
  readonly recorder: UpdateRecorder;
  readonly market: MarketRecorder;
}

/** A tape of some seconds around a moment of the trading day, AAPL at 99.99 to 100.01 all the while, played as it was recorded. */
async function sessionAround(t: TestContext, moment: string, beforeMs: number): Promise<Session> {
  const dir = mkdtempSync(join(tmpdir(), 'tickpath-tape-'));
  t.after(() => rmSync(dir, { recursive: true }));
  const file = join(dir, 'around.csv');
  const middleMs = Date.parse(moment);
  const rows: string[] = [HEADER];
  for (let ms = middleMs - beforeMs; ms <= middleMs + 4000; ms += EVERY_MS) {
    rows.push(`quote,AAPL,${ms}000000,,,,99.99,300,100.01,300,Q,R,C`);
    rows.push(`trade,AAPL,${ms}500000,${rows.length},100,10,,,,,Q,@,C`);
  }
  writeFileSync(file, `${rows.join('\n')}\n`);
  const venue = await VenueUnderTest.start({
    source: 'replay',
    'replay.files': file,
    'replay.pace': 1,
    hours: 'us-equities',
  });
  t.after(() => venue.stop());
  const alpaca = alpacaAt(venue);
  const recorder = await UpdateRecorder.open(alpaca, venue);
  t.after(() => recorder.close());
  const stream = alpaca.marketData.stockStream({ url: `${venue.socketUrl}/v2/sip` });
  const market = new MarketRecorder(stream);
  stream.subscribeForQuotes(['AAPL']);
  stream.connect();
  t.after(() => stream.disconnect());
  await eventually('the first quotes', () => market.quotes.length > 2 || undefined);
  return { alpaca, recorder, market };
}

const LIMIT = { symbol: 'AAPL', qty: 1, side: 'buy', limitPrice: '90' } as const;

test('at the close day orders expire, good-till-canceled ones are done for the day, and later ones wait', {
  timeout: 90_000,
}, async (t) => {
  const { alpaca, recorder, market } = await sessionAround(t, '2026-03-02T21:00:00Z', 6000);
  const { orders } = alpaca.trading;
  assert.equal((await alpaca.trading.clock.legacyClock()).isOpen, true);
  const day = await orders.limit({ ...LIMIT, timeInForce: 'day' });
  const patient = await orders.limit({ ...LIMIT, timeInForce: 'gtc' });
  const extended = await orders.limit({ ...LIMIT, timeInForce: 'day', extendedHours: true });
  assert.equal(day.expiresAt?.toISOString(), '2026-03-02T21:00:00.000Z');
  for (const { id } of [day, patient, extended]) await recorder.update(id, 'new');

  const { order } = await recorder.update(day.id, 'expired');
  assert.deepEqual([order.status, order.expiredAt?.toISOString()], ['expired', '2026-03-02T21:00:00.000Z']);
  assert.equal((await recorder.update(patient.id, 'done_for_day')).order.status, 'done_for_day');
  assert.equal((await alpaca.trading.clock.legacyClock()).isOpen, false);
  assert.equal((await orders.getOrderByOrderID({ orderId: extended.id ?? '' })).status, 'new');

  const waiting = await orders.market({ symbol: 'AAPL', qty: 1, side: 'buy' });
  assert.equal((await recorder.update(waiting.id, 'accepted')).order.status, 'accepted');
  const late = await orders.limit({ ...LIMIT, limitPrice: '101', timeInForce: 'day', extendedHours: true });
  assert.equal((await recorder.update(late.id, 'fill')).price, '100.01');
  assert.deepEqual(recorder.events(waiting.id), ['pending_new', 'accepted']);
  await orders.deleteOrderByOrderID({ orderId: waiting.id ?? '' });
  await recorder.update(waiting.id, 'canceled');
  assert.deepEqual([...recorder.errors, ...market.errors], []);
});

test('an order sent before the open is accepted, and in the market when it opens', { timeout: 90_000 }, async (t) => {
  const { alpaca, recorder } = await sessionAround(t, '2026-03-02T14:30:00Z', 4000);
  const { orders } = alpaca.trading;
  const early = await orders.market({ symbol: 'AAPL', qty: 1, side: 'buy' });
  await recorder.update(early.id, 'accepted');
  const { timestamp } = await recorder.update(early.id, 'new');
  assert.equal(timestamp?.toISOString(), '2026-03-02T14:30:00.000Z');
  await recorder.update(early.id, 'fill');
  assert.deepEqual(recorder.events(early.id), ['pending_new', 'accepted', 'new', 'fill']);
});

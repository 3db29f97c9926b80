import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { SourceEvent } from '../src/core/market/event.ts';
import type { Tape } from '../src/tape/tape.ts';
import { anOrder, aQuote, aTrade, eventually } from './builders.ts';
import { dataFolder } from './test-book.ts';
import { startVenue, type TestVenue } from './venue-harness.ts';

const SECOND = 1_000_000_000n;
/** 2013-10-07, 09:30 in New York. */
const OPEN_NS = BigInt(Date.UTC(2013, 9, 7, 13, 30)) * 1_000_000n;

/** A quote, then a trade every second: at 100, 101, … 139, ten shares each. */
function risingTape(): Tape {
  const trades: SourceEvent[] = Array.from({ length: 40 }, (_, i) =>
    aTrade({ id: i, px: String(100 + i), sz: '10', tsNs: OPEN_NS + BigInt(i + 1) * SECOND }),
  );
  const events = [aQuote({ tsNs: OPEN_NS, bidPx: '99', askPx: '200' }), ...trades];
  return {
    ...{ files: [], sourceId: 'rising', firstNs: OPEN_NS },
    async *batches() {
      yield events;
    },
    close: async () => {},
  };
}

async function seek(venue: TestVenue, to: string): Promise<void> {
  const { status, text } = await venue.request('POST', '/tickpath/v1/tape', { action: 'seek', to });
  assert.equal(status, 200, text);
}

/** Mark and stop of a trailing stop that is sent now. */
function trailing(venue: TestVenue): readonly unknown[] {
  const sent = venue.exchange.submit(
    anOrder({ side: 'sell', type: 'trailing_stop', qty: '1', trail: { by: 'price', px: 5_000_000 } }),
  );
  assert.ok(sent.ok);
  const order = venue.exchange.order(sent.order.orderId);
  venue.exchange.cancel(sent.order.orderId);
  return [order?.hwmPx, order?.stopPx].map((px) => (px == null ? null : px / 1_000_000));
}

const currentPrice = async (venue: TestVenue) =>
  (await venue.request('GET', '/v2/positions/AAPL')).body.current_price as string;

test('where a tape has been moved to, the last price is the one there, and none before the first trade', async () => {
  await using venue = await startVenue({ tape: risingTape() });
  await venue.subscriber();
  await venue.request('POST', '/tickpath/v1/tape', { action: 'pace', pace: 'max' });
  await eventually('the end', () => venue.feed?.state() === 'ended');
  assert.ok(venue.exchange.submit(anOrder({ qty: '1' })).ok);
  await venue.request('POST', '/tickpath/v1/tape', { action: 'pause' });
  await seek(venue, '2013-10-07T13:30:20.5Z');
  assert.deepEqual(trailing(venue), [119, 114]);
  assert.equal(await currentPrice(venue), '119');
  await seek(venue, '2013-10-07T13:30:00.5Z');
  assert.deepEqual(trailing(venue), [null, null]);
});

test('the last price and the volume traded are the same after a restart', async () => {
  const dataDir = dataFolder();
  const slippage = { model: 'square-root', bps: 100 } as const;
  const start = () => startVenue({ tape: risingTape(), dataDir, resume: true, rules: { slippage } });
  {
    await using venue = await start();
    await seek(venue, '2013-10-07T13:30:00.5Z');
    assert.ok(venue.exchange.submit(anOrder({ qty: '1' })).ok);
    await seek(venue, '2013-10-07T13:30:20.5Z');
    assert.equal(await currentPrice(venue), '119');
  }
  await using venue = await start();
  await eventually('the place', () => venue.feed?.nowNs() === OPEN_NS + (41n * SECOND) / 2n);
  assert.equal(await currentPrice(venue), '119');
  assert.deepEqual(trailing(venue), [119, 114]);
  // Two of two hundred shares traded: a tenth of the basis points on the ask of 200.
  const bought = venue.exchange.submit(anOrder({ qty: '2' }));
  assert.ok(bought.ok);
  assert.equal(venue.exchange.state().fills.at(-1)?.lastPx, 200_200_000);
});

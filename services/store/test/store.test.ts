import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Envelope, Kind, Payload } from '@tickpath/wire';
import fc from 'fast-check';
import { beginRun, ingest, lastBars, noteLoss, openStore, type StoreState, streamCounts } from '../src/core/index.ts';
import './seed.ts';

const LIMITS = { tradesPerSymbol: 3, quotesPerSymbol: 2, barsPerSymbol: 4 };
const SECOND_NS = 1_000_000_000n;

function take<K extends Kind>(state: StoreState, topic: string, kind: K, payload: Payload<K>): void {
  const header = { source: 'market-data', epoch: 1, seq: 1, tsNs: 0n, traceparent: null };
  ingest(state, topic, { ...header, kind, payload } as unknown as Envelope);
}

function takeBar(
  state: StoreState,
  symbol: string,
  second: number,
  { interval = '1s', ...fields }: Partial<Payload<'bar'>> = {},
): void {
  const prices = { open: '1', high: '1', low: '1', close: `${second + 1}` };
  const published = {
    receivedNs: 7n,
    decodedNs: 8n,
    endNs: null,
    revision: null,
    withdrawn: null,
    incomplete: null,
    history: null,
  };
  const bar = { interval, startNs: BigInt(second) * SECOND_NS, ...prices, volume: '1', tradeCount: 1 };
  take(state, `${symbol}/bar.${interval}`, 'bar', { ...bar, ...published, ...fields });
}

function takeTrade(state: StoreState, symbol: string, tradeId: string): void {
  const stamps = { venueTsNs: 1n, receivedNs: 2n, decodedNs: 3n };
  const payload = {
    price: '1',
    size: '1',
    tradeId,
    exchange: '',
    conditions: [],
    tape: '',
    ...stamps,
    takerSide: null,
    flags: [],
  };
  take(state, `${symbol}/trade`, 'trade', payload);
}

const startsOf = (bars: readonly { startNs: bigint }[]) => bars.map(({ startNs }) => Number(startNs / SECOND_NS));

test('the newest bars come oldest first, of the symbol and interval asked for', () => {
  const state = openStore(LIMITS);
  for (const second of [1, 2, 3]) takeBar(state, 'IBM', second);
  takeBar(state, 'IBM', 60, { interval: '1m' });
  takeBar(state, 'SPY', 9);
  assert.deepEqual(startsOf(lastBars(state, 'IBM', '1s', 2)), [2, 3]);
  assert.deepEqual(startsOf(lastBars(state, 'IBM', '1s', 100)), [1, 2, 3]);
  assert.deepEqual(startsOf(lastBars(state, 'IBM', '1m', 5)), [60]);
  assert.deepEqual(lastBars(state, 'IBM', '1s', 0), []);
  assert.deepEqual(lastBars(state, 'MSFT', '1s', 5), []);
});

test('a revised bar takes the place of the one before, and a withdrawn one is gone', () => {
  const state = openStore(LIMITS);
  for (const second of [1, 2, 3]) takeBar(state, 'IBM', second);
  takeBar(state, 'IBM', 2, { close: '9', revision: 1 });
  takeBar(state, 'IBM', 1, { withdrawn: true, revision: 1 });
  assert.deepEqual(
    lastBars(state, 'IBM', '1s', 5).map(({ close }) => close),
    ['9', '4'],
  );
});

test("a stored bar is the bar alone, without market-data's stamps", () => {
  const state = openStore(LIMITS);
  takeBar(state, 'IBM', 1);
  assert.deepEqual(Object.keys(lastBars(state, 'IBM', '1s', 1)[0] ?? {}), [
    'interval',
    'startNs',
    'open',
    'high',
    'low',
    'close',
    'volume',
    'tradeCount',
    'incomplete',
    'history',
  ]);
});

test('a stored bar says whether it is incomplete or of history', () => {
  const state = openStore(LIMITS);
  takeBar(state, 'IBM', 1, { history: true });
  takeBar(state, 'IBM', 2, { incomplete: true });
  takeBar(state, 'IBM', 3);
  const doubts = lastBars(state, 'IBM', '1s', 3).map(({ incomplete, history }) => [incomplete, history]);
  assert.deepEqual(doubts, [
    [null, true],
    [true, null],
    [null, null],
  ]);
});

test('each symbol keeps as much as its limits say, and no symbol pushes out another', () => {
  const seconds = fc.array(fc.tuple(fc.constantFrom('IBM', 'SPY'), fc.boolean()), { maxLength: 30 });
  fc.assert(
    fc.property(seconds, (items) => {
      const state = openStore(LIMITS);
      const bars: Record<string, number[]> = { IBM: [], SPY: [] };
      const trades: Record<string, string[]> = { IBM: [], SPY: [] };
      for (const [i, [symbol, isBar]] of items.entries()) {
        if (isBar) takeBar(state, symbol, i);
        else takeTrade(state, symbol, `${i}`);
        if (isBar) bars[symbol]?.push(i);
        else trades[symbol]?.push(`${i}`);
      }
      for (const symbol of ['IBM', 'SPY']) {
        assert.deepEqual(startsOf(lastBars(state, symbol, '1s', 100)), bars[symbol]?.slice(-LIMITS.barsPerSymbol));
        const kept = state.symbols
          .get(symbol)
          ?.trades.last(100)
          .map(({ tradeId }) => tradeId);
        assert.deepEqual(kept ?? [], trades[symbol]?.slice(-LIMITS.tradesPerSymbol));
      }
    }),
  );
});

test('every message is counted by topic, also those that are not kept', () => {
  const state = openStore(LIMITS);
  for (const second of [1, 2]) takeBar(state, 'IBM', second);
  takeTrade(state, 'IBM', '1');
  take(state, '$hb', 'heartbeat', { run: 'r', pace: 'live', position: 0, topics: [] });
  assert.deepEqual(streamCounts(state), [
    { topic: 'IBM/bar.1s', received: 2, gaps: 0, lost: 0 },
    { topic: 'IBM/trade', received: 1, gaps: 0, lost: 0 },
    { topic: '$hb', received: 1, gaps: 0, lost: 0 },
  ]);
  assert.deepEqual([...state.symbols.keys()], ['IBM']);
});

test('a gap counts once, with both of its ends among the lost', () => {
  const state = openStore(LIMITS);
  noteLoss(state, 'IBM/trade', 5, 5);
  noteLoss(state, 'IBM/trade', 7, 9);
  takeTrade(state, 'IBM', '10');
  assert.deepEqual(streamCounts(state), [{ topic: 'IBM/trade', received: 1, gaps: 2, lost: 4 }]);
});

test('a loss whose end is not known counts as one message', () => {
  const state = openStore(LIMITS);
  noteLoss(state, 'IBM/trade', 5, null);
  assert.deepEqual(streamCounts(state), [{ topic: 'IBM/trade', received: 0, gaps: 1, lost: 1 }]);
});

test('another run has no history yet, and the counts go on', () => {
  const state = openStore(LIMITS);
  for (const second of [100, 101]) takeBar(state, 'IBM', second);
  beginRun(state);
  assert.deepEqual(lastBars(state, 'IBM', '1s', 10), []);
  takeBar(state, 'IBM', 5);
  assert.deepEqual(startsOf(lastBars(state, 'IBM', '1s', 10)), [5]);
  assert.equal(streamCounts(state).find(({ topic }) => topic === 'IBM/bar.1s')?.received, 3);
});

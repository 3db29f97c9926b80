import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { createHistory } from '../../src/core/market/history.ts';
import { Series } from '../../src/core/market/history-series.ts';
import { book, IBM, level, px, sz, trade } from './stream-builders.ts';
import '../seed.ts';

test('a series keeps the newest rows by time, at equal times by arrival, whatever the order in which they came', () => {
  const times = fc.array(fc.integer({ min: 0, max: 50 }), { maxLength: 400 });
  fc.assert(
    fc.property(times, fc.integer({ min: 1, max: 100 }), (list, limit) => {
      const series = new Series({ numbers: 1, codes: 1, limit });
      const model: { ts: number; id: number }[] = [];
      let hasDropped = false;
      for (const [id, ts] of list.entries()) {
        const row = series.insert(BigInt(ts));
        const kept = series.length - (row < 0 ? 0 : 1);
        hasDropped ||= kept < model.length;
        model.splice(0, model.length - kept);
        const place = model.findLastIndex((one) => one.ts <= ts) + 1;
        if (row < 0) {
          assert.ok(hasDropped && place === 0, 'only what is older than all that is kept is left out');
          continue;
        }
        assert.equal(row, place);
        series.setNumber(0, row, id);
        series.setCode(0, row, id);
        model.splice(place, 0, { ts, id });
      }
      const rows = Array.from({ length: series.length }, (_, row) => ({
        ts: Number(series.timeAt(row)),
        id: series.numberAt(0, row),
      }));
      assert.deepEqual(rows, model);
      assert.ok(rows.every(({ id }, row) => series.codeAt(0, row) === id));
      assert.ok(hasDropped ? series.length >= limit : series.length === list.length);
      assert.ok(series.length <= limit + Math.max(1, limit >> 3));
      for (const [row, { ts }] of rows.entries()) {
        assert.equal(
          series.rowAt(BigInt(ts)),
          rows.findIndex((one) => one.ts === ts),
        );
        assert.equal(series.rowAfter(series.positionAt(row)), row + 1);
      }
    }),
  );
});

test('what is remembered of a trade, a quote and a bar is what was shown', () => {
  const history = createHistory({ eventsPerSymbol: 10 });
  const one = trade({ id: 52_983_625_699_126, conditions: [' ', 'F', 'T', 'I'], exchange: 'P', takerSide: 'S' });
  history.add(one);
  const { kind: _, instrument: __, isLastSale: ___, ...facts } = one;
  const of = history.of('IBM');
  assert.deepEqual(of?.trades.at(0), { ...facts, update: null });
  const quote = {
    bidPx: 1,
    bidSz: 2,
    askPx: 3,
    askSz: 4,
    bidExchange: 'A',
    askExchange: 'B',
    conditions: ['R'],
    tape: 'A',
  };
  history.add({ kind: 'quote', instrument: IBM, tsNs: 5n, updates: 'both', ...quote });
  assert.deepEqual(of?.quotes.at(0), { tsNs: 5n, ...quote });
  const bar = {
    tsNs: 60n,
    open: 1,
    high: 4,
    low: 1,
    close: 2,
    volume: 12_345_678_901_234_567_890n,
    tradeCount: 3,
    vwap: '0.000002',
  };
  history.add({ kind: 'bar', instrument: IBM, ...bar });
  assert.deepEqual(of?.minuteBars.at(0), bar);
  history.add({ kind: 'updatedBar', instrument: IBM, ...bar, high: 5 });
  assert.deepEqual([of?.minuteBars.series.length, of?.minuteBars.at(0)], [1, { ...bar, high: 5 }]);
  history.add({ kind: 'dailyBar', instrument: IBM, ...bar, vwap: '181.25' });
  assert.deepEqual(of?.dailyBars.at(0), { ...bar, vwap: '181.25' });
});

test('a correction and a cancel mark the trade they are about, and the correction stands beside it', () => {
  const history = createHistory({ eventsPerSymbol: 10 });
  const [first, second] = [trade({ id: 1, tsNs: 5n }), trade({ id: 2, tsNs: 5n })];
  for (const one of [first, second, trade({ id: 3, tsNs: 9n })]) history.add(one);
  const original = { id: 1, px: first.px, sz: first.sz, conditions: first.conditions };
  const corrected = { ...original, id: 4, px: px('181') };
  const shared = { instrument: IBM, tsNs: 10n, exchange: 'N', tape: 'A', originalNs: 5n };
  history.add({ kind: 'correction', ...shared, original, corrected });
  history.add({ kind: 'cancelError', ...shared, id: 2, px: second.px, sz: second.sz, action: 'C' });
  const trades = history.of('IBM')?.trades;
  const rows = [0, 1, 2, 3].map((row) => trades?.at(row));
  assert.deepEqual(
    rows.map((row) => [row?.id, row?.tsNs, row?.px, row?.update]),
    [
      [1, 5n, px('180'), 'incorrect'],
      [2, 5n, px('180'), 'canceled'],
      [4, 5n, px('181'), 'corrected'],
      [3, 9n, px('180'), null],
    ],
  );
});

test('the book is what its changes have made of it, best level first', () => {
  const history = createHistory({ eventsPerSymbol: 10 });
  assert.equal(history.of('BTC/USD'), undefined);
  history.add(
    book({ reset: true, bids: [level('99', '1'), level('100', '2')], asks: [level('102', '3'), level('101', '4')] }),
  );
  history.add(book({ tsNs: 2n, bids: [level('100', '0'), level('98', '5')], asks: [level('101', '1')] }));
  assert.deepEqual(history.of('BTC/USD')?.book(), {
    tsNs: 2n,
    bids: [level('99', '1'), level('98', '5')],
    asks: [level('101', '1'), level('102', '3')],
  });
  history.add(book({ tsNs: 3n, reset: true }));
  assert.deepEqual(history.of('BTC/USD')?.book(), { tsNs: 3n, bids: [], asks: [] });
  history.clear();
  assert.equal(history.of('BTC/USD'), undefined);
});

test('memory of a symbol is bounded', () => {
  const history = createHistory({ eventsPerSymbol: 100 });
  for (let id = 0; id < 10_000; id += 1) history.add(trade({ id, tsNs: BigInt(id), sz: sz('1') }));
  const trades = history.of('IBM')?.trades;
  assert.ok(trades !== undefined && trades.series.length >= 100 && trades.series.length <= 112);
  assert.equal(trades.at(trades.series.length - 1).id, 9999);
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { freePortOffset } from '@tickpath/testkit';
import { type FeedAnswer, feedLines, newsOf, outcomeLine, refusalCount } from '../src/symbol-lines.ts';
import { tickpath } from './cli-process.ts';

const BINANCE: FeedAnswer = {
  feed: 'binance',
  state: 'subscribed',
  symbols: [
    { symbol: 'BTC-USDT', data: 'valid', reasons: [] },
    { symbol: 'ETH-USDT', data: 'invalid', reasons: ['book: found sequence, needed valid', 'stale: 61 s'] },
    { symbol: 'NOPE-USDT', data: 'waiting', reasons: [] },
  ],
  refused: 2,
  refusals: [{ text: 'refused: too many' }, { text: 'refused: NOPEUSDT: -1121' }],
};

test('feeds are a table, and each symbol that cannot be traded on has a line of its own', () => {
  const stocks = Array.from({ length: 14 }, (_, at) => ({ symbol: `S${at}`, data: 'valid' as const, reasons: [] }));
  const quiet = { feed: 'alpaca-stocks', state: 'reconnecting', symbols: stocks, refused: 0, refusals: [] };
  assert.deepEqual(feedLines({ feeds: [BINANCE, quiet] }), [
    'feed           state         symbols',
    'binance        subscribed    BTC-USDT, ETH-USDT, NOPE-USDT',
    'alpaca-stocks  reconnecting  S0, S1, S2, S3, S4, S5, S6, S7, S8, S9, S10, S11 and 2 more',
    'ETH-USDT (binance): not valid: book: found sequence, needed valid; stale: 61 s',
    'NOPE-USDT (binance): nothing has come of it',
  ]);
});

test('an added symbol is settled when it is valid or refused by name, and not by what concerns others', () => {
  const feeds = [BINANCE];
  const news = (symbol: string, known: number) => newsOf({ feeds }, { symbol, feed: 'binance', known });
  assert.deepEqual(news('BTC-USDT', 2), { isValid: true, isSettled: true, state: 'valid', refusals: [] });
  assert.equal(news('ETH-USDT', 1).isSettled, false);
  assert.deepEqual(news('NOPE-USDT', 1), {
    isValid: false,
    isSettled: true,
    state: 'nothing has come of it',
    refusals: ['refused: NOPEUSDT: -1121'],
  });
  assert.equal(refusalCount({ feeds }, 'binance'), 2);
  assert.equal(refusalCount({ feeds }, 'kraken'), 0);
  const spoilt = { symbol: 'XYZ-USD', data: 'invalid' as const, reasons: ['book: found refused, needed valid'] };
  const kraken = { ...BINANCE, feed: 'kraken', symbols: [spoilt] };
  assert.ok(newsOf({ feeds: [kraken] }, { symbol: 'XYZ-USD', feed: 'kraken', known: 2 }).isSettled);
});

test('what was done says how long it lasts', () => {
  const place = { symbol: 'ETH-USDT', feed: 'binance' };
  assert.equal(
    outcomeLine(place, 'added', 'valid'),
    'ETH-USDT added to binance, valid; until market-data starts again',
  );
  assert.equal(outcomeLine(place, 'removed'), 'ETH-USDT removed from binance; until market-data starts again');
});

test('what makes no sense is answered with the usage and exit code 2', async () => {
  const faults: readonly (readonly [readonly string[], string])[] = [
    [['list'], 'unknown action list; allowed: add, remove'],
    [['add'], 'add needs SYMBOL'],
    [['remove', 'BTC-USDT', 'now'], 'unknown argument now'],
    [['remove', 'BTC-USDT', '--feed', 'binance'], '--feed goes with add only'],
    [['add', 'BTC-USDT', '--feed='], '--feed needs a value'],
  ];
  const told = await Promise.all(faults.map(([argv]) => tickpath('symbols', ...argv)));
  for (const [at, { status, lines }] of told.entries()) {
    assert.deepEqual([status, lines[0]], [2, `tickpath: ${faults[at]?.[1]}`]);
    assert.match(lines[1] ?? '', /^usage: tickpath symbols /);
  }
});

test('without market-data it fails and says so', async () => {
  const { status, lines } = await tickpath('symbols', `--network.portOffset=${await freePortOffset()}`);
  assert.deepEqual([status, lines], [1, ['tickpath: market-data: nothing listens there']]);
});

import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { test } from 'node:test';
import {
  BinanceExchange,
  EXCHANGE_FAULTS,
  type ExchangeFault,
  ExchangeServer,
  eventually,
  MAX_LIE,
  readCapturedFrames,
  seededRandom,
} from '@tickpath/testkit';
import { FeedProcess } from './feed-process.ts';

const RECORDING = new URL('../../../shared/data/binance/spot-btcusdt-20240808.gz', import.meta.url);
const SYMBOL = 'BTC-USDT';
const FAULTS = 50 * Number(process.env.TICKPATH_SOAK ?? 1);
const SHOWN_LEVELS = 50;
const EVENTS_A_TICK = 12;
/** Between two looks at a market that stands still. */
const FAULTS_A_ROUND = 10;
const RECOVERY_MS = 20_000;
/** Faults after which no book can be right without a new snapshot. */
const SPOILING = /^(?:close|reset|half-open|snapshot-.*)$/;

const SHORT_WAITS = {
  'connection.backoffFirstMs': 20,
  'connection.backoffLastMs': 100,
  'connection.pingMs': 200,
  'connection.idleMs': 500,
  'rest.timeoutMs': 300,
  'rest.retries': 2,
  'rest.requestsPerMinute': 6_000,
  'quality.cleanMs': 50,
  // The market is played faster than it was recorded, so its clock runs ahead of ours.
  'quality.futureTime.toleranceMs': 1_000_000_000,
  bookSnapshotMs: 500,
};

/** Every kind in turn, each time in another order. */
function* faultsOf(random: () => number): Generator<ExchangeFault> {
  for (;;) {
    const left: ExchangeFault[] = [...EXCHANGE_FAULTS];
    while (left.length > 0) yield left.splice(Math.floor(random() * left.length), 1)[0] as ExchangeFault;
  }
}

test('whatever the exchange does, its books and trades are published as they are or declared missing', {
  skip: existsSync(RECORDING) ? false : `no recording ${RECORDING.pathname}`,
  timeout: 120_000 + 3_000 * FAULTS,
}, async () => {
  const seed = Number(process.env.TICKPATH_SEED ?? Math.floor(Math.random() * 2 ** 31));
  console.log(`seed ${seed}`);
  const frames = readCapturedFrames(RECORDING);
  const exchange = new BinanceExchange({ frames, isEndless: true, startMs: Date.now(), shownLevels: SHOWN_LEVELS });
  const server = await ExchangeServer.open({ exchange, seed });
  let compared = 0;
  let unknown = 0;
  const wrong: string[] = [];
  const feed = await FeedProcess.start(
    {
      ...{ source: 'binance', streamUrl: server.streamUrl, restUrl: server.restUrl, symbols: SYMBOL },
      ...SHORT_WAITS,
    },
    (_symbol, book) => {
      if (!book.isValid) return;
      const state = exchange.states.get(Number(book.venueSeq));
      if (state === undefined) {
        unknown += 1;
        return;
      }
      compared += 1;
      const { bids, asks } = book;
      if (JSON.stringify([bids, asks]) !== JSON.stringify([state.bids, state.asks])) {
        wrong.push(`the book of ${book.venueSeq}`);
      }
    },
  );
  const { reader } = feed;
  const told: string[] = [];
  const recovered = (fault: string, fromSeq: number) =>
    eventually(
      `valid data again after ${fault}, from ${fromSeq} on; last: ${told.slice(-5).join(', ')}`,
      () => {
        feed.assertAlive();
        const book = reader.book(SYMBOL);
        const isBack = book?.isValid === true && (book.venueSeq ?? 0) > fromSeq && reader.isDataValid(SYMBOL);
        return isBack ? true : undefined;
      },
      RECOVERY_MS,
    );
  const standsStill = async () => {
    server.pause();
    await eventually('the published book is the exchange’s own while both stand still', () => {
      feed.assertAlive();
      const book = reader.book(SYMBOL);
      const { bids, asks } = exchange.shown(SHOWN_LEVELS);
      if (book?.isValid !== true) return undefined;
      return JSON.stringify([book.bids, book.asks]) === JSON.stringify([bids, asks]) ? true : undefined;
    });
    server.play(EVENTS_A_TICK);
  };

  try {
    await feed.ready();
    server.play(EVENTS_A_TICK);
    await recovered('the start', exchange.seq);
    // Before the first trade none can be missed.
    await eventually('the first trade', () => reader.trades.get(SYMBOL)?.[0]);
    const random = seededRandom(seed);
    const faults = faultsOf(random);
    for (let at = 0; at < FAULTS; at += 1) {
      const fault = faults.next().value as ExchangeFault;
      told.push(fault);
      const before = server.done[fault];
      const faultsBefore = reader.bookFaults.length;
      const begunMs = performance.now();
      server.inject(fault);
      await eventually(`${fault} is done`, () => (server.done[fault] > before ? true : undefined));
      if (SPOILING.test(fault)) {
        await eventually(`the book is said not to be valid after ${fault}`, () =>
          reader.bookFaults.length > faultsBefore ? true : undefined,
        );
      }
      // A lie may claim numbers that the exchange has yet to reach.
      await recovered(fault, exchange.seq + (fault === 'lie' ? 2 * MAX_LIE : 0));
      console.log(`${fault}: valid again after ${Math.round(performance.now() - begunMs)} ms`);
      if ((at + 1) % FAULTS_A_ROUND === 0) await standsStill();
    }
    const lastSeq = exchange.seq;
    await recovered('the last fault', lastSeq + 1_000);
    await standsStill();
    server.pause();
    const lastTrade = Math.max(...exchange.trades.keys());
    await eventually('the last trade', () =>
      reader.trades.get(SYMBOL)?.some(({ tradeId }) => Number(tradeId) >= lastTrade) ? true : undefined,
    );

    feed.assertAlive();
    assert.deepEqual(wrong, [], 'each published book is the exchange’s own of that number');
    assert.ok(compared > 4 * FAULTS, `${compared} books compared`);
    assert.ok(unknown <= 10 + 5 * server.done.lie, `${unknown} books of numbers that the exchange has not had`);
    assert.equal(reader.lost, 0);
    for (const fault of EXCHANGE_FAULTS) assert.ok(server.done[fault] > 0, `${fault} was done`);

    const trades = reader.trades.get(SYMBOL) ?? [];
    const published = new Set<number>();
    for (const { tradeId, price, size } of trades) {
      const id = Number(tradeId);
      assert.ok(!published.has(id), `trade ${id} came once`);
      published.add(id);
      const own = exchange.trades.get(id);
      assert.deepEqual([Number(price), Number(size)], [Number(own?.p), Number(own?.q)], `trade ${id}`);
    }
    const losses = feed.losses().filter(({ topic }) => topic === 'trade');
    const isDeclared = (id: number) => losses.some(({ from, to }) => id >= (from ?? 0) && id <= (to ?? id));
    const first = Math.min(...published);
    const missing: number[] = [];
    for (let id = first; id <= lastTrade; id += 1) if (!published.has(id)) missing.push(id);
    assert.deepEqual(
      missing.filter((id) => !isDeclared(id)),
      [],
      'each trade that is missing was declared lost',
    );
    assert.deepEqual(
      missing.filter((id) => exchange.trades.has(id)),
      [],
      'only trades that the exchange does not have are missing',
    );
    assert.equal(missing.length, server.done['missing-trade']);
    assert.equal(await feed.metric('tickpath_market_data_lost_total{kind="trade"}'), losses.length);
    assert.ok(losses.length > 0 && trades.some(({ flags }) => flags?.includes('recovered')));
    console.log(
      `${trades.length} trades, ${missing.length} missing, ${compared} books compared, ${unknown} not known`,
      server.done,
    );
  } catch (error) {
    console.log(feed.process.lines.slice(-30).join('\n'));
    throw error;
  } finally {
    await feed.stop();
    await server.close();
  }
});

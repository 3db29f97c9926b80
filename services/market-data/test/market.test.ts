import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type MarketInput, openMarket, type Publication, type Rejected, stepMarket } from '../src/core/index.ts';
import './seed.ts';

const STAMPS = { receivedNs: 5n, decodedNs: 6n };
const NOON_MS = Date.UTC(2026, 0, 5, 12);

/** Milliseconds after noon as the venue writes them. */
function at(ms: number): string {
  return new Date(NOON_MS + ms).toISOString();
}

function nsAt(ms: number): bigint {
  return BigInt(NOON_MS + ms) * 1_000_000n;
}

function trade(S: string, ms: number, fields: object = {}) {
  return { T: 't', S, i: ms, p: 10, s: 1, t: at(ms), ...fields };
}

function quote(S: string, ms: number) {
  return { T: 'q', S, bp: 9, bs: 1, ap: 11, as: 1, t: at(ms) };
}

/** A market that says what it publishes, in words, and keeps what it reports. */
function marketOf(...intervals: ('1s' | '1m')[]) {
  const state = openMarket(intervals);
  const late: string[] = [];
  const faults: string[] = [];
  const observer = {
    rejected: ({ reason }: Rejected) => void faults.push(reason),
    lateTrade: (symbol: string) => void late.push(symbol),
  };
  const step = (input: MarketInput) => stepMarket(state, input, observer);
  return {
    state,
    late,
    faults,
    run: () => step({ type: 'run' }),
    frame: (...messages: unknown[]) => step({ type: 'frame', messages, stamps: STAMPS }),
    clock: (ms: number) => step({ type: 'clock', marketNowNs: nsAt(ms), stamps: { receivedNs: 7n, decodedNs: 8n } }),
  };
}

function inWords(publications: readonly Publication[]): string[] {
  return publications.map(({ kind, topic, payload }) => {
    if (kind !== 'bar') return topic;
    return `${topic} from ${(payload.startNs - nsAt(0)) / 1_000_000n} ms: ${payload.tradeCount} of ${payload.volume}`;
  });
}

test('bars that a message closes come before the message', () => {
  const market = marketOf('1s');
  market.frame(trade('IBM', 100, { s: 2 }), trade('IBM', 900, { s: 3 }));
  assert.deepEqual(inWords(market.frame(trade('IBM', 1000))), ['IBM/bar.1s from 0 ms: 2 of 5', 'IBM/trade']);
});

test('a quote closes bars as well, and has no part in them', () => {
  const market = marketOf('1s');
  market.frame(trade('IBM', 100), quote('IBM', 999));
  assert.deepEqual(inWords(market.frame(quote('IBM', 1000))), ['IBM/bar.1s from 0 ms: 1 of 1', 'IBM/quote']);
});

test("the market's time closes the bars of every symbol, whichever symbol moved it", () => {
  const market = marketOf('1s');
  market.frame(trade('IBM', 100), trade('SPY', 200), trade('AAPL', 300));
  assert.deepEqual(inWords(market.frame(quote('MSFT', 5000))), [
    'IBM/bar.1s from 0 ms: 1 of 1',
    'SPY/bar.1s from 0 ms: 1 of 1',
    'AAPL/bar.1s from 0 ms: 1 of 1',
    'MSFT/quote',
  ]);
  assert.deepEqual(inWords(market.clock(60_000)), [], 'each closes once');
});

test('a bar closes by the clock when no trade comes, and says when that was seen', () => {
  const market = marketOf('1s', '1m');
  market.frame(trade('IBM', 100));
  assert.deepEqual(market.clock(999), []);
  const [bar] = market.clock(1000);
  assert.equal(bar?.topic, 'IBM/bar.1s');
  assert.equal(bar?.payload.receivedNs, 7n);
  assert.deepEqual(inWords(market.clock(59_999)), []);
  assert.deepEqual(inWords(market.clock(60_000)), ['IBM/bar.1m from 0 ms: 1 of 1']);
});

test('a clock that goes back closes nothing and reopens nothing', () => {
  const market = marketOf('1s');
  market.frame(trade('IBM', 5000));
  assert.deepEqual(market.clock(1000), []);
  assert.equal(market.state.marketNowNs, nsAt(5000));
});

test('a trade whose bar has closed is published and counted once, in no bar', () => {
  const market = marketOf('1s', '1m');
  market.frame(trade('IBM', 100), trade('IBM', 1100));
  assert.deepEqual(inWords(market.frame(trade('IBM', 500, { s: 7 }))), ['IBM/trade']);
  assert.deepEqual(market.late, ['IBM']);
  assert.deepEqual(inWords(market.clock(2000)), ['IBM/bar.1s from 1000 ms: 1 of 1']);
  // The minute was still open and has it.
  assert.deepEqual(inWords(market.clock(60_000)), ['IBM/bar.1m from 0 ms: 3 of 9']);
  market.frame(trade('IBM', 900));
  assert.deepEqual(market.late, ['IBM', 'IBM'], 'once, though it is late for the second and for the minute');
});

test('messages that cannot be read are reported and change nothing else', () => {
  const market = marketOf('1s');
  const published = market.frame(
    trade('IBM', 1),
    trade('IBM', 9_000_000, { p: -1 }),
    { T: 'b' },
    null,
    trade('IBM', 2),
  );
  assert.deepEqual(inWords(published), ['IBM/trade', 'IBM/trade']);
  assert.deepEqual(market.faults, ['price', 'shape']);
  assert.equal(market.state.marketNowNs, nsAt(2));
});

const streams = fc.array(
  fc.record({
    symbol: fc.constantFrom('IBM', 'SPY', 'AAPL'),
    ms: fc.integer({ min: 0, max: 200_000 }),
    isTrade: fc.boolean(),
    size: fc.integer({ min: 1, max: 1000 }),
  }),
  { maxLength: 80 },
);

test('every message is published once and in order, cut into frames in whatever way', () => {
  fc.assert(
    fc.property(streams, fc.integer({ min: 1, max: 9 }), (stream, frameSize) => {
      const market = marketOf('1s', '1m');
      const messages = stream.map(({ symbol, ms, isTrade, size }) =>
        isTrade ? trade(symbol, ms, { s: size }) : quote(symbol, ms),
      );
      const published: Publication[] = [];
      for (let i = 0; i < messages.length; i += frameSize)
        published.push(...market.frame(...messages.slice(i, i + frameSize)));
      const whole = marketOf('1s', '1m').frame(...messages);
      assert.deepEqual(published, whole);
      assert.deepEqual(
        published
          .filter(({ kind }) => kind !== 'bar')
          .map(({ topic, payload }) => [topic, 'venueTsNs' in payload && payload.venueTsNs]),
        stream.map(({ symbol, ms, isTrade }) => [`${symbol}/${isTrade ? 'trade' : 'quote'}`, nsAt(ms)]),
      );
    }),
  );
});

test('of each symbol and interval the bars rise in time, and together they hold every trade that was not late', () => {
  fc.assert(
    fc.property(streams, (stream) => {
      const market = marketOf('1s');
      const messages = stream.map(({ symbol, ms, isTrade, size }) =>
        isTrade ? trade(symbol, ms, { s: size }) : quote(symbol, ms),
      );
      const published = [...market.frame(...messages), ...market.clock(10_000_000)];
      const bars = published.filter(({ kind }) => kind === 'bar') as Extract<Publication, { kind: 'bar' }>[];
      for (const ofTopic of Map.groupBy(bars, ({ topic }) => topic).values()) {
        const starts = ofTopic.map(({ payload }) => payload.startNs);
        assert.deepEqual(
          starts,
          [...new Set(starts)].toSorted((a, b) => Number(a - b)),
        );
      }
      const inBars = bars.reduce((sum, { payload }) => sum + payload.tradeCount, 0);
      const trades = stream.filter(({ isTrade }) => isTrade).length;
      assert.equal(inBars + market.late.length, trades);
    }),
  );
});

test('another run may be at an earlier time: its bars are made, and none of what the one before had begun', () => {
  const market = marketOf('1s');
  market.frame(trade('IBM', 60_100), trade('IBM', 61_100));
  assert.deepEqual(market.run(), []);
  assert.deepEqual(inWords(market.frame(trade('IBM', 100), trade('IBM', 1100))), [
    'IBM/trade',
    'IBM/bar.1s from 0 ms: 1 of 1',
    'IBM/trade',
  ]);
  assert.deepEqual(market.late, []);
});

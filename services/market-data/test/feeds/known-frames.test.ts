import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import {
  knownAlpacaFrame,
  knownBinanceFrame,
  knownCoinbaseFrame,
  knownKrakenFrame,
} from '../../src/core/feeds/known-frames.ts';
import { absent, readCapture, readRawFrames, readRecording } from './captures.ts';
import '../seed.ts';

const RUNS = 3000 * Number(process.env.TICKPATH_SOAK ?? 1);

type Known = (frame: string) => unknown;

/** Numbers as JSON spells them: most as venues do, some that a cursor leaves to `JSON.parse`. */
const number = fc.oneof(
  { weight: 20, arbitrary: fc.nat() },
  { weight: 20, arbitrary: fc.tuple(fc.nat(1e9), fc.nat(1e6)).map(([whole, part]) => Number(`${whole}.${part}`)) },
  fc.integer(),
  fc.maxSafeNat(),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
);
const string = fc.oneof(
  { weight: 20, arbitrary: fc.constantFrom('AAPL', 'BTC/USD', '2026-11-22T01:02:03.123456789Z', '0.10', '', 'B') },
  fc.string({ maxLength: 12 }),
  fc.string({ unit: 'binary', maxLength: 4 }),
);
const strings = fc.array(string, { maxLength: 3 });
const list = <T>(one: fc.Arbitrary<T>) => fc.array(one, { minLength: 1, maxLength: 3 });
const is = <T>(value: T) => fc.constant(value);

const share = { i: number, x: string, p: number, s: number, c: strings, z: string, t: string };
const quote = {
  bx: string,
  bp: number,
  bs: number,
  ax: string,
  ap: number,
  as: number,
  c: strings,
  z: string,
  t: string,
};
const binanceTrade = { e: is('trade'), E: number, s: string, t: number, p: string, q: string, T: number };
const coinbaseTrade = { product_id: string, trade_id: string, price: string, size: string, time: string, side: string };

/** The frames that each is meant for, in the order of fields that the venue has. */
const FRAMES: Readonly<Record<string, { readonly known: Known; readonly frames: fc.Arbitrary<unknown> }>> = {
  Alpaca: {
    known: knownAlpacaFrame,
    frames: list(
      fc.oneof(
        fc.record({ T: is('t'), S: string, ...share }),
        fc.record({ T: is('t'), S: string, p: number, s: number, t: string, i: number, tks: string }),
        fc.record({ T: is('q'), S: string, ...quote }),
        fc.record({ T: is('q'), S: string, bp: number, bs: number, ap: number, as: number, t: string }),
      ),
    ),
  },
  Binance: {
    known: knownBinanceFrame,
    frames: fc.record({
      stream: string,
      data: fc.oneof(
        fc.record({ ...binanceTrade, m: fc.boolean(), M: is(true) }),
        fc.record({ u: number, s: string, b: string, B: string, a: string, A: string }),
      ),
    }),
  },
  Coinbase: {
    known: knownCoinbaseFrame,
    frames: fc.record({
      ...{ channel: is('market_trades'), timestamp: string, sequence_num: number },
      events: fc.record({ type: is('update'), trades: list(fc.record(coinbaseTrade)) }).map((event) => [event]),
    }),
  },
  Kraken: { known: knownKrakenFrame, frames: fc.tuple(number, list(strings), is('trade'), string) },
};

/** What `JSON.parse` makes of a text; undefined when it refuses. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** A text with some of its characters taken away, put in or replaced. */
const damage = fc.array(
  fc.record({
    at: fc.double({ min: 0, max: 1, noNaN: true }),
    away: fc.nat(3),
    put: fc.constantFrom(...'"\\,:{}[]0123456789.-+eEtn \u0000\n'),
  }),
  { minLength: 1, maxLength: 3 },
);

for (const [venue, { known, frames }] of Object.entries(FRAMES)) {
  describe(`frames of ${venue} that are known`, () => {
    test('are what JSON.parse makes of them, and most of them are known', () => {
      let count = 0;
      let knownCount = 0;
      const property = fc.property(frames, (value) => {
        const text = JSON.stringify(value);
        const found = known(text);
        count += 1;
        if (found === undefined) return;
        knownCount += 1;
        assert.deepStrictEqual(found, JSON.parse(text));
      });
      fc.assert(property, { numRuns: RUNS });
      console.log(`${venue}: ${knownCount} of ${count} are known`);
      assert.ok(knownCount > 0.5 * count, `${knownCount} of ${count}`);
    });

    test('are left to JSON.parse when damaged, or are what it makes of them', () => {
      const property = fc.property(frames, damage, (value, changes) => {
        let text = JSON.stringify(value);
        for (const { at, away, put } of changes) {
          const from = Math.floor(at * text.length);
          text = text.slice(0, from) + put + text.slice(from + away);
        }
        const found = known(text);
        if (found !== undefined) assert.deepStrictEqual(found, parsed(text));
      });
      fc.assert(property, { numRuns: RUNS });
    });
  });
}

/** Every frame is read alike, and those of these kinds without `JSON.parse`. */
function assertKnown(known: Known, frames: readonly string[], isMeant: (frame: string) => boolean): void {
  let met = 0;
  for (const frame of frames) {
    const found = known(frame);
    if (found !== undefined) assert.deepStrictEqual(found, JSON.parse(frame));
    assert.equal(found !== undefined, isMeant(frame), frame);
    if (found !== undefined) met += 1;
  }
  console.log(`${met} of ${frames.length} frames are known`);
  assert.ok(met > 0);
}

const BINANCE = 'binance/spot-btcusdt-20240808.gz';
test('every recorded trade and quote of Binance is known', { skip: absent(BINANCE) }, () => {
  const frames = readRawFrames(BINANCE).map(({ frame }) => frame);
  assertKnown(knownBinanceFrame, frames, (frame) => /^\{"stream":"btcusdt@(trade|bookTicker)"/.test(frame));
});

for (const [venue, known, isMeant] of [
  ['COINBASE', knownCoinbaseFrame, /^\{"channel":"market_trades".*"type":"update"/],
  ['KRAKEN', knownKrakenFrame, /,"trade","[^"]+"\]$/],
] as const) {
  const path = `captures/${venue}.jsonl.zst`;
  test(`every recorded trade of ${venue} is known`, { skip: absent(path) }, () => {
    const received = readCapture(path).filter(({ t, conn = '' }) => t === 'recv' && conn.includes('.ws.'));
    const frames = received.map(({ data = '' }) => data);
    assertKnown(known, frames, (frame) => isMeant.test(frame));
  });
}

const ALPACA = 'alpaca/market-stream-frames.jsonl';
test('Alpaca’s recorded trades and quotes are known', { skip: absent(ALPACA) }, () => {
  const lines = readRecording(ALPACA).trim().split('\n');
  const frames = lines.map((line) => JSON.stringify((JSON.parse(line) as { readonly frame: unknown }).frame));
  assertKnown(knownAlpacaFrame, frames, (frame) => {
    const messages = parsed(frame);
    return Array.isArray(messages) && messages.every(({ T }) => T === 't' || T === 'q');
  });
});

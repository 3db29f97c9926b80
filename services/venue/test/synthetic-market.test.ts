import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { MarketQuote, MarketTrade, SourceEvent } from '../src/core/market/event.ts';
import {
  advance,
  createSyntheticMarket,
  nextEventNs,
  positionOf,
  resume,
  type SyntheticConfig,
  type SyntheticMarket,
} from '../src/core/market/synthetic-market.ts';
import { createAssets } from '../src/core/reference/assets.ts';

const SECOND = 1_000_000_000n;
const { instrumentOf } = createAssets([], { symbols: null });
const AAPL = { instrument: instrumentOf('AAPL'), priceCents: 19_000 };
const SPY = { instrument: instrumentOf('SPY'), priceCents: 56_000 };
const BTC = { instrument: instrumentOf('BTC/USD'), priceCents: 6_000_000 };
const PENNY = { instrument: instrumentOf('PENNY'), priceCents: 100 };
const CENT = 10 ** 4;

function aMarket(config: Partial<SyntheticConfig> = {}): SyntheticMarket {
  return createSyntheticMarket({ seed: 1, symbols: [AAPL, SPY], ticksPerSecond: 20, startNs: 0n, ...config });
}

function playOn(market: SyntheticMarket, untilNs: bigint, chunk = 1000): SourceEvent[] {
  const events: SourceEvent[] = [];
  for (;;) {
    const next = advance(market, untilNs, chunk);
    if (next.length === 0) return events;
    for (const event of next) events.push(event);
  }
}

function play(seconds: bigint, config: Partial<SyntheticConfig> = {}, chunk = 1000): SourceEvent[] {
  return playOn(aMarket(config), (config.startNs ?? 0n) + seconds * SECOND, chunk);
}

const isTick = (event: SourceEvent): event is MarketTrade | MarketQuote =>
  event.kind === 'trade' || event.kind === 'quote';
const isTrade = (event: SourceEvent): event is MarketTrade => event.kind === 'trade';

const EVERYTHING = {
  symbols: [AAPL, BTC, PENNY],
  jumpsPerHour: 60,
  haltsPerHour: 30,
  haltSeconds: 5,
  correctionsPerThousand: 100,
};

test('the same seed gives the same events, however the series is cut into pieces', () => {
  const whole = play(120n, EVERYTHING);
  assert.deepEqual(play(120n, EVERYTHING), whole);
  assert.deepEqual(play(120n, EVERYTHING, 7), whole);
  assert.deepEqual(play(120n, EVERYTHING, 1), whole);
});

test('another seed gives another market', () => {
  assert.notDeepEqual(play(10n, { seed: 2 }), play(10n));
});

test('a symbol goes its own way, whatever is traded beside it', () => {
  const alone = play(60n, { symbols: [AAPL] });
  const among = play(60n, { symbols: EVERYTHING.symbols });
  assert.deepEqual(
    among.filter(({ instrument }) => instrument === AAPL.instrument),
    alone,
  );
});

test('a copy of the market goes on exactly as the original', () => {
  const market = aMarket(EVERYTHING);
  advance(market, 60n * SECOND, 1003);
  const copy = structuredClone(market);
  assert.deepEqual(playOn(copy, 90n * SECOND), playOn(market, 90n * SECOND));
});

test('events come in time order, of each symbol a quote first, and no more than asked for', () => {
  const events = play(30n, EVERYTHING);
  for (const [index, event] of events.entries()) assert.ok(event.tsNs >= (events[index - 1]?.tsNs ?? 0n));
  for (const { instrument } of EVERYTHING.symbols) {
    assert.equal(events.filter(isTick).find((event) => event.instrument === instrument)?.kind, 'quote');
  }
  const market = aMarket(EVERYTHING);
  for (let i = 0; i < 200; i++) assert.ok(advance(market, 30n * SECOND, 3).length <= 3);
});

test('the mean rate is the one asked for, within 3 %, at every rate and number of symbols', () => {
  const many = Array.from({ length: 200 }, (_, i) => ({ instrument: instrumentOf(`S${i}`), priceCents: 5000 + i }));
  for (const [ticksPerSecond, symbols, seconds] of [
    [1, many, 100n],
    [20, [AAPL, SPY, BTC, PENNY], 900n],
    [50_000, [AAPL], 4n],
  ] as const) {
    const ticks = play(seconds, { symbols, ticksPerSecond }).filter(isTick).length;
    const expected = Number(seconds) * ticksPerSecond * symbols.length;
    const share = ticks / expected;
    assert.ok(share > 0.97 && share < 1.03, `${ticks} ticks at ${ticksPerSecond}/s, expected about ${expected}`);
  }
});

test('ticks come in clusters: their counts per second vary far more than those of independent ticks', () => {
  const seconds = 1200;
  const counts = new Array<number>(seconds).fill(0);
  for (const { tsNs } of play(BigInt(seconds), { symbols: [AAPL] }).filter(isTick)) {
    const second = Number(tsNs / SECOND);
    if (second < seconds) counts[second] = (counts[second] ?? 0) + 1;
  }
  const mean = counts.reduce((sum, count) => sum + count, 0) / seconds;
  const variance = counts.reduce((sum, count) => sum + (count - mean) ** 2, 0) / (seconds - 1);
  // 1 for independent ticks; (1 − 0.5)^-2 = 4 in the limit of long windows.
  assert.ok(variance / mean > 2 && variance / mean < 5, `variance ${variance} of mean ${mean}`);
});

test('volatility clusters: what one minute was like says something of the next', () => {
  const closes: number[] = [];
  for (const trade of play(6n * 3600n, { symbols: [AAPL], ticksPerSecond: 5 }).filter(isTrade)) {
    closes[Number(trade.tsNs / (5n * SECOND))] = trade.px;
  }
  const prices = closes.filter((close) => close !== undefined);
  const moves = prices.slice(1).map((px, i) => Math.abs(px / (prices[i] ?? px) - 1));
  const mean = moves.reduce((sum, move) => sum + move, 0) / moves.length;
  const covariance = (lag: number) =>
    moves.slice(lag).reduce((sum, move, i) => sum + (move - mean) * ((moves[i] ?? mean) - mean), 0) / moves.length;
  const correlation = covariance(2) / covariance(0);
  assert.ok(correlation > 0.03, `correlation of moves 10 s apart: ${correlation}`);
});

test('bid and ask are a cent or more apart, on the cent grid, and wider in a wild market', () => {
  const market = aMarket({ symbols: [AAPL] });
  const spreads = { calm: [] as number[], usual: [] as number[], wild: [] as number[] };
  for (
    let events = advance(market, 3600n * SECOND, 1);
    events.length > 0;
    events = advance(market, 3600n * SECOND, 1)
  ) {
    const [event] = events;
    if (event?.kind !== 'quote') continue;
    assert.equal(event.bidPx % CENT, 0);
    assert.ok(event.askPx - event.bidPx >= CENT && event.askPx - event.bidPx <= 5 * CENT);
    assert.ok(event.bidSz > 0 && event.askSz > 0);
    spreads[market.symbols[0]?.mood ?? 'usual'].push(event.askPx - event.bidPx);
  }
  const mean = (values: number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  assert.ok(mean(spreads.wild) > mean(spreads.usual) && mean(spreads.usual) > mean(spreads.calm));
});

test('every trade is at a side of the last quote, on the taker it names, with an id of its own', () => {
  const quotes = new Map<string, MarketQuote>();
  const ids = new Map<string, number>();
  for (const event of play(300n, { symbols: [AAPL, BTC, PENNY] }).filter(isTick)) {
    const { symbol } = event.instrument;
    if (event.kind === 'quote') {
      quotes.set(symbol, event);
      continue;
    }
    const quote = quotes.get(symbol);
    assert.equal(event.px, event.takerSide === 'B' ? quote?.askPx : quote?.bidPx);
    assert.ok(event.id > (ids.get(symbol) ?? 0) && Number.isSafeInteger(event.sz) && event.sz > 0);
    ids.set(symbol, event.id);
    const shares = event.sz / 10 ** 9;
    if (event.instrument.assetClass === 'crypto') assert.deepEqual([event.conditions, event.tape], [[], '']);
    else assert.equal(event.conditions.includes('I'), shares < 100);
  }
});

test('moving averages of one-second bars cross every few seconds, and the price stays near where it began', () => {
  for (const seed of [1, 2, 3]) {
    const closes = new Map<string, number[]>();
    for (const { instrument, tsNs, px } of play(3600n, { seed }).filter(isTrade)) {
      const bars = closes.get(instrument.symbol) ?? [];
      closes.set(instrument.symbol, bars);
      bars[Number(tsNs / SECOND)] = px;
    }
    for (const { instrument, priceCents } of [AAPL, SPY]) {
      const bars = (closes.get(instrument.symbol) ?? []).filter((close) => close !== undefined);
      const mean = (end: number, length: number) =>
        bars.slice(end - length, end).reduce((sum, close) => sum + close, 0) / length;
      let crossings = 0;
      for (let i = 22; i < bars.length; i++) {
        if (mean(i, 5) > mean(i, 20) !== mean(i - 1, 5) > mean(i - 1, 20)) crossings += 1;
      }
      assert.ok(crossings > 3600 / 40, `${instrument.symbol}: ${crossings} crossings in an hour`);
      const strayed = Math.max(...bars.map((close) => Math.abs(close / (priceCents * CENT) - 1)));
      assert.ok(strayed < 0.1, `${instrument.symbol} strayed by ${strayed}`);
    }
  }
});

test('prices keep to their bounds through days of jumps', () => {
  for (const { instrument, px } of play(100_000n, {
    symbols: [AAPL, PENNY, BTC],
    ticksPerSecond: 0.5,
    jumpsPerHour: 60,
  }).filter(isTrade)) {
    const anchor = [AAPL, PENNY, BTC].find((symbol) => symbol.instrument === instrument)?.priceCents ?? 0;
    const share = px / (anchor * 10 ** (instrument.priceDecimals - 2));
    assert.ok(share > 0.78 && share < 1.28, `${instrument.symbol} at ${share} of its anchor`);
  }
});

test('jumps come at about their rate and move the price by more than noise does', () => {
  const moved = (jumpsPerHour: number) => {
    const prices = play(7200n, { symbols: [AAPL], jumpsPerHour }).filter(isTrade);
    return prices.filter(({ px }, i) => Math.abs(px / (prices[i - 1]?.px ?? px) - 1) > 0.004).length;
  };
  assert.equal(moved(0), 0);
  const jumps = moved(20);
  assert.ok(jumps > 20 && jumps < 70, `${jumps} jumps in two hours, expected about 40`);
});

test('an equity is halted for its time: a status each way, nothing else between, a quote after it; coins never are', () => {
  const events = play(3600n, { symbols: [AAPL, BTC], haltsPerHour: 12, haltSeconds: 30 });
  const statuses = events.filter((event) => event.kind === 'status');
  assert.ok(statuses.length > 6, `${statuses.length} statuses`);
  assert.ok(statuses.every(({ instrument }) => instrument === AAPL.instrument));
  for (const [index, status] of statuses.entries()) {
    assert.equal(status.effect, index % 2 === 0 ? 'halt' : 'resume');
    assert.deepEqual([status.statusCode, status.reasonCode], [index % 2 === 0 ? 'H' : 'T', 'LUDP']);
    if (index % 2 === 0) continue;
    const haltedNs = statuses[index - 1]?.tsNs ?? 0n;
    assert.equal(status.tsNs - haltedNs, 30n * SECOND);
    const between = events.filter(
      ({ instrument, tsNs }) => instrument === AAPL.instrument && tsNs > haltedNs && tsNs < status.tsNs,
    );
    assert.deepEqual(between, []);
    assert.equal(events[events.indexOf(status) + 1]?.kind, 'quote');
  }
});

test('nothing trades outside of the last price band, which follows the price', () => {
  const bands = new Map<string, { upPx: number; downPx: number }>();
  let drawn = 0;
  for (const event of play(6n * 3600n, { symbols: [AAPL, PENNY], ticksPerSecond: 2, jumpsPerHour: 10 })) {
    if (event.kind === 'luld') {
      drawn += 1;
      assert.ok(event.downPx > 0 && event.downPx < event.upPx);
      bands.set(event.instrument.symbol, event);
    }
    if (event.kind !== 'trade') continue;
    const band = bands.get(event.instrument.symbol);
    assert.ok(band !== undefined && event.px <= band.upPx && event.px >= band.downPx);
  }
  assert.ok(drawn > 4, `${drawn} bands`);
});

test('as many trades as asked for are corrected or taken back, each once, as they were', () => {
  const events = play(1800n, { symbols: [AAPL], correctionsPerThousand: 50 });
  const trades = new Map(events.filter(isTrade).map((trade) => [trade.id, trade]));
  const put = new Set<number>();
  for (const event of events) {
    if (event.kind !== 'correction' && event.kind !== 'cancelError') continue;
    const { id, px, sz } = event.kind === 'correction' ? event.original : event;
    const trade = trades.get(id);
    assert.deepEqual([px, sz, event.originalNs], [trade?.px, trade?.sz, trade?.tsNs]);
    assert.ok(event.tsNs > event.originalNs && !put.has(id));
    put.add(id);
    if (event.kind === 'correction') assert.ok(!trades.has(event.corrected.id) && event.corrected.px > 0);
  }
  const share = (put.size / trades.size) * 1000;
  assert.ok(share > 35 && share < 65, `${share} of a thousand trades`);
});

test('the book of a coin has ten levels a side beside its quote, and its changes add up to it', () => {
  const sides = { bids: new Map<number, number>(), asks: new Map<number, number>() };
  let resets = 0;
  let quotes = 0;
  for (const event of play(600n, { symbols: [BTC] })) {
    if (event.kind === 'book') {
      if (event.reset) {
        resets += 1;
        sides.bids.clear();
        sides.asks.clear();
      }
      for (const side of ['bids', 'asks'] as const) {
        for (const [px, sz] of event[side]) {
          if (sz === 0) assert.ok(sides[side].delete(px), 'a level is removed that was not there');
          else sides[side].set(px, sz);
        }
      }
    }
    if (event.kind !== 'quote') continue;
    quotes += 1;
    const best = Math.max(...sides.bids.keys());
    assert.deepEqual([sides.bids.size, sides.asks.size, best], [10, 10, event.bidPx]);
    assert.equal(sides.bids.get(best), event.bidSz);
    assert.equal(sides.asks.get(Math.min(...sides.asks.keys())), event.askSz);
    assert.equal(Math.min(...sides.asks.keys()), event.askPx);
  }
  assert.ok(resets > 1 && resets < quotes / 100, `${resets} resets in ${quotes} quotes`);
});

test('nextEventNs says when the next event is due', () => {
  const market = aMarket({ ...EVERYTHING, startNs: 5n });
  for (let i = 0; i < 1000; i++) {
    const dueNs = nextEventNs(market);
    assert.deepEqual(advance(market, dueNs - 1n, 10), []);
    const due = playOn(market, dueNs);
    assert.ok(due.length > 0 && due.every(({ tsNs }) => tsNs === dueNs));
  }
});

test('a run that is taken up again goes on with its prices, and no trade id comes twice', () => {
  const seen = new Set<string>();
  const config = { ...EVERYTHING, symbols: [AAPL, BTC] };
  let market = aMarket(config);
  let lastPx = new Map<string, number>();
  for (let start = 0; start < 4; start++) {
    const first = new Map<string, number>();
    const events = playOn(market, BigInt(start * 100 + 60) * SECOND);
    for (const { instrument, id, px } of events.filter(isTrade)) {
      const name = `${instrument.symbol} ${id}`;
      assert.ok(!seen.has(name) && Number.isSafeInteger(id), `trade ${name} comes twice`);
      seen.add(name);
      if (!first.has(instrument.symbol)) first.set(instrument.symbol, px);
    }
    for (const [symbol, px] of first) {
      const share = px / (lastPx.get(symbol) ?? px);
      assert.ok(Math.abs(share - 1) < 0.02, `${symbol} goes on at ${share} of where it stood`);
    }
    lastPx = new Map(events.filter(isTrade).map(({ instrument, px }) => [instrument.symbol, px]));
    const position = JSON.parse(JSON.stringify(positionOf(market)));
    market = aMarket({ ...config, startNs: BigInt(start + 1) * 100n * SECOND });
    resume(market, position);
  }
  assert.throws(
    () => resume(market, { ...positionOf(market), resumptions: 2 ** 21 }),
    /2097151 times, this would be number 2097153/,
  );
});

test('a market needs a symbol, and an instrument room for cents', () => {
  assert.throws(() => aMarket({ symbols: [] }), /at least one symbol, found 0/);
  const coarse = { ...AAPL.instrument, priceDecimals: 1 };
  assert.throws(() => aMarket({ symbols: [{ instrument: coarse, priceCents: 100 }] }), /AAPL has 1 decimals/);
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { marketMessageText } from '../src/core/alpaca-messages.ts';
import type { MarketEvent } from '../src/core/market-event.ts';
import { advance, createSyntheticMarket, nextEventNs } from '../src/core/synthetic-market.ts';

const SECOND = 1_000_000_000n;
const SYMBOLS = [
  { symbol: 'AAPL', priceCents: 19_000 },
  { symbol: 'SPY', priceCents: 56_000 },
];

function play(
  seconds: bigint,
  options: { seed?: number; ticksPerSecond?: number; chunk?: number } = {},
): MarketEvent[] {
  const { seed = 1, ticksPerSecond = 20, chunk = 1000 } = options;
  const market = createSyntheticMarket({ seed, symbols: SYMBOLS, ticksPerSecond, startNs: 0n });
  const events: MarketEvent[] = [];
  for (;;) {
    const next = advance(market, seconds * SECOND, chunk);
    if (next.length === 0) return events;
    events.push(...next);
  }
}

const bytes = (events: readonly MarketEvent[]) => events.map(marketMessageText).join('\n');

test('the same seed gives the same bytes, however the series is cut into pieces', () => {
  assert.equal(bytes(play(60n)), bytes(play(60n)));
  assert.equal(bytes(play(60n, { chunk: 7 })), bytes(play(60n)));
});

test('another seed gives another market', () => {
  assert.notEqual(bytes(play(10n, { seed: 2 })), bytes(play(10n)));
});

test('events come in time order at about the rate asked for, a quote first for each symbol', () => {
  for (const ticksPerSecond of [1, 20, 5000]) {
    const events = play(20n, { ticksPerSecond });
    const expected = 20 * ticksPerSecond * SYMBOLS.length;
    assert.ok(
      Math.abs(events.length - expected) < expected * 0.3,
      `${events.length} events, expected about ${expected}`,
    );
    for (const [index, event] of events.entries()) assert.ok(event.tsNs >= (events[index - 1]?.tsNs ?? 0n));
    for (const { symbol } of SYMBOLS) assert.equal(events.find((event) => event.symbol === symbol)?.kind, 'quote');
  }
});

test('prices stay on the cent grid, the book uncrossed, trades on the quotes', () => {
  let bid = '';
  let ask = '';
  for (const event of play(300n).filter(({ symbol }) => symbol === 'AAPL')) {
    if (event.kind === 'quote') {
      ({ bidPx: bid, askPx: ask } = event);
      const spreadCents = Math.round((Number(ask) - Number(bid)) * 100);
      assert.ok(spreadCents >= 1 && spreadCents <= 5, `spread ${spreadCents}`);
      assert.match(bid, /^\d+(\.\d{1,2})?$/);
    } else assert.ok(event.price === bid || event.price === ask);
  }
});

test('nextEventNs says when the next event is due', () => {
  const market = createSyntheticMarket({ seed: 1, symbols: SYMBOLS, ticksPerSecond: 20, startNs: 5n });
  for (let i = 0; i < 100; i++) {
    const dueNs = nextEventNs(market);
    assert.deepEqual(advance(market, dueNs - 1000n, 10), []);
    assert.equal(advance(market, dueNs, 1)[0]?.tsNs, dueNs);
  }
});

test('moving averages of one-second bars cross every few seconds, and the price stays near where it began', () => {
  const closes = new Map<string, number[]>();
  for (const event of play(3600n)) {
    if (event.kind !== 'trade') continue;
    const bars = closes.get(event.symbol) ?? [];
    closes.set(event.symbol, bars);
    bars[Number(event.tsNs / SECOND)] = Number(event.price);
  }
  for (const { symbol, priceCents } of SYMBOLS) {
    const bars = (closes.get(symbol) ?? []).filter((close) => close !== undefined);
    const mean = (end: number, length: number) => bars.slice(end - length, end).reduce((sum, x) => sum + x, 0) / length;
    let crossings = 0;
    for (let i = 22; i < bars.length; i++) {
      if (mean(i, 5) > mean(i, 20) !== mean(i - 1, 5) > mean(i - 1, 20)) crossings += 1;
    }
    assert.ok(crossings > 3600 / 40, `${symbol}: ${crossings} crossings in an hour`);
    const strayed = Math.max(...bars.map((close) => Math.abs(close / (priceCents / 100) - 1)));
    assert.ok(strayed < 0.1, `${symbol} strayed by ${strayed}`);
  }
});

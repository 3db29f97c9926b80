import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { eventually } from '@tickpath/testkit';
import type { Payload } from '@tickpath/wire';
import { collectorSource, type SpanSource } from '../trace/span-source.ts';
import { traceFaults } from '../trace/trace-rules.ts';
import type { TakingFill } from './live-data-market.ts';
import { captureAbsent, type FilledOrder, LiveDataStack, SYMBOL } from './live-data-stack.ts';

/** What live-data charges a taker. */
const TAKER_BPS = 10;
/** From the exchange to a fill at the venue, on a machine that does many other things too. */
const WITHIN_MS = 10_000;
const FILLS = 8;
const INVALID = 'tickpath_market_data_invalid_symbols{feed="binance"}';
const moved = (fill: FilledOrder, better: number) => {
  const px = Number(fill.lastPx) + (fill.side === 'BUY' ? -better : better);
  return { ...fill, lastPx: px.toFixed(2) };
};
const FALSE: Readonly<Record<string, (fill: FilledOrder) => FilledOrder>> = {
  'a price 30 USD better': (fill) => moved(fill, 30),
  'a price 30 USD worse': (fill) => moved(fill, -30),
  'more than was there': (fill) => ({ ...fill, lastQty: '50' }),
  'another time': (fill) => ({ ...fill, atMs: fill.atMs - 600_000 }),
};

describe('profile live-data: the whole stack on a recorded exchange', { timeout: 300_000, skip: captureAbsent }, () => {
  let live: LiveDataStack;
  let spans: SpanSource;
  before(async () => {
    spans = await collectorSource();
    live = await LiveDataStack.start(`--tracing.url=${spans.url}`);
  });
  after(async () => {
    await live?.stop();
    await spans.close();
  });

  test('the strategy trades', async () => {
    await live.tradesOn(FILLS);
    for (const side of ['BUY', 'SELL']) await live.stack.process.line(new RegExp(`"msg":"fill ${side} `));
    await live.atRest();
  });

  // Before what computes long: the spans are collected by this process.
  test('every filled order is one whole trace, from the tick to the position', async () => {
    const { lines } = live.stack.process;
    const filled = lines.filter((line) => /"leavesQty":"0".*"msg":"fill /.test(line));
    const orders = filled.map((line) => JSON.parse(line) as { readonly clOrdId: string; readonly traceId: string });
    assert.ok(orders.length > 0);
    let faults: string[] = [];
    const areWhole = async () => {
      const traces = Map.groupBy(await spans.spans(), ({ traceId }) => traceId);
      faults = orders.flatMap(({ clOrdId, traceId }) => traceFaults(clOrdId, traces.get(traceId) ?? []));
      return faults.length === 0 ? true : undefined;
    };
    // Spans leave later than what they tell of: on a busy machine whoever sends them comes last.
    await eventually('a whole trace of every order', areWhole, 90_000, 500).catch(async (error: Error) => {
      const dropped = await live.droppedSpans();
      assert.fail(`${error.message}\n${faults.join('\n')}\nspans dropped: ${dropped}`);
    });
  });

  test('every fill is one that the recorded market showed at that time', async () => {
    const fills = await live.fills();
    const shown = live.shown(fills, WITHIN_MS);
    const unshown = fills.filter((fill) => !shown.has(fill));
    assert.deepEqual(unshown, []);
    console.log(
      `${fills.length} fills, ${fills.filter(({ lastQty, orderQty }) => lastQty !== orderQty).length} in parts`,
    );
    for (const [what, falsify] of Object.entries(FALSE)) {
      const found = fills.length - live.shownFalsified(fills, falsify, WITHIN_MS).size;
      console.log(`${what}: found ${found} of ${fills.length}`);
      // Another quote of that time may account for one by chance.
      assert.ok(found >= 0.8 * fills.length, `${what}: found ${found} of ${fills.length}`);
    }
  });

  test('cash and position are what the fills make, in risk and, less the fees, at the venue', async () => {
    const { fills, cash } = await live.holdsTogether(TAKER_BPS);
    assert.ok(fills.length >= FILLS);
    console.log(`${fills.length} fills, ${cash} USD at the venue`);
  });

  const check = async (): Promise<Payload<'riskDecision'>> => {
    const nowNs = BigInt(Date.now()) * 1_000_000n;
    const requestId = crypto.randomUUID();
    const { reply } = await live.stack.ask('riskRequests', ['riskCheck', 'riskDecision'], {
      ...{ requestId, clOrdId: `tp-${requestId}`, symbol: SYMBOL, side: 'BUY', orderQty: '0.001', ordType: 'MARKET' },
      ...{ timeInForce: 'GTC', strategy: 'check', cause: 'check', receivedNs: nowNs },
      expiresNs: nowNs + 60_000_000_000n,
    });
    return reply;
  };

  test('without the exchange risk refuses new orders and nothing fills; with it again all goes on', async () => {
    live.playOn();
    await live.tradesOn();
    await live.relay.cut();
    const refused = await eventually('a refusal', async () => {
      const decision = await check();
      return decision.approved ? undefined : decision;
    });
    assert.equal(refused.reason, 'MARKET_DATA_INVALID');
    assert.match(refused.text ?? '', /found disconnected, needed subscribed/);
    assert.equal(await live.value('market-data', INVALID), 1);
    assert.equal(await live.value('risk', 'tickpath_risk_invalid_data_symbols'), 1);
    assert.ok((await live.value('risk', 'tickpath_risk_decisions_total{result="MARKET_DATA_INVALID"}')) >= 1);
    // One that is at the venue already waits: what was shown before says nothing of the market now.
    const orderId = await live.buyAtVenue('0.001');
    assert.equal((await live.venueOrder(orderId)).status, 'new');
    await live.relay.restore();
    await live.tradesOn();
    await eventually('the order that waited is filled', async () => {
      return (await live.venueOrder(orderId)).status === 'filled' ? true : undefined;
    });
    assert.equal(await live.value('market-data', INVALID), 0);
    assert.equal(await live.value('risk', 'tickpath_risk_invalid_data_symbols'), 0);
    await live.atRest();
    const fills = await live.fills();
    const late = await live.executionsOf(orderId);
    assert.ok(late.length > 0);
    const waited = late.map(({ price, qty, transaction_time: time }): TakingFill => {
      return { side: 'BUY', lastPx: price, lastQty: qty, atMs: Date.parse(time) };
    });
    const all: TakingFill[] = [...fills, ...waited].toSorted((a, b) => a.atMs - b.atMs);
    const shown = live.shown(all, WITHIN_MS);
    assert.deepEqual(
      all.filter((fill) => !shown.has(fill)),
      [],
    );
  });

  test('Ctrl-C stops it cleanly', async () => {
    assert.equal((await live.stack.stop()).code, 0);
  });
});

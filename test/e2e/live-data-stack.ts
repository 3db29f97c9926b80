import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { addresses, type ServiceName } from '@tickpath/runtime';
import {
  BinanceExchange,
  ExchangeServer,
  eventually,
  networkAt,
  readCapturedFrames,
  TestStack,
} from '@tickpath/testkit';
import type { Envelope, Payload } from '@tickpath/wire';
import { type VenueActivity, VenueWitness } from '../chaos/venue-witness.ts';
import { recompute } from './independent-ledger.ts';
import { fillsShown, type TakingFill, witnessed } from './live-data-market.ts';
import { Relay } from './live-data-relay.ts';

const CAPTURE = new URL('../../../shared/data/binance/spot-btcusdt-20240808.gz', import.meta.url);
export const captureAbsent = existsSync(CAPTURE)
  ? false
  : 'no recording ../shared/data/binance/spot-btcusdt-20240808.gz';
export const SYMBOL = 'BTC-USDT';
const INITIAL_CASH = '1000000';
/** An order that the strategy sends is more than the best level often has, and within risk's limits. */
const QTY = '1.5';
const KEYS = { keyId: 'PKLIVEDATA', secretKey: 'live-data' };
/** As many events as the recording has in 10 ms, roughly. */
const REAL_PACE = 1;
const PLACES = 12;

export interface FilledOrder extends TakingFill {
  readonly symbol: string;
  readonly orderId: string | null;
  readonly cumQty: string;
  readonly orderQty: string;
}

interface TimedActivity extends VenueActivity {
  readonly transaction_time: string;
}

interface FeeActivity {
  readonly net_amount: string;
}

/**
 * The whole stack as a user starts it with `--profile live-data`, on an exchange that plays a recording and can be cut off.
 * The strategy trades every few seconds.
 */
export class LiveDataStack {
  readonly stack: TestStack;
  readonly exchange: BinanceExchange;
  readonly venue: VenueWitness;
  readonly relay: Relay;
  readonly frames: readonly string[];
  readonly #server: ExchangeServer;
  readonly #sent: ReadonlyMap<string, number>;

  private constructor(
    parts: Pick<LiveDataStack, 'stack' | 'exchange' | 'relay' | 'frames'>,
    own: {
      readonly server: ExchangeServer;
      readonly sent: ReadonlyMap<string, number>;
    },
  ) {
    this.stack = parts.stack;
    this.exchange = parts.exchange;
    this.relay = parts.relay;
    this.frames = parts.frames;
    this.#server = own.server;
    this.#sent = own.sent;
    this.venue = new VenueWitness(addresses(networkAt(this.stack.portOffset)).httpUrl('venue'), KEYS);
  }

  /** Resolves when it trades. */
  static async start(...flags: string[]): Promise<LiveDataStack> {
    const frames = readCapturedFrames(CAPTURE);
    const exchange = new BinanceExchange({ frames, isEndless: true, startMs: Date.now(), shownLevels: 1 });
    const sent = new Map<string, number>();
    const server = await ExchangeServer.open({ exchange: witnessed(exchange, sent), seed: 1 });
    const relay = await Relay.open(Number(new URL(server.restUrl).port));
    server.play(REAL_PACE);
    const stack = await TestStack.start([
      ...['--profile', 'live-data', `--market-data.symbols=${SYMBOL}`, `--signal.symbols=${SYMBOL}`],
      `--market-data.streamUrl=ws://127.0.0.1:${relay.port}/stream`,
      `--market-data.restUrl=http://127.0.0.1:${relay.port}`,
      '--market-data.connection.backoffFirstMs=100',
      '--market-data.connection.backoffLastMs=500',
      ...['--signal.momentum.fastBars=2', '--signal.momentum.slowBars=4', `--signal.momentum.qty=${QTY}`],
      ...[`--alpaca.keyId=${KEYS.keyId}`, `--alpaca.secretKey=${KEYS.secretKey}`],
      ...flags,
      ...(flags.some((flag) => flag.startsWith('--tracing.')) ? [] : ['--tracing.exporter=none']),
    ]);
    const live = new LiveDataStack({ stack, exchange, relay, frames }, { server, sent });
    try {
      await live.tradesOn();
    } catch (error) {
      await live.stop();
      throw error;
    }
    return live;
  }

  async stop(): Promise<{ code: number | null }> {
    const ended = await this.stack.stop();
    await this.relay.cut();
    await this.#server.close();
    return ended;
  }

  /** Waits for so many fills that are yet to come. */
  async tradesOn(count = 1): Promise<void> {
    const { process } = this.stack;
    const from = process.lines.length;
    await eventually(
      `${count} more fills`,
      () => {
        if (!process.running) throw new Error('the stack has ended');
        return process.lines.slice(from).filter((line) => line.includes('"msg":"fill ')).length >= count || undefined;
      },
      90_000,
    ).catch((error: unknown) => {
      throw new Error(`${(error as Error).message}\n${process.lines.slice(-60).join('\n')}`);
    });
  }

  /** Buys at the market, past the strategy and risk: the order's id. */
  async buyAtVenue(qty: string): Promise<string> {
    const url = `${addresses(networkAt(this.stack.portOffset)).httpUrl('venue')}/v2/orders`;
    const symbol = SYMBOL.replace('-', '/');
    const response = await fetch(url, {
      method: 'POST',
      headers: {
        ...{ 'apca-api-key-id': KEYS.keyId, 'apca-api-secret-key': KEYS.secretKey },
        'content-type': 'application/json',
      },
      body: JSON.stringify({ symbol, qty, side: 'buy', type: 'market', time_in_force: 'gtc' }),
    });
    assert.equal(response.status, 200);
    return ((await response.json()) as { id: string }).id;
  }

  /** The executions of one order, as the venue's account has them. */
  async executionsOf(orderId: string): Promise<readonly TimedActivity[]> {
    const all = (await this.venue.activities()) as TimedActivity[];
    return all.filter((activity) => activity.order_id === orderId);
  }

  async venueOrder(orderId: string): Promise<{ readonly status: string }> {
    return (await this.venue.get(`/v2/orders/${orderId}`)) as { readonly status: string };
  }

  async value(service: ServiceName, series: string): Promise<number> {
    const line = (await this.stack.metrics(service)).split('\n').find((one) => one.startsWith(`${series} `));
    return Number(line?.slice(series.length + 1) ?? Number.NaN);
  }

  /** What the trading services say they lost of their spans, for those who miss some. */
  async droppedSpans(): Promise<string> {
    const services = ['signal', 'risk', 'execution'] as const;
    const texts = await Promise.all(services.map((service) => this.stack.metrics(service)));
    const dropped = texts.map((text) => text.match(/^tickpath_spans_dropped_total.* [1-9].*$/gm) ?? []);
    return services.map((service, index) => `${service} ${dropped[index]?.join(', ') || 'none'}`).join('; ');
  }

  /** The market stands still; resolves when no order is open and what risk holds is what the execution log says. */
  async atRest(): Promise<Payload<'portfolio'>> {
    this.#server.pause();
    return eventually('every order closed and risk at the end of the execution log', async () => {
      try {
        const { reply } = await this.stack.ask('riskRequests', ['portfolioQuery', 'portfolio'], { requestId: 'rest' });
        const { lastSeq } = await this.#executionLog();
        const isOver = reply.state === 'ACTIVE' && reply.openOrders.length === 0 && reply.executionSeq === lastSeq;
        return isOver ? reply : undefined;
      } catch {
        // A service that is just coming back does not answer.
        return undefined;
      }
    });
  }

  playOn(): void {
    this.#server.play(REAL_PACE);
  }

  /** The fills of the execution log, with the quantity of the order that each belongs to. */
  async fills(): Promise<FilledOrder[]> {
    const { events } = await this.#executionLog();
    const qtys = new Map(
      events.flatMap((event) =>
        event.kind === 'OrderSubmitted' ? [[event.payload.clOrdId, event.payload.orderQty]] : [],
      ),
    );
    return events.flatMap((event) => {
      if (event.kind !== 'OrderFilled') return [];
      const { clOrdId, orderId, symbol, side, lastQty, lastPx, cumQty, venueTsNs } = event.payload;
      const orderQty = qtys.get(clOrdId);
      assert.ok(orderQty !== undefined, `the order of the fill ${clOrdId} is in the log`);
      return [{ symbol, orderId, side, lastQty, lastPx, cumQty, orderQty, atMs: Number(venueTsNs / 1_000_000n) }];
    });
  }

  /** Those of the fills, in the order of a log, that the recorded market showed within so many ms before them. */
  shown<F extends TakingFill>(fills: readonly F[], withinMs: number): Set<F> {
    const asked = fills.map((fill, at) => ({ fill, earlier: fills.slice(0, at) }));
    return fillsShown(asked, { frames: this.frames, sent: this.#sent }, withinMs);
  }

  /** The same of each fill as `falsify` makes it, all others being as they are. */
  shownFalsified<F extends TakingFill>(fills: readonly F[], falsify: (fill: F) => F, withinMs: number): Set<F> {
    const asked = fills.map((fill, at) => ({ fill: falsify(fill), earlier: fills.slice(0, at) }));
    return fillsShown(asked, { frames: this.frames, sent: this.#sent }, withinMs);
  }

  /**
   * The execution log has each fill of the venue once and no other; risk holds what these make, to the last decimal; the
   * venue's account is that less `takerBps` of each fill.
   */
  async holdsTogether(takerBps: number): Promise<{ readonly fills: readonly FilledOrder[]; readonly cash: string }> {
    const portfolio = await this.atRest();
    const fills = await this.fills();
    const logged = fills.map(({ orderId, cumQty, lastQty, lastPx }) => `${orderId} ${cumQty}: ${lastQty} @ ${lastPx}`);
    const activities = await this.venue.activities();
    const told = activities.map(({ order_id, cum_qty, qty, price }) => `${order_id} ${cum_qty}: ${qty} @ ${price}`);
    assert.deepEqual(logged.toSorted(), told.toSorted());
    assert.equal(new Set(told).size, told.length, 'no fill is there twice');
    const names = (await this.venue.orders()).map((order) => order.client_order_id);
    assert.equal(new Set(names).size, names.length, 'no order is there twice');

    const expected = recompute(INITIAL_CASH, fills);
    assert.equal(portfolio.imbalance, '0');
    assert.equal(portfolio.cash, expected.cash);
    const held = portfolio.positions.map(({ symbol, qty, cost, realizedPnl }) => [symbol, { qty, cost, realizedPnl }]);
    assert.deepEqual(held, [...expected.positions]);

    const charged = fills.reduce(
      (sum, fill) => sum + scaled(fill.lastQty) * scaled(fill.lastPx) * BigInt(takerBps),
      0n,
    );
    // Products of two amounts at 12 places, in ten-thousandths.
    const feesUsd = charged / 10n ** BigInt(PLACES) / 10_000n;
    assert.equal(charged % (10n ** BigInt(PLACES) * 10_000n), 0n, 'the fees are exact at 12 places');
    const { cash, positions } = await this.venue.book();
    assert.equal(scaled(cash), scaled(expected.cash) - feesUsd);
    const fees = (await this.venue.get('/v2/account/activities/FEE?page_size=100')) as FeeActivity[];
    if (fees.length < 100)
      assert.equal(
        fees.reduce((sum, one) => sum - scaled(one.net_amount), 0n),
        feesUsd,
      );
    const qty = expected.positions.get(SYMBOL)?.qty ?? '0';
    assert.deepEqual(
      Object.values(positions).map((position) => position.qty),
      qty === '0' ? [] : [qty],
    );
    return { fills, cash };
  }

  async #executionLog(): Promise<{ readonly events: readonly Envelope[]; readonly lastSeq: number }> {
    const events: Envelope[] = [];
    for (;;) {
      const request = { requestId: `since-${events.length}`, after: events.length, maxBytes: Number.MAX_SAFE_INTEGER };
      const { reply, attached } = await this.stack.ask('executionRequests', ['since', 'sinceReply'], request);
      events.push(...attached);
      if (events.length >= reply.lastSeq) return { events, lastSeq: reply.lastSeq };
    }
  }
}

/** In units of 1e-12. */
function scaled(decimal: string): bigint {
  const [whole = '', fraction = ''] = decimal.split('.');
  assert.ok(fraction.length <= PLACES, `${decimal} has more than ${PLACES} decimals`);
  const digits = BigInt(`${whole.replace('-', '')}${fraction.padEnd(PLACES, '0')}`);
  return decimal.startsWith('-') ? -digits : digits;
}

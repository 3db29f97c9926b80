import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { addresses, type ServiceName } from '@tickpath/runtime';
import {
  BinanceExchange,
  ExchangeServer,
  eventually,
  freePortOffset,
  networkAt,
  readCapturedFrames,
  TestProcess,
} from '@tickpath/testkit';

const WORKSPACE = join(import.meta.dirname, '../..');
const CAPTURE = new URL('../../../shared/data/binance/spot-btcusdt-20240808.gz', import.meta.url);
const KEYS = { APCA_API_KEY_ID: 'test-key', APCA_API_SECRET_KEY: 'test-secret' };
const HEADERS = { 'apca-api-key-id': KEYS.APCA_API_KEY_ID, 'apca-api-secret-key': KEYS.APCA_API_SECRET_KEY };
const BEAT_MS = 200;

interface Order {
  readonly id: string;
  readonly status: string;
  readonly filled_qty: string;
  readonly filled_avg_price: string | null;
}

interface Quote {
  readonly bp: number;
  readonly ap: number;
}

describe('profile live-data: a recorded exchange, market-data and the venue as processes', {
  timeout: 120_000,
  skip: existsSync(CAPTURE) ? false : 'no recording ../shared/data/binance/spot-btcusdt-20240808.gz',
}, () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'tickpath-live-data-'));
  const processes: TestProcess[] = [];
  let exchange: BinanceExchange;
  let server: ExchangeServer;
  let venue: TestProcess;
  let marketData: TestProcess;
  let at: ReturnType<typeof addresses>;
  let portOffset = 0;

  const launch = (service: ServiceName, ...flags: string[]) => {
    const script = join(WORKSPACE, `services/${service}/src/main.ts`);
    const own = [`--network.portOffset=${portOffset}`, `--data.dir=${dataDir}`, '--tracing.exporter=none'];
    const launched = new TestProcess([process.execPath, script, '--profile=live-data', ...own, ...flags], {
      cwd: WORKSPACE,
      env: { ...process.env, ...KEYS },
    });
    processes.push(launched);
    return launched;
  };
  const launchMarketData = () =>
    launch(
      'market-data',
      '--market-data.symbols=BTC-USDT',
      `--market-data.heartbeatMs=${BEAT_MS}`,
      `--market-data.streamUrl=${server.streamUrl}`,
      `--market-data.restUrl=${server.restUrl}`,
      '--market-data.connection.backoffFirstMs=50',
    );

  before(async () => {
    portOffset = await freePortOffset();
    at = addresses(networkAt(portOffset));
    exchange = new BinanceExchange({ frames: readCapturedFrames(CAPTURE), isEndless: true, shownLevels: 10 });
    server = await ExchangeServer.open({ exchange, seed: 1 });
    server.play(2);
    venue = launch('venue', `--venue.stream.heartbeatMs=${BEAT_MS}`);
    await venue.line(/"msg":"market open"/);
    marketData = launchMarketData();
    await venue.line(/follows run/);
  });

  after(async () => {
    for (const each of processes) each.kill('SIGKILL');
    for (const each of processes) await each.ended;
    await server?.close();
    rmSync(dataDir, { recursive: true, force: true });
  });

  const request = async <T>(method: string, path: string, body?: object): Promise<T> => {
    const response = await fetch(at.httpUrl('venue') + path, {
      method,
      headers: { ...HEADERS, 'content-type': 'application/json' },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    assert.ok(response.ok, `${method} ${path}: ${response.status} ${text}`);
    return JSON.parse(text);
  };
  const submit = (order: object) =>
    request<Order>('POST', '/v2/orders', { symbol: 'BTC/USDT', type: 'market', time_in_force: 'gtc', ...order });
  const filled = (id: string) =>
    eventually(`order ${id} is filled`, async () => {
      const order = await request<Order>('GET', `/v2/orders/${id}`);
      return order.status === 'filled' ? order : undefined;
    });
  const latest = async (): Promise<Quote | undefined> => {
    const path = '/v1beta3/crypto/us/latest/quotes?symbols=BTC%2FUSDT';
    const { quotes } = await request<{ quotes: Record<string, Quote> }>('GET', path);
    return quotes['BTC/USDT'];
  };
  /** Every price that the recorded book has had at its best, on each side. */
  const bestPrices = (side: 'bids' | 'asks') =>
    new Set([...exchange.states.values()].map((state) => Number(state[side][0]?.[0])));

  test('the venue shows the best prices of the exchange', async () => {
    await eventually('a quote of the recording', async () => {
      const quote = await latest();
      return quote !== undefined && bestPrices('bids').has(quote.bp) ? true : undefined;
    });
  });

  test('orders fill at prices of the recorded market, on their side of it', async () => {
    for (const [side, shown] of [
      ['buy', 'asks'],
      ['sell', 'bids'],
    ] as const) {
      server.pause();
      const levels = exchange.shown(10)[shown];
      const { ap, bp } = await eventually('the venue stands where the exchange stands', async () => {
        const quote = await latest();
        return quote !== undefined && quote.bp < quote.ap ? quote : undefined;
      });
      const { id } = await submit({ side, qty: '0.001' });
      const order = await filled(id);
      assert.equal(Number(order.filled_avg_price), side === 'buy' ? ap : bp);
      const best = Number(levels[0]?.[0]);
      assert.ok(Math.abs(Number(order.filled_avg_price) / best - 1) < 0.01, `${order.filled_avg_price} beside ${best}`);
      assert.equal(order.filled_qty, '0.001');
      server.play(2);
    }
  });

  test('a resting order is filled when the recorded market comes to it', async () => {
    const quote = await latest();
    assert.ok(quote !== undefined);
    const { id } = await submit({ side: 'buy', qty: '0.001', type: 'limit', limit_price: String(quote.bp) });
    server.play(20);
    const order = await filled(id);
    assert.ok(Number(order.filled_avg_price) <= quote.bp);
    server.play(2);
  });

  test('nothing fills at what was shown before market-data went silent, until it shows the market again', async () => {
    const from = venue.lines.length;
    marketData.kill('SIGKILL');
    await marketData.ended;
    await venue.line(/what it showed is forgotten/, { from });
    const { id } = await submit({ side: 'buy', qty: '0.001' });
    const { status } = await request<Order>('GET', `/v2/orders/${id}`);
    assert.equal(status, 'new');
    marketData = launchMarketData();
    const order = await filled(id);
    const best = Number(exchange.shown(1).asks[0]?.[0]);
    assert.ok(Math.abs(Number(order.filled_avg_price) / best - 1) < 0.01);
  });
});

test('without the network market-data says once what it cannot reach, dials on, and is not healthy', {
  timeout: 60_000,
}, async () => {
  const portOffset = await freePortOffset();
  const script = join(WORKSPACE, 'services/market-data/src/main.ts');
  // Nothing listens on port 1.
  const place = 'ws://127.0.0.1:1/stream';
  const flags = [`--market-data.streamUrl=${place}`, '--market-data.connection.backoffFirstMs=20'];
  const marketData = new TestProcess(
    [
      ...([process.execPath, script, '--profile=live-data', `--network.portOffset=${portOffset}`] as const),
      ...[...flags, '--market-data.connection.backoffLastMs=40', '--tracing.exporter=none', '--log.level=debug'],
    ],
    { cwd: WORKSPACE },
  );
  try {
    const failures = () => marketData.lines.filter((line) => line.includes('feed connection failed')).length;
    await eventually('five attempts', () => (failures() >= 5 ? true : undefined));
    const said = marketData.lines.filter((line) => line.includes('cannot be reached'));
    assert.equal(said.length, 1);
    assert.match(
      said[0] ?? '',
      /"level":"warn".*ws:\/\/127\.0\.0\.1:1\/stream cannot be reached: .*ECONNREFUSED.*dialled/,
    );
    const health = await fetch(`${addresses(networkAt(portOffset)).httpUrl('health.market-data')}/healthz`);
    assert.match(await health.text(), /"status":"degraded".*not connected to the venue/);
  } finally {
    marketData.kill('SIGTERM');
    assert.equal((await marketData.ended).code, 0);
  }
});

import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, before, describe, test } from 'node:test';
import { zstdDecompressSync } from 'node:zlib';
import { addresses, EXIT_UNRECOVERABLE, type ServiceName } from '@tickpath/runtime';
import {
  BinanceExchange,
  CoinbaseExchange,
  ExchangeServer,
  eventually,
  freePortOffset,
  KrakenExchange,
  networkAt,
  readCapturedFrames,
  readCapturedSession,
  TestProcess,
} from '@tickpath/testkit';
import { MarketFollower, NO_METRICS } from '@tickpath/wire';
import { FeedReader } from '../chaos/feed-reader.ts';
import { Relay } from './live-data-relay.ts';

const WORKSPACE = join(import.meta.dirname, '../..');
const CLI = join(WORKSPACE, 'bin/tickpath');
const FOLDER = new URL('../../../shared/data/', import.meta.url);
const CAPTURES = ['binance/spot-btcusdt-20240808.gz', 'captures/COINBASE.jsonl.zst', 'captures/KRAKEN.jsonl.zst'];
const missing = CAPTURES.find((path) => !existsSync(new URL(path, FOLDER)));
const KEYS = { APCA_API_KEY_ID: 'test-key', APCA_API_SECRET_KEY: 'test-secret' };
const BEAT_MS = 200;
const FEEDS = ['alpaca-stocks', 'binance', 'coinbase', 'kraken'] as const;
type FeedName = (typeof FEEDS)[number];
/** As docs/metrics.md promises it. */
const SERIES_BOUND = 400 + 40 * (FEEDS.length - 1);
/** One symbol of each feed that is followed from the start. */
const FIRST: Readonly<Record<FeedName, string>> = {
  'alpaca-stocks': 'AAPL',
  binance: 'BTC-USDT',
  coinbase: 'BTC-USD',
  kraken: 'XMR-USD',
};

interface FeedsAnswer {
  readonly feeds: readonly {
    readonly feed: string;
    readonly state: string;
    readonly symbols: readonly { readonly symbol: string; readonly data: string }[];
  }[];
}

/** Of a normalised recording: what was published on each topic, stamps apart. */
function publishedIn(files: readonly string[]): Map<string, string[]> {
  const byTopic = new Map<string, string[]>();
  for (const file of files) {
    for (const line of zstdDecompressSync(readFileSync(file)).toString().trimEnd().split('\n')) {
      const { t, topic, kind, payload } = JSON.parse(line) as {
        readonly t: string;
        readonly topic: string;
        readonly kind: string;
        readonly payload: Readonly<Record<string, unknown>>;
      };
      if (t !== 'publish') continue;
      const fields = Object.entries(payload).filter(([name]) => name !== 'receivedNs' && name !== 'decodedNs');
      byTopic.set(topic, [...(byTopic.get(topic) ?? []), JSON.stringify([kind, fields])]);
    }
  }
  return byTopic;
}

function captured(path: string): URL {
  return new URL(path, FOLDER);
}

describe('market-data with four feeds: three recorded exchanges and the venue', {
  timeout: 180_000,
  skip: missing === undefined ? false : `no recording ${missing}`,
}, () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'tickpath-several-feeds-'));
  const processes: TestProcess[] = [];
  const servers: ExchangeServer[] = [];
  const relays: Relay[] = [];
  const runs: string[] = [];
  let coinbase: Relay;
  let marketData: TestProcess;
  let reader: FeedReader;
  let runReader: MarketFollower;
  let at: ReturnType<typeof addresses>;
  let where: readonly string[] = [];
  let feedFlags: readonly string[] = [];

  const launch = (service: ServiceName, ...flags: readonly string[]) => {
    const script = join(WORKSPACE, `services/${service}/src/main.ts`);
    const launched = new TestProcess([process.execPath, script, ...where, '--tracing.exporter=none', ...flags], {
      cwd: WORKSPACE,
      env: { ...process.env, ...KEYS },
    });
    processes.push(launched);
    return launched;
  };

  /** A recorded exchange behind a port that can be cut off, as the entry of the configuration for it. */
  const exchange = async (source: FeedName, server: ExchangeServer, ...symbols: readonly string[]) => {
    servers.push(server);
    const relay = await Relay.open(Number(new URL(server.restUrl).port));
    relays.push(relay);
    const place = `127.0.0.1:${relay.port}`;
    const entry = { source, symbols, streamUrl: `ws://${place}/stream`, restUrl: `http://${place}` };
    return { relay, entry };
  };

  before(async () => {
    const portOffset = await freePortOffset();
    at = addresses(networkAt(portOffset));
    where = [`--network.portOffset=${portOffset}`, `--data.dir=${dataDir}`];
    const play = { isEndless: true, startMs: Date.now(), shownLevels: 1 };
    const binanceMarket = new BinanceExchange({ frames: readCapturedFrames(captured(CAPTURES[0] ?? '')), ...play });
    const coinbaseMarket = new CoinbaseExchange(readCapturedSession(captured(CAPTURES[1] ?? '')), play);
    const krakenMarket = new KrakenExchange(readCapturedSession(captured(CAPTURES[2] ?? '')), play);
    const opened = [
      await exchange('binance', await ExchangeServer.open({ exchange: binanceMarket, seed: 1 }), 'BTC-USDT'),
      await exchange('coinbase', await ExchangeServer.open({ exchange: coinbaseMarket, seed: 2 }), 'BTC-USD'),
      await exchange('kraken', await ExchangeServer.open({ exchange: krakenMarket, seed: 3 }), 'XMR-USD', 'OMG-USD'),
    ] as const;
    coinbase = opened[1].relay;
    for (const server of servers) server.play(2);
    feedFlags = [
      '--market-data.source=alpaca-stocks',
      '--market-data.symbols=AAPL,MSFT',
      `--market-data.feeds=${JSON.stringify(opened.map(({ entry }) => entry))}`,
      '--market-data.connection.backoffFirstMs=50',
      '--market-data.connection.backoffLastMs=200',
      '--market-data.quality.cleanMs=100',
      `--market-data.heartbeatMs=${BEAT_MS}`,
      '--market-data.recorder.raw=true',
      '--market-data.recorder.normalised=true',
      `--market-data.recorder.dir=${join(dataDir, 'live')}`,
    ];
    await launch('venue').line(/"msg":"market open"/, { boundMs: 60_000 });
    marketData = launch('market-data', ...feedFlags);
    const connect = { stream: at.connect('marketStream'), control: at.connect('marketControl') };
    reader = new FeedReader({ connect, heartbeatMs: BEAT_MS });
    runReader = new MarketFollower({
      ...{ name: 'run-reader', epoch: 1, connect, prefixes: ['NONE/'], heartbeatMs: BEAT_MS, metrics: NO_METRICS },
      nowNs: () => process.hrtime.bigint(),
      receiveHighWaterMark: 1_000,
      deliver: () => {},
      onLost: () => {},
      onRun: (run) => void runs.push(run),
    });
  });

  after(async () => {
    reader?.close();
    runReader?.close();
    for (const each of processes) each.kill('SIGKILL');
    for (const each of processes) await each.ended;
    for (const relay of relays) await relay.cut();
    for (const server of servers) await server.close();
    rmSync(dataDir, { recursive: true, force: true, maxRetries: 10 });
  });

  let isStopped = false;
  afterEach(() => {
    if (!marketData.running && !isStopped) console.log(marketData.lines.slice(-20).join('\n'));
  });

  const url = () => at.httpUrl('health.market-data');
  const metric = async (series: string): Promise<number> => {
    const text = await (await fetch(`${url()}/metrics`)).text();
    const line = text.split('\n').find((one) => one.startsWith(`tickpath_market_data_${series} `));
    return Number(line?.split(' ')[1] ?? 'NaN');
  };
  const health = async () =>
    (await (await fetch(`${url()}/healthz`)).json()) as { status: string; reasons?: readonly string[] };
  const tickpath = async (...argv: readonly string[]) => {
    const cli = new TestProcess([process.execPath, CLI, ...argv, ...where], {
      env: { ...process.env, TICKPATH_PROFILE: undefined, npm_lifecycle_event: undefined },
    });
    const { code } = await cli.ended;
    return { code, text: cli.lines.join('\n') };
  };
  const valid = (symbol: string) =>
    eventually(`the data of ${symbol} is valid`, () => (reader.isDataValid(symbol) ? true : undefined), 30_000);
  const reasons = (symbol: string) => reader.dataStates.get(symbol)?.at(-1)?.reasons.join('; ') ?? '';
  /** Waits until something more of the symbol has been published. */
  const moves = async (symbol: string) => {
    const state = () => [reader.trades.get(symbol)?.length, JSON.stringify(reader.book(symbol))].join(' ');
    const before = state();
    await eventually(`${symbol} goes on`, () => (state() === before ? undefined : true));
  };

  test('every feed publishes its symbols, told apart in metrics and health', async () => {
    for (const symbol of [...Object.values(FIRST), 'MSFT', 'OMG-USD']) await valid(symbol);
    for (const feed of FEEDS) {
      assert.equal(await metric(`subscribed{feed="${feed}"}`), 1, feed);
      assert.equal(await metric(`feed_state{feed="${feed}",state="subscribed"}`), 1, feed);
      assert.equal(await metric(`reconnects_total{feed="${feed}"}`), 0, feed);
      assert.ok((await metric(`symbols{feed="${feed}"}`)) >= 1, feed);
      await moves(FIRST[feed]);
    }
    assert.equal((await health()).status, 'healthy');
    const { code, text } = await tickpath('symbols');
    assert.equal(code, 0, text);
    for (const feed of FEEDS) assert.match(text, new RegExp(`^${feed} +subscribed +.*${FIRST[feed]}`, 'm'));
  });

  test('an exchange that is gone makes its own symbols invalid and no others, until it is back', async () => {
    await coinbase.cut();
    await eventually('BTC-USD is invalid', () =>
      /feed: found disconnected/.test(reasons('BTC-USD')) ? true : undefined,
    );
    assert.equal(await metric('subscribed{feed="coinbase"}'), 0);
    const { status, reasons: why } = await health();
    assert.deepEqual([status, why], ['degraded', ['not connected to coinbase']]);
    for (const feed of FEEDS) {
      if (feed === 'coinbase') continue;
      await moves(FIRST[feed]);
      assert.ok(reader.isDataValid(FIRST[feed]), feed);
      assert.equal(await metric(`subscribed{feed="${feed}"}`), 1, feed);
      assert.equal(await metric(`invalid_symbols{feed="${feed}"}`), 0, feed);
    }
    assert.match((await tickpath('symbols')).text, /^BTC-USD \(coinbase\): not valid: .*feed: found disconnected/m);
    await coinbase.restore();
    await valid('BTC-USD');
    await moves('BTC-USD');
    assert.equal(await metric('reconnects_total{feed="coinbase"}'), 1);
    assert.equal((await health()).status, 'healthy');
  });

  test('a symbol is added to its feed and removed from it by a command', async () => {
    const added = await tickpath('symbols', 'add', 'ETH-USD', '--feed', 'coinbase');
    // On a busy machine its snapshot may take longer than the command waits.
    assert.match(added.text, /^ETH-USD added to coinbase, (?:not )?valid.*; until market-data starts again$/m);
    assert.equal(added.code, 0);
    await valid('ETH-USD');
    await moves('ETH-USD');
    const removed = await tickpath('symbols', 'remove', 'ETH-USD');
    assert.deepEqual(
      [removed.code, removed.text],
      [0, 'ETH-USD removed from coinbase; until market-data starts again'],
    );
    const gone = /^feed: found removed from what is subscribed, needed subscribed$/;
    await eventually('it is said', () => (gone.test(reasons('ETH-USD')) ? true : undefined));
    await eventually('its book is invalid', () => (reader.book('ETH-USD')?.isValid === false ? true : undefined));
    await moves('BTC-USD');
    assert.ok(reader.isDataValid('BTC-USD'), 'the others of the feed go on');
    assert.equal(await metric('invalid_symbols{feed="coinbase"}'), 0, 'what is not followed is not counted');
    const again = await tickpath('symbols', 'add', 'ETH-USD');
    assert.match(again.text, /^ETH-USD added to coinbase, (?:not )?valid/m);
    await valid('ETH-USD');
  });

  test('a symbol that the venue does not know is refused in its words, and the others go on', async () => {
    const { code, text } = await tickpath('symbols', 'add', 'NOPE-USDT', '--feed', 'binance');
    assert.equal(code, 1, text);
    assert.match(text, /^tickpath: NOPE-USDT at binance: .*-1121/m);
    await moves('BTC-USDT');
    assert.ok(reader.isDataValid('BTC-USDT'));
    assert.equal(await metric('reconnects_total{feed="binance"}'), 0);
    assert.equal((await tickpath('symbols', 'remove', 'NOPE-USDT')).code, 0);
  });

  test('what makes no sense is refused with both values', async () => {
    for (const [argv, fault] of [
      [['add', 'BTC-USD', '--feed', 'kraken'], /BTC-USD is at home at coinbase; a symbol has one feed \(status 409\)/],
      [['add', 'SOL-USD'], /no feed given for SOL-USD; allowed: alpaca-stocks, binance, coinbase, kraken/],
      [['add', 'BTCUSDT', '--feed', 'binance'], /BTCUSDT and BTC-USDT, which binance has, are both BTCUSDT there/],
      [['add', 'SOL-USD', '--feed', 'okx'], /unknown feed okx; allowed: alpaca-stocks, /],
      [['add', 'sol usd', '--feed', 'kraken'], /found "sol usd"; allowed: 1 to 32 capital letters/],
      [['remove', 'SOL-USD'], /no feed has SOL-USD/],
      [['remove', 'BTC-USDT'], /BTC-USDT is the only symbol of binance; a feed needs at least 1/],
    ] as const) {
      const { code, text } = await tickpath('symbols', ...argv);
      assert.equal(code, 1, text);
      assert.match(text, fault);
    }
    const symbols = `${url()}/symbols`;
    const page = { method: 'PUT', headers: { origin: 'http://127.0.0.1:9101' } };
    assert.equal((await fetch(`${symbols}?symbol=SOL-USD&feed=kraken`, page)).status, 403);
    assert.equal((await fetch(symbols, { method: 'PUT' })).status, 400);
    const twice = await fetch(`${symbols}?symbol=SOL-USD&symbol=LTC-USD&feed=kraken`, { method: 'PUT' });
    assert.equal(twice.status, 400);
    assert.equal((await fetch(`${symbols}?symbol=SOL-USD&to=kraken`, { method: 'PUT' })).status, 400);
    assert.equal((await fetch(symbols, { method: 'POST' })).status, 405);
    const { feeds } = (await (await fetch(symbols)).json()) as FeedsAnswer;
    const followed = feeds.flatMap(({ symbols: list }) => list.map(({ symbol }) => symbol));
    assert.deepEqual(followed.toSorted(), ['AAPL', 'BTC-USD', 'BTC-USDT', 'ETH-USD', 'MSFT', 'OMG-USD', 'XMR-USD']);
  });

  test('all this was one run, named after all the feeds', () => {
    assert.equal(runs.length, 1, runs.join(' then '));
    const [, ...hosts] = runs[0]?.split('+') ?? [];
    assert.deepEqual(
      hosts,
      relays.map(({ port }) => `127.0.0.1:${port}`),
    );
    assert.ok(marketData.running);
  });

  test('each feed has a recording of its own, which plays the changes of its symbols too', async (context) => {
    const text = await (await fetch(`${url()}/metrics`)).text();
    const series = text.split('\n').filter((line) => line !== '' && !line.startsWith('#')).length;
    context.diagnostic(`${series} series`);
    assert.ok(series < SERIES_BOUND, `${series} series >= ${SERIES_BOUND}`);
    isStopped = true;
    marketData.kill('SIGTERM');
    await marketData.ended;
    const filesOf = (folder: string, feed: FeedName) =>
      readdirSync(join(dataDir, folder))
        .filter((name) => name.startsWith(`${feed}-`))
        .sort()
        .map((name) => join(dataDir, folder, name));
    for (const feed of FEEDS) assert.ok(filesOf('live/raw', feed).length > 0, feed);
    const played = launch(
      'market-data',
      ...['--market-data.source=recording', '--market-data.recording.pace=max'],
      `--market-data.recording.files=${filesOf('live/raw', 'coinbase').join(',')}`,
      ...['--market-data.requiredFollowers=run-reader', `--market-data.heartbeatMs=${BEAT_MS}`],
      ...['--market-data.quality.cleanMs=100', '--market-data.recorder.normalised=true'],
      `--market-data.recorder.dir=${join(dataDir, 'again')}`,
    );
    await played.line(/the recording is over/, { boundMs: 60_000 });
    played.kill('SIGTERM');
    await played.ended;
    const wanted = publishedIn(filesOf('live/normalised', 'coinbase'));
    const found = publishedIn(filesOf('again/normalised', 'coinbase'));
    assert.ok(
      [...wanted.keys()].every((topic) => /^(BTC|ETH)-USD\//.test(topic)),
      [...wanted.keys()].join(),
    );
    assert.deepEqual([...found.keys()].toSorted(), [...wanted.keys()].toSorted());
    for (const [topic, messages] of wanted) assert.deepEqual(found.get(topic), messages, topic);
    for (const symbol of ['BTC-USD', 'ETH-USD']) {
      assert.ok((wanted.get(`${symbol}/quote`)?.length ?? 0) > 1, `best quotes of ${symbol}, from its book`);
    }
    assert.match(wanted.get('ETH-USD/data')?.join('\n') ?? '', /removed from what is subscribed/);
  });

  test('a symbol that two feeds name stops the start, with both of them in the line', async () => {
    const feeds = [
      { source: 'coinbase', symbols: ['ETH-USD', 'BTC-USD'] },
      { source: 'kraken', symbols: ['BTC/USD'] },
    ];
    const refused = launch('market-data', `--market-data.feeds=${JSON.stringify(feeds)}`);
    const { code } = await refused.ended;
    assert.equal(code, EXIT_UNRECOVERABLE);
    const fault =
      'market-data.feeds[1].symbols (kraken) names BTC-USD, as does market-data.feeds[0].symbols (coinbase); a symbol has one feed';
    assert.ok(
      refused.lines.some((line) => line.includes(fault)),
      refused.lines.join('\n'),
    );
  });
});

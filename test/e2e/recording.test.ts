import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { zstdDecompressSync } from 'node:zlib';
import { addresses } from '@tickpath/runtime';
import {
  BinanceExchange,
  ExchangeServer,
  eventually,
  freePortOffset,
  networkAt,
  readCapturedFrames,
  TestProcess,
} from '@tickpath/testkit';
import { MarketFollower, NO_METRICS } from '@tickpath/wire';

const WORKSPACE = join(import.meta.dirname, '../..');
const MAIN = join(WORKSPACE, 'services/market-data/src/main.ts');
const CAPTURE = new URL('../../../shared/data/binance/spot-btcusdt-20240808.gz', import.meta.url);
const EVENTS = 800;
const STAMPS: readonly string[] = ['receivedNs', 'decodedNs'];
interface Published {
  readonly t: string;
  readonly topic: string;
  readonly kind: string;
  readonly payload: Readonly<Record<string, unknown>>;
}

describe('a feed that is recorded and played again', {
  timeout: 120_000,
  skip: existsSync(CAPTURE) ? false : 'no recording ../shared/data/binance/spot-btcusdt-20240808.gz',
}, () => {
  const dir = mkdtempSync(join(tmpdir(), 'tickpath-recording-'));
  const processes: TestProcess[] = [];
  let exchange: BinanceExchange;
  let server: ExchangeServer;
  let portOffset = 0;

  before(async () => {
    portOffset = await freePortOffset();
    exchange = new BinanceExchange({ frames: readCapturedFrames(CAPTURE), isEndless: true, shownLevels: 1 });
    server = await ExchangeServer.open({ exchange, seed: 1 });
  });

  after(async () => {
    for (const each of processes) each.kill('SIGKILL');
    for (const each of processes) await each.ended;
    await server?.close();
    rmSync(dir, { recursive: true, force: true });
  });

  /** Changes of the book and trades so far. */
  const happened = () => exchange.states.size + exchange.trades.size;
  const launch = (...flags: string[]) => {
    const own = [`--network.portOffset=${portOffset}`, `--data.dir=${dir}`, '--tracing.exporter=none'];
    const limits = ['--market-data.requiredFollowers=test', '--market-data.heartbeatMs=100'];
    const recorded = ['--market-data.recorder.normalised=true', '--market-data.bookSnapshotMs=200'];
    const launched = new TestProcess([process.execPath, MAIN, ...own, ...limits, ...recorded, ...flags], {
      cwd: WORKSPACE,
    });
    processes.push(launched);
    return launched;
  };
  const stop = async (one: TestProcess, signal: NodeJS.Signals) => {
    one.kill(signal);
    await one.ended;
  };
  /** The files of a recording, in their order. */
  const filesIn = (folder: string) =>
    readdirSync(folder)
      .sort()
      .map((name) => join(folder, name));
  const publishedIn = (folder: string): Map<string, string[]> => {
    const byTopic = new Map<string, string[]>();
    for (const file of filesIn(folder)) {
      const text = zstdDecompressSync(readFileSync(file)).toString().trimEnd();
      for (const line of text.split('\n')) {
        const { t, topic, kind, payload } = JSON.parse(line) as Published;
        if (t !== 'publish') continue;
        const rest = Object.entries(payload).filter(([name]) => !STAMPS.includes(name));
        byTopic.set(topic, [...(byTopic.get(topic) ?? []), JSON.stringify([kind, rest])]);
      }
    }
    return byTopic;
  };
  const play = async (files: readonly string[], to: string): Promise<void> => {
    const at = addresses(networkAt(portOffset));
    const nowNs = () => process.hrtime.bigint();
    const replayed = launch(
      '--market-data.source=recording',
      `--market-data.recording.files=${files.join(',')}`,
      '--market-data.recording.pace=max',
      `--market-data.recorder.dir=${to}`,
    );
    const follower = new MarketFollower({
      ...{ name: 'test', epoch: 1, prefixes: [''], nowNs, metrics: NO_METRICS },
      ...{ receiveHighWaterMark: 100_000, heartbeatMs: 100 },
      connect: { stream: at.connect('marketStream'), control: at.connect('marketControl') },
      deliver: () => {},
      onLost: (topic) => assert.fail(`lost ${topic}`),
      onRun: () => {},
    });
    try {
      await replayed.line(/the recording is over/);
    } finally {
      follower.close();
    }
    await stop(replayed, 'SIGTERM');
  };

  test('the same is published on every topic, through losses of the connection and of frames', async () => {
    const live = launch(
      ...['--market-data.source=binance', '--market-data.symbols=BTC-USDT', '--market-data.recorder.raw=true'],
      ...[`--market-data.streamUrl=${server.streamUrl}`, `--market-data.restUrl=${server.restUrl}`],
      ...[`--market-data.recorder.dir=${join(dir, 'live')}`, '--market-data.recorder.rotateBytes=20000'],
      '--market-data.connection.backoffFirstMs=50',
    );
    await live.line(/subscribed to the venue/);
    server.play(10);
    for (const fault of ['hole', 'close'] as const) {
      const begun = happened();
      await eventually('frames', () => (happened() > begun + EVENTS / 4 ? true : undefined));
      server.inject(fault);
    }
    await eventually('faults', () => (server.done.hole > 0 && server.done.close > 0 ? true : undefined));
    const begun = happened();
    await eventually('frames behind the faults', () => (happened() > begun + EVENTS ? true : undefined));
    server.pause();
    await stop(live, 'SIGTERM');
    const raw = filesIn(join(dir, 'live/raw'));
    assert.ok(raw.length > 1, 'the recording is in several files');

    await play(raw, join(dir, 'again'));
    const [wanted, found] = [publishedIn(join(dir, 'live/normalised')), publishedIn(join(dir, 'again/normalised'))];
    const topics = [...wanted.keys()];
    for (const kind of ['trade', 'quote', 'book', 'data', 'instrument']) {
      assert.ok(topics.includes(`BTC-USDT/${kind}`), `${kind} in ${topics}`);
    }
    assert.deepEqual([...found.keys()].sort(), topics.sort());
    for (const [topic, messages] of wanted) {
      const again = found.get(topic) ?? [];
      assert.deepEqual(again.slice(0, messages.length), messages, topic);
      // At its end the recorded connection is lost, and that is said.
      const ending = again.slice(messages.length);
      assert.ok(ending.length <= (/\/(data|book)$/.test(topic) ? 1 : 0), `${topic}: ${ending}`);
    }
    assert.ok((wanted.get('BTC-USDT/trade')?.length ?? 0) > 100);
  });

  test('the recording of a killed process is played up to its last whole block', async () => {
    const folder = join(dir, 'killed');
    const live = launch(
      ...['--market-data.source=binance', '--market-data.symbols=BTC-USDT', '--market-data.recorder.raw=true'],
      ...[`--market-data.streamUrl=${server.streamUrl}`, `--market-data.restUrl=${server.restUrl}`],
      `--market-data.recorder.dir=${folder}`,
    );
    await live.line(/subscribed to the venue/);
    server.play(10);
    const metrics = `${addresses(networkAt(portOffset)).httpUrl('health.market-data')}/metrics`;
    await eventually('some of it is on the disk', async () => {
      const text = await (await fetch(metrics)).text();
      const bytes = /recorded_bytes_total\{recording="raw"\} (\d+)/.exec(text)?.[1];
      return Number(bytes) > 20_000 ? true : undefined;
    });
    await stop(live, 'SIGKILL');
    server.pause();
    await play(filesIn(join(folder, 'raw')), join(dir, 'killed-again'));
    const found = publishedIn(join(dir, 'killed-again/normalised'));
    assert.ok((found.get('BTC-USDT/trade')?.length ?? 0) > 0);
    assert.match(processes.at(-1)?.lines.join('\n') ?? '', /is cut off behind line \d+/);
  });
});

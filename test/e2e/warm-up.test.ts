import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { addresses, type ServiceName } from '@tickpath/runtime';
import { eventually, freePortOffset, networkAt, Outsider, TestProcess } from '@tickpath/testkit';
import { decodeFrame, type Payload, Requester } from '@tickpath/wire';

const WORKSPACE = join(import.meta.dirname, '../..');
const KEYS = { APCA_API_KEY_ID: 'test-key', APCA_API_SECRET_KEY: 'test-secret' };
const SYMBOL = 'AAPL';
const SECOND_NS = 1_000_000_000n;
const MINUTE_NS = 60n * SECOND_NS;

type PublishedBar = Payload<'bar'>;
type Interval = PublishedBar['interval'];

interface RestTrade {
  readonly t: string;
  readonly p: number;
  readonly s: number;
  readonly c: readonly string[];
}

interface Content {
  readonly startNs: bigint;
  readonly open: number;
  readonly high: number;
  readonly low: number;
  readonly close: number;
  readonly volume: number;
  readonly tradeCount: number;
}

describe('market-data killed amid a bar', { timeout: 240_000 }, () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'tickpath-warm-up-'));
  const processes: TestProcess[] = [];
  let at: ReturnType<typeof addresses>;
  let stream: Outsider;
  let store: Requester;
  let portOffset = 0;
  let asked = 0;
  let read = 0;
  const bars: PublishedBar[] = [];

  const launch = (service: ServiceName, ...flags: string[]) => {
    const script = join(WORKSPACE, `services/${service}/src/main.ts`);
    const own = [`--network.portOffset=${portOffset}`, `--data.dir=${dataDir}`, '--tracing.exporter=none'];
    const launched = new TestProcess([process.execPath, script, ...own, ...flags], {
      cwd: WORKSPACE,
      env: { ...process.env, ...KEYS },
    });
    processes.push(launched);
    return launched;
  };

  before(async () => {
    portOffset = await freePortOffset();
    at = addresses(networkAt(portOffset));
    stream = new Outsider('SUB', at.connect('marketStream'));
    store = new Requester({
      ...{ source: 'test', epoch: 1, connect: at.connect('storeQueries'), timeoutMs: 2000, retries: 3 },
      nowNs: () => process.hrtime.bigint(),
    });
    launch('venue', '--venue.synthetic.jumpsPerHour=0');
  });

  after(async () => {
    for (const each of processes) each.kill('SIGKILL');
    for (const each of processes) await each.ended;
    stream?.close();
    store?.close();
    rmSync(dataDir, { recursive: true, force: true });
  });

  /** Bars of the symbol that have been published so far. */
  const published = (): readonly PublishedBar[] => {
    for (const [topic, frame] of stream.received.slice(read)) {
      if (!topic?.toString().startsWith(`${SYMBOL}/bar.`) || frame === undefined) continue;
      const take = (envelope: { kind: string; payload: unknown }) => {
        if (envelope.kind === 'bar') bars.push(envelope.payload as PublishedBar);
      };
      decodeFrame(frame, take, assert.fail);
    }
    read = stream.received.length;
    return bars;
  };
  const minuteAfter = (count: number) =>
    eventually(
      'a minute is over',
      () =>
        published()
          .slice(count)
          .find(({ interval, history }) => interval === '1m' && history !== true),
      90_000,
    );
  const kept = async (interval: Interval): Promise<Payload<'bars'>['bars']> => {
    asked += 1;
    const question = { requestId: `bars-${asked}`, symbol: SYMBOL, interval, count: 500 };
    const result = await store.ask('barsQuery', question);
    assert.ok(result.ok && result.reply.kind === 'bars', JSON.stringify(result.ok || result.text));
    return result.reply.payload.bars;
  };

  /** The venue's trades of a time, as its REST has them. */
  const tradesOf = async (startNs: bigint, endNs: bigint): Promise<readonly RestTrade[]> => {
    const text = (ns: bigint) => new Date(Number(ns / 1_000_000n)).toISOString();
    const query = new URLSearchParams({ symbols: SYMBOL, start: text(startNs), end: text(endNs - 1n), limit: '10000' });
    const headers = { 'APCA-API-KEY-ID': 'test-key', 'APCA-API-SECRET-KEY': 'test-secret' };
    const response = await fetch(`${at.httpUrl('venue')}/v2/stocks/trades?${query}`, { headers });
    const body = (await response.json()) as { trades: Record<string, RestTrade[]>; next_page_token: string | null };
    assert.equal(body.next_page_token, null);
    return (body.trades[SYMBOL] ?? []).filter(({ t }) => nsOf(t) >= startNs && nsOf(t) < endNs);
  };

  test('its bars of the past are warm-up, and the bar in progress is that of one who was never away', async () => {
    const first = launch('market-data');
    const { startNs: firstNs } = await minuteAfter(0);
    launch('store');
    await eventually('the store follows', async () => ((await kept('1s')).length > 1 ? true : undefined));
    // What ended some seconds ago is not history yet.
    const begunNs = firstNs + MINUTE_NS + 12n * SECOND_NS;
    await eventually('the next minute has begun', () => (published().at(-1)?.startNs ?? 0n) >= begunNs || undefined);
    first.kill('SIGKILL');
    await first.ended;
    const goneNs = BigInt(Date.now()) * 1_000_000n;
    const isLongGone = async () => (await tradesOf(goneNs + 8n * SECOND_NS, goneNs + 30n * SECOND_NS)).length > 0;
    await eventually('seconds that nobody listens to', async () => (await isLongGone()) || undefined);
    const before = published().length;
    launch('market-data');
    const minute = await minuteAfter(before);

    assert.ok(minute.startNs > firstNs, 'it is not the bar of the first one');
    const endNs = minute.startNs + MINUTE_NS;
    const trades = await tradesOf(minute.startNs, endNs);
    assert.deepEqual([contentOf(minute)], undisturbed(trades, MINUTE_NS));
    assert.equal(minute.incomplete, false);

    const isFirst = ({ startNs }: { startNs: bigint }) => startNs === firstNs;
    const past = await eventually('the bars of the past', () =>
      published()
        .slice(before)
        .find((bar) => bar.interval === '1m' && isFirst(bar)),
    );
    assert.deepEqual([past.history, past.incomplete], [true, false]);
    const expectedPast = undisturbed(await tradesOf(firstNs, firstNs + MINUTE_NS), MINUTE_NS);
    assert.deepEqual([contentOf(past)], expectedPast);
    const keptPast = await eventually('the store has them', async () => (await kept('1m')).find(isFirst));
    assert.deepEqual([contentOf(keptPast)], expectedPast);

    const seconds = (await kept('1s')).filter(({ startNs }) => startNs >= minute.startNs && startNs < endNs);
    const expected = undisturbed(trades, SECOND_NS);
    assert.deepEqual(seconds.map(contentOf), expected, 'the seconds that nobody listened to are there too');
    const isPast = ({ history }: { history: boolean | null }) => history === true;
    assert.ok(seconds.some(isPast), 'and say that they are of the past');
    const names = published()
      .slice(before)
      .map(({ interval, startNs, revision }) => `${interval} ${startNs} ${revision}`);
    assert.equal(new Set(names).size, names.length, 'no bar came twice');
  });
});

/** What someone makes of trades who was never away. Odd lots have a part in the volume alone. */
function undisturbed(trades: readonly RestTrade[], lengthNs: bigint): Content[] {
  const bars = new Map<bigint, RestTrade[]>();
  for (const trade of trades) {
    const startNs = nsOf(trade.t) - (nsOf(trade.t) % lengthNs);
    bars.set(startNs, [...(bars.get(startNs) ?? []), trade]);
  }
  return [...bars].flatMap(([startNs, all]) => {
    const prices = all.filter(({ c }) => !c.includes('I')).map(({ p }) => p);
    const [open, close] = [prices[0], prices.at(-1)];
    if (open === undefined || close === undefined) return [];
    const volume = all.reduce((sum, { s }) => sum + s, 0);
    const range = { high: Math.max(...prices), low: Math.min(...prices) };
    return [{ startNs, open, ...range, close, volume, tradeCount: all.length }];
  });
}

function contentOf({ startNs, tradeCount, ...bar }: Payload<'bars'>['bars'][number]): Content {
  const { open, high, low, close, volume } = bar;
  const prices = { open: Number(open), high: Number(high), low: Number(low), close: Number(close) };
  return { startNs, ...prices, volume: Number(volume), tradeCount };
}

function nsOf(text: string): bigint {
  const [second = '', fraction = ''] = text.replace('Z', '').split('.');
  return BigInt(Date.parse(`${second}Z`)) * 1_000_000n + BigInt(fraction.padEnd(9, '0'));
}

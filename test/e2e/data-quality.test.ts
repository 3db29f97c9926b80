import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { addresses, type ServiceName } from '@tickpath/runtime';
import { eventually, freePortOffset, networkAt, TestProcess } from '@tickpath/testkit';
import { type Payload, Requester } from '@tickpath/wire';
import { ExecutionStandIn, nowNs } from '../chaos/execution-stand-in.ts';
import { ScriptedVenue } from './scripted-venue.ts';

const WORKSPACE = join(import.meta.dirname, '../..');
const STALE_MS = 1_500;
const BEAT_MS = 200;
const KEYS = { APCA_API_KEY_ID: 'test-key', APCA_API_SECRET_KEY: 'test-secret' };

describe('market-data and risk as processes, with a market that goes wrong', { timeout: 180_000 }, () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'tickpath-quality-'));
  const processes: TestProcess[] = [];
  let venue: ScriptedVenue;
  let execution: ExecutionStandIn;
  let marketData: TestProcess;
  let requester: Requester;
  let at: ReturnType<typeof addresses>;
  let portOffset = 0;
  let asked = 0;

  const launch = (service: ServiceName, ...flags: string[]) => {
    const script = join(WORKSPACE, `services/${service}/src/main.ts`);
    const own = [`--network.portOffset=${portOffset}`, `--data.dir=${dataDir}`, '--tracing.exporter=none'];
    const beat = `--${service}.heartbeatMs=${BEAT_MS}`;
    const launched = new TestProcess([process.execPath, script, ...own, beat, ...flags], {
      cwd: WORKSPACE,
      env: { ...process.env, ...KEYS },
    });
    processes.push(launched);
    return launched;
  };
  const launchMarketData = () =>
    launch(
      'market-data',
      '--market-data.symbols=IBM,SPY',
      '--market-data.quality.cleanMs=300',
      `--market-data.quality.stale.afterMs=${STALE_MS}`,
      '--market-data.connection.backoffFirstMs=100',
    );

  before(async () => {
    portOffset = await freePortOffset();
    at = addresses(networkAt(portOffset));
    venue = await ScriptedVenue.open(at.port('venue'));
    for (const symbol of ['IBM', 'SPY']) venue.modes.set(symbol, 'good');
    execution = await ExecutionStandIn.open(portOffset, () => 0.9);
    requester = new Requester({
      ...{ source: 'test', epoch: 1, connect: at.connect('riskRequests'), nowNs, timeoutMs: 2000, retries: 3 },
    });
    marketData = launchMarketData();
    launch('risk');
  });

  after(async () => {
    for (const each of processes) each.kill('SIGKILL');
    for (const each of processes) await each.ended;
    requester?.close();
    execution?.close();
    await venue?.close();
    rmSync(dataDir, { recursive: true, force: true });
  });

  const check = async (symbol: string, side: 'BUY' | 'SELL' = 'BUY'): Promise<Payload<'riskDecision'>> => {
    asked += 1;
    const result = await requester.ask('riskCheck', {
      ...{ requestId: `q-${asked}`, clOrdId: `tp-${asked}`, symbol, side, orderQty: '1', ordType: 'MARKET' },
      ...{ timeInForce: 'DAY', strategy: 's', cause: `trade:${asked}`, receivedNs: nowNs() },
      expiresNs: nowNs() + 60_000_000_000n,
    });
    assert.ok(result.ok && result.reply.kind === 'riskDecision', JSON.stringify(result.ok || result.text));
    return result.reply.payload;
  };
  const approved = (symbol: string, side?: 'BUY' | 'SELL') =>
    eventually(`a ${side ?? 'BUY'} of ${symbol} is approved`, async () =>
      (await check(symbol, side)).approved ? true : undefined,
    );
  const refused = (symbol: string, text: RegExp) =>
    eventually(`a BUY of ${symbol} is refused: ${text}`, async () => {
      const decision = await check(symbol);
      if (decision.approved || !text.test(decision.text ?? '')) return undefined;
      assert.equal(decision.reason, 'MARKET_DATA_INVALID');
      return decision;
    });
  const metric = async (service: ServiceName, series: string): Promise<number> => {
    const text = await (await fetch(`${at.httpUrl(`health.${service}`)}/metrics`)).text();
    const line = text.split('\n').find((one) => one.startsWith(`${series} `));
    return Number(line?.slice(series.length + 1) ?? 'NaN');
  };

  test('good data is traded on', async () => {
    await approved('IBM');
    await approved('SPY');
    assert.equal(await metric('market-data', 'tickpath_market_data_invalid_symbols{feed="alpaca-stocks"}'), 0);
  });

  test('prices that jump stop new orders in their symbol alone; what reduces passes', async () => {
    venue.modes.set('IBM', 'jumping');
    const { text } = await refused('IBM', /price-jump/);
    assert.match(text ?? '', /price 200 is 100 % from 100, allowed 10 %/);
    assert.equal((await check('SPY')).approved, true);
    assert.equal((await check('IBM', 'SELL')).approved, true);
    assert.equal((await check('IBM')).reason, 'MARKET_DATA_INVALID');
    assert.ok((await metric('market-data', 'tickpath_market_data_violations_total{rule="price-jump"}')) >= 1);
    assert.equal(await metric('market-data', 'tickpath_market_data_invalid_symbols{feed="alpaca-stocks"}'), 1);
    assert.equal(await metric('risk', 'tickpath_risk_invalid_data_symbols'), 1);
    assert.ok((await metric('risk', 'tickpath_risk_decisions_total{result="MARKET_DATA_INVALID"}')) >= 2);
  });

  test('orders are approved again once the prices have been clean', async () => {
    venue.modes.set('IBM', 'good');
    await approved('IBM');
    assert.equal(await metric('market-data', 'tickpath_market_data_invalid_symbols{feed="alpaca-stocks"}'), 0);
    assert.equal(await metric('risk', 'tickpath_risk_invalid_data_symbols'), 0);
  });

  test('a symbol of which nothing comes is stale, while the others trade on', async () => {
    venue.modes.set('SPY', 'silent');
    await refused('SPY', new RegExp(`stale: nothing came for \\d+ ms, allowed ${STALE_MS} ms`));
    assert.equal((await check('IBM')).approved, true);
    venue.modes.set('SPY', 'good');
    await approved('SPY');
    assert.equal(await metric('market-data', 'tickpath_market_data_violations_total{rule="stale"}'), 1);
  });

  test('a risk that starts while data is invalid learns of it', async () => {
    venue.modes.set('IBM', 'jumping');
    await refused('IBM', /price-jump/);
    const risk = processes.at(-1);
    risk?.kill('SIGKILL');
    await risk?.ended;
    launch('risk');
    await approved('SPY');
    await refused('IBM', /price-jump/);
    venue.modes.set('IBM', 'good');
    await approved('IBM');
  });

  test('without the venue no data is valid, and with it again all is', async () => {
    const reconnects = await metric('market-data', 'tickpath_market_data_reconnects_total{feed="alpaca-stocks"}');
    // It stays away until the refusals have been seen.
    const { port } = venue;
    await venue.close();
    await refused('IBM', /feed: found disconnected, needed subscribed/);
    await refused('SPY', /feed: found disconnected, needed subscribed/);
    venue = await ScriptedVenue.open(port);
    for (const symbol of ['IBM', 'SPY']) venue.modes.set(symbol, 'good');
    await approved('IBM');
    await approved('SPY');
    assert.equal(
      await metric('market-data', 'tickpath_market_data_reconnects_total{feed="alpaca-stocks"}'),
      reconnects + 1,
    );
  });

  test('without market-data nothing is valid, until it is back', async () => {
    marketData.kill('SIGKILL');
    await marketData.ended;
    await refused('IBM', /found no beat from market-data/);
    marketData = launchMarketData();
    await approved('IBM');
    await approved('SPY');
  });
});

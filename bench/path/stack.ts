import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Addresses, addresses, type EndpointName } from '@tickpath/runtime';
import { clOrdIdOf } from '@tickpath/trading';
import { type Payload, Requester } from '@tickpath/wire';
import type { Children } from '../measure/children.ts';
import { until } from '../measure/wait.ts';
import { networkAt } from './network.ts';
import { strategy } from './strategy.ts';
import { nodeArguments, type Progress, type Variant, type VariantOptions } from './variant.ts';
import { BenchVenue } from './venue.ts';

const SERVICES = ['market-data', 'store', 'signal', 'risk', 'execution'] as const;
const TRADERS = ['signal', 'risk', 'execution'] as const;
const PREFIX = 'bn';
const START_TIMEOUT_MS = 30_000;
const UNLIMITED = '1000000000000';
/** In a replay the services' own counts, which they update with every beat, say when all have caught up. */
const REPLAY_HEARTBEAT_MS = 100;

export interface StackOptions extends VariantOptions {
  readonly symbols: readonly string[];
  readonly pace: 'live' | 'replay';
  /** Further settings of every service. */
  readonly flags?: readonly string[];
}

/** Starts Tickpath's services as they are, with the bench's strategy and limits that let every order pass. */
export async function startStack(children: Children, options: StackOptions): Promise<Variant> {
  const { portOffset, symbols, pace } = options;
  const at = addresses(networkAt(portOffset));
  const run = `bench-${randomUUID()}`;
  const dataDir = mkdtempSync(join(children.folder, 'data-'));
  const venue = await BenchVenue.open({ port: at.port('venue'), run, pace });
  const flags = [
    `--network.portOffset=${portOffset}`,
    `--data.dir=${dataDir}`,
    `--installation.prefix=${PREFIX}`,
    `--signal.symbols=${symbols.join(',')}`,
    `--signal.strategy=${fileURLToPath(new URL('./strategy.ts', import.meta.url))}`,
    `--venue.initialCashUsd=${UNLIMITED}`,
    ...['maxOrderNotionalUsd', 'maxPositionQty', 'maxPositionNotionalUsd', 'maxGrossNotionalUsd'].map(
      (limit) => `--risk.limits.${limit}=${UNLIMITED}`,
    ),
    ...(pace === 'replay' ? [`--market-data.heartbeatMs=${REPLAY_HEARTBEAT_MS}`] : []),
    ...(options.flags ?? []),
  ];
  const processes = SERVICES.map((name) => {
    const main = fileURLToPath(new URL(`../../services/${name}/src/main.ts`, import.meta.url));
    const args = [...nodeArguments(`stack-${name}-${pace}`, options), main, ...flags];
    return children.start({ name, args, ipc: false });
  });
  const isActive = async () => {
    const states = await Promise.all(TRADERS.map((name) => tradingStateOf(at, name)));
    return (venue.isRead && states.every((state) => state === 'ACTIVE')) || undefined;
  };
  await until(isActive, { what: 'every service to be ACTIVE', timeoutMs: START_TIMEOUT_MS, everyMs: 100 });

  const queries = new Requester({
    source: 'bench',
    epoch: Date.now(),
    connect: at.connect('storeQueries'),
    nowNs: () => process.hrtime.bigint(),
    timeoutMs: 2000,
    retries: 3,
  });

  return {
    name: 'stack',
    venue,
    clOrdIdOf: ({ symbol, tradeId, venueTsNs }) => {
      const cause = `trade:${venueTsNs}:${tradeId}`;
      return clOrdIdOf(PREFIX, { run, strategy: strategy.name, symbol, cause, n: 0 });
    },
    progress: () => progressOf(at, queries),
    refusals: () => refusalsOf(at),
    async close() {
      queries.close();
      await children.stop(processes);
      await venue.close();
      rmSync(dataDir, { recursive: true, force: true });
    },
  };
}

async function progressOf(at: Addresses, queries: Requester): Promise<Progress> {
  const result = await queries.ask('streamsQuery', { requestId: randomUUID() });
  if (!result.ok) throw new Error(`the store does not answer: ${result.text}`);
  const { topics } = result.reply.payload as Payload<'streams'>;
  const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);
  const [signal, risk] = await Promise.all([wireCounts(at, 'signal'), wireCounts(at, 'risk')]);
  return {
    ticks: sum(topics.filter(({ topic }) => topic.endsWith('/trade')).map(({ received }) => received)),
    received: { store: sum(topics.map(({ received }) => received)), signal: signal.received, risk: risk.received },
    lost: sum(topics.map(({ lost }) => lost)) + signal.missed + risk.missed,
  };
}

async function wireCounts(at: Addresses, name: 'signal' | 'risk'): Promise<{ received: number; missed: number }> {
  const text = await metricsOf(at, name);
  const counter = (metric: string) =>
    Number(new RegExp(`^tickpath_wire_${metric}_total\\{stream="market"\\} (\\d+)`, 'm').exec(text)?.[1] ?? 0);
  return { received: counter('received'), missed: counter('missed') };
}

async function refusalsOf(at: Addresses): Promise<ReadonlyMap<string, number>> {
  const text = await metricsOf(at, 'risk');
  const decisions = text.matchAll(/^tickpath_risk_decisions_total\{result="(\w+)"\} (\d+)/gm);
  return new Map(Array.from(decisions, ([, result = '', count]) => [result, Number(count)] as const).filter(isRefusal));
}

function isRefusal([result, count]: readonly [string, number]): boolean {
  return result !== 'APPROVED' && count > 0;
}

async function metricsOf(at: Addresses, name: 'signal' | 'risk'): Promise<string> {
  return (await fetch(`${at.httpUrl(`health.${name}`)}/metrics`)).text();
}

async function tradingStateOf(at: Addresses, name: (typeof TRADERS)[number]): Promise<string | undefined> {
  const endpoint: EndpointName = `health.${name}`;
  try {
    const report = (await (await fetch(`${at.httpUrl(endpoint)}/healthz`)).json()) as { trading?: { state?: string } };
    return report.trading?.state;
  } catch {
    return undefined;
  }
}

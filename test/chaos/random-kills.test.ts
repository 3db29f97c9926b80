import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import { addresses, type ServiceName } from '@tickpath/runtime';
import { eventually, networkAt, TestStack } from '@tickpath/testkit';
import { stringify } from 'yaml';
import { type Incident, incidentsOf, textOf } from './kill-schedule.ts';
import { faultsOf, LogWitness, type SeenLog, type Strike } from './log-witness.ts';
import { type Book, type ListedOrder, VenueWitness } from './venue-witness.ts';

const SEED = Number(process.env.TICKPATH_SEED ?? Math.floor(Math.random() * 2 ** 31));
console.log(`TICKPATH_SEED=${SEED}`);
/** What once made execution send an order for one account to another, or risk approve for an account that was no more. */
const KNOWN: readonly Incident[] = [
  { killed: ['venue'], paused: ['execution'], pauseMs: 2500, settles: true },
  { killed: ['venue'], paused: ['risk'], pauseMs: 2500, settles: true },
  { killed: ['venue', 'execution'], paused: [], pauseMs: 0, settles: true },
];
const INCIDENTS = [...KNOWN, ...incidentsOf(SEED, 6 * Number(process.env.TICKPATH_SOAK ?? 1))];
const SYMBOLS = Array.from({ length: 12 }, (_, index) => `S${String(index).padStart(2, '0')}`);
const KEYS = { keyId: 'PKCHAOS', secretKey: 'random-kills' };
/** The back-off of the supervisor reaches 10 s when one service is killed again and again. */
const RECOVERY_MS = 40_000;
/** What execution may take, once its event loop has turned again, to tell risk what it has missed. */
const TELL_MS = 300;

const PROFILE = {
  tracing: { exporter: 'none' },
  venue: { synthetic: { ticksPerSecond: 40, symbols: SYMBOLS.map((symbol) => ({ symbol, price: '100' })) } },
  signal: { symbols: SYMBOLS, strategy: join(import.meta.dirname, 'churn-strategy.ts'), heartbeatMs: 300 },
  risk: {
    heartbeatMs: 300,
    limits: {
      maxOrderNotionalUsd: '1000000000',
      maxPositionQty: '1000000000',
      maxPositionNotionalUsd: '1000000000000',
      maxGrossNotionalUsd: '1000000000000',
    },
  },
  execution: { heartbeatMs: 300, requestTimeoutMs: 1000, maxInFlightMs: 1000 },
};

describe('services are killed and paused at random while orders rest and fill', {
  timeout: 60_000 + INCIDENTS.length * 60_000,
}, () => {
  const strikes: Strike[] = [];
  const blindMs: { from: number; to: number }[] = [];
  let dir: string;
  let stack: TestStack;
  let venue: VenueWitness;
  let riskLog: LogWitness;
  let executionLog: LogWitness;

  before(async () => {
    dir = mkdtempSync(join(tmpdir(), 'tickpath-kills-'));
    const profile = join(dir, 'kills.yaml');
    writeFileSync(profile, stringify(PROFILE));
    const keys = [`--alpaca.keyId=${KEYS.keyId}`, `--alpaca.secretKey=${KEYS.secretKey}`];
    stack = await TestStack.start(['--profile', profile, ...keys]);
    const at = addresses(networkAt(stack.portOffset));
    venue = new VenueWitness(at.httpUrl('venue'), KEYS);
    const logOf = (owner: 'risk' | 'execution') =>
      new LogWitness({ hints: at.connect(`${owner}Log`), requests: at.connect(`${owner}Requests`) });
    riskLog = logOf('risk');
    executionLog = logOf('execution');
    await stack.process.line(/"msg":"fill /, { boundMs: 60_000 });
  });
  after(async () => {
    venue?.close();
    riskLog?.close();
    executionLog?.close();
    await stack?.stop();
    rmSync(dir, { recursive: true, force: true });
  });

  const portfolio = async () =>
    (await stack.ask('riskRequests', ['portfolioQuery', 'portfolio'], { requestId: 'book' })).reply;

  const turned = (service: ServiceName) =>
    eventually(
      `${service} answers after its pause`,
      // A connection that it closed for being idle meanwhile fails once.
      () => stack.health(service).catch(() => undefined),
      RECOVERY_MS,
    );

  const strike = async (incident: Incident): Promise<void> => {
    const { killed, paused, pauseMs } = incident;
    const from = stack.process.lines.length;
    const pids = new Map<ServiceName, number>();
    for (const service of [...killed, ...paused]) pids.set(service, (await stack.health(service)).pid);
    const signal = (services: readonly ServiceName[], name: NodeJS.Signals) => {
      for (const service of services) process.kill(pids.get(service) as number, name);
    };
    const stoppedMs = Date.now();
    strikes.push({ atMs: stoppedMs, text: textOf(incident) });
    signal(paused, 'SIGSTOP');
    signal(killed, 'SIGKILL');
    try {
      if (paused.length > 0) await pause(pauseMs);
    } finally {
      signal(paused, 'SIGCONT');
    }
    if (paused.includes('execution')) {
      // On a busy machine a process does not run as soon as it may.
      await turned('execution');
      blindMs.push({ from: stoppedMs, to: Date.now() + TELL_MS });
    }
    for (const service of killed) {
      await stack.process.line(new RegExp(`"service":"${service}".*"lifecycle":"ready"`), {
        from,
        boundMs: RECOVERY_MS,
      });
    }
  };

  const settle = async (what: string): Promise<void> => {
    const from = stack.process.lines.length;
    await stack.process.line(/"msg":"fill /, { from, boundMs: RECOVERY_MS });
    let seen: unknown;
    try {
      await eventually(
        `quiet after ${what}`,
        async () => {
          const before = await venue.book();
          const orders = await venue.orders();
          const held = await portfolio();
          const after = await venue.book();
          const isStill = isDeepStrictEqual(before, after);
          const isIdle = held.openOrders.length === 0 && orders.every(({ status }) => status === 'filled');
          const isEqual = isDeepStrictEqual(bookOf(held), after) && held.imbalance === '0' && held.state === 'ACTIVE';
          const faults = isStill && isIdle && isEqual ? orderFaults(orders, executionLog.logs) : ['not quiet'];
          const open = orders.filter(({ status }) => status !== 'filled');
          seen = { isStill, isIdle, isEqual, open, held, after, faults };
          return faults.length === 0 ? true : undefined;
        },
        RECOVERY_MS,
      );
    } catch (error) {
      throw new Error(`${(error as Error).message}\n${JSON.stringify(seen, null, 1)}`);
    }
  };

  test('the book of risk is the venue’s whenever it approves, no order is sent twice, and trading goes on', async (t) => {
    await settle('the start');
    for (const incident of INCIDENTS) {
      t.diagnostic(textOf(incident));
      const begunMs = performance.now();
      await strike(incident);
      if (!incident.settles) continue;
      await settle(textOf(incident));
      t.diagnostic(`settled in ${Math.round(performance.now() - begunMs)} ms`);
    }
    const metrics = await stack.metrics('venue');
    assert.doesNotMatch(metrics, /^tickpath_venue_orders_total\{.*refused.*\} [1-9]/m, 'the venue refused a repeat');
    const { lines } = stack.process;
    assert.deepEqual(
      lines.filter((line) => /trading is HALTED|died \(exit code|"level":"fatal"/.test(line)),
      [],
    );
    t.diagnostic(`${venue.accountsOf.size} orders, ${venue.fills.length} fills, ${executionLog.logs.length} rebases`);
    const { fills, accountsOf, accountSinceMs } = venue;
    const logs = { riskLogs: riskLog.logs, executionLogs: executionLog.logs };
    assert.deepEqual(faultsOf({ ...logs, fills, accountsOf, accountSinceMs, strikes, blindMs }), []);
  });
});

function bookOf(portfolio: {
  readonly cash: string;
  readonly positions: readonly { readonly symbol: string; readonly qty: string; readonly cost: string }[];
}): Book {
  const { cash, positions } = portfolio;
  const held = positions.filter(({ qty }) => qty !== '0').map(({ symbol, qty, cost }) => [symbol, { qty, cost }]);
  return { cash, positions: Object.fromEntries(held) };
}

/** What is in the venue's book and not in execution's log of that account, one line each. */
function orderFaults(orders: readonly ListedOrder[], logs: readonly SeenLog[]): string[] {
  const [rebased, ...events] = logs.at(-1)?.events ?? [];
  if (rebased?.kind !== 'AccountRebased') return ['the execution log does not begin with the account'];
  const filled = new Map(rebased.payload.openOrders.map(({ clOrdId, cumQty }) => [clOrdId, Number(cumQty)]));
  for (const event of events) {
    if (event.kind === 'OrderSubmitted' || event.kind === 'OrderUnknown') filled.set(event.payload.clOrdId, 0);
    if (event.kind !== 'OrderFilled') continue;
    const { clOrdId, lastQty } = event.payload;
    filled.set(clOrdId, (filled.get(clOrdId) ?? Number.NaN) + Number(lastQty));
  }
  const ids = new Set(orders.map(({ client_order_id }) => client_order_id));
  const faults = orders.flatMap(({ client_order_id: clOrdId, filled_qty, submitted_at }) => {
    const sum = filled.get(clOrdId);
    if (sum === undefined) {
      const isLater = Date.parse(submitted_at) > Number(rebased.tsNs / 1_000_000n);
      return isLater ? [`${clOrdId} of ${submitted_at} is in no event of the log`] : [];
    }
    return sum === Number(filled_qty) ? [] : [`${clOrdId}: filled ${filled_qty}, in the log ${sum}`];
  });
  return ids.size === orders.length ? faults : [...faults, 'a client_order_id is there twice'];
}

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { eventually, freePortOffset } from '@tickpath/testkit';
import { seededNumbers, wholeNumber } from '../journal/seeded.ts';
import { auditLoadedVenue, DEPOSIT_USD } from './venue-load-audit.ts';
import { FEE_FLAGS } from './venue-load-ledger.ts';
import { ORDER_KINDS } from './venue-load-orders.ts';
import { LoadedVenue } from './venue-load-process.ts';
import { LoadTrader, type Order } from './venue-load-trader.ts';

const SEED = Number(process.env.TICKPATH_SEED ?? Math.floor(Math.random() * 2 ** 31));
const FACTOR = Number(process.env.TICKPATH_SOAK ?? 1);
/** A soak at its usual length kills a hundred times. */
const KILLS = Math.max(10, 4 * FACTOR);
const CONNECTIONS = 8;
const ORDERS_PER_SECOND = 200;
const [FEWEST_ORDERS, MOST_ORDERS] = [50, 500];
/** Of the orders acknowledged before, so many are sent again after each kill. */
const REPEATED = 20;
const SYMBOLS = ['AAPL', 'MSFT', 'NVDA', 'SPY'];
/** A market of this pace stands still while the books are read: only the opening quotes come. */
const STILL = '--venue.synthetic.ticksPerSecond=0.001';
const LIVELY = '--venue.synthetic.ticksPerSecond=40';
const LATENCIES = [
  [],
  [],
  ['--venue.latency.orderMs=4', '--venue.latency.cancelMs=6', '--venue.latency.jitterMs=5'],
] as const;

/** Starts the venue again and again on one port and in one folder. */
async function restarts(t: TestContext): Promise<(...flags: readonly string[]) => Promise<LoadedVenue>> {
  const dataDir = mkdtempSync(join(tmpdir(), 'tickpath-venue-load-'));
  const portOffset = await freePortOffset();
  let last: LoadedVenue | undefined;
  t.after(async () => {
    await last?.kill();
    rmSync(dataDir, { recursive: true });
  });
  return async (...flags) => {
    const settings = [`--venue.initialCashUsd=${DEPOSIT_USD}`, ...FEE_FLAGS, ...flags];
    last = await LoadedVenue.start({ portOffset, dataDir, flags: settings, connections: CONNECTIONS });
    return last;
  };
}

/** Resends what nobody knows the fate of, and some of what is known: no name makes a second order. */
async function sendAgain(venue: LoadedVenue, trader: LoadTrader, random: () => number): Promise<number> {
  const inDoubt = trader.inDoubt;
  for (const clOrdId of inDoubt) {
    const isTakenNow = (await trader.submit(venue, clOrdId)) !== undefined;
    const { status, body } = await venue.request('GET', `/v2/orders:by_client_order_id?client_order_id=${clOrdId}`);
    // A name refused now was not taken before either.
    assert.equal(status, trader.sent.has(clOrdId) ? 200 : 404, clOrdId);
    if (!isTakenNow && status === 200) trader.acknowledged.set(clOrdId, body as Order);
  }
  const known = [...trader.acknowledged.keys()];
  for (let repeated = 0; repeated < Math.min(REPEATED, known.length); repeated += 1) {
    const clOrdId = known[wholeNumber(random, 0, known.length - 1)] ?? '';
    assert.equal(await trader.submit(venue, clOrdId), undefined, `${clOrdId} is known`);
  }
  return inDoubt.length;
}

test(`a venue killed ${KILLS} times under ${ORDERS_PER_SECOND} orders a second keeps what it acknowledged and told (seed ${SEED})`, {
  timeout: 30_000 * KILLS,
}, async (t) => {
  console.log(`TICKPATH_SEED=${SEED}`);
  const random = seededNumbers(SEED);
  const trader = new LoadTrader(random, { mostQty: 400 });
  const start = await restarts(t);
  let accountId: string | undefined;
  let aliveMs = 0;
  let acknowledged = 0;
  let sentAgain = 0;

  for (let kill = 0; kill < KILLS; kill += 1) {
    const latency = LATENCIES[wholeNumber(random, 0, LATENCIES.length - 1)] ?? [];
    const venue = await start(LIVELY, ...latency);
    await trader.watch(venue, SYMBOLS);
    // Some of the time nobody listens: what happens then is found in the activities.
    if (random() < 0.75) await trader.listen(venue);
    const known = trader.acknowledged.size;
    const orders = wholeNumber(random, FEWEST_ORDERS, MOST_ORDERS);
    const begunMs = performance.now();
    const following = { isAtOnce: latency.length === 0 };
    const clients = Promise.all(Array.from({ length: CONNECTIONS }, () => trader.trade(venue, following)));
    let hasFailed = false;
    clients.catch(() => {
      hasFailed = true;
    });
    const areTaken = () => trader.acknowledged.size >= known + orders || hasFailed || undefined;
    await eventually(`${orders} orders`, areTaken, 60_000, 1);
    aliveMs += performance.now() - begunMs;
    await venue.kill();
    await clients;
    acknowledged += trader.acknowledged.size - known;

    const again = await start(STILL);
    const { id } = await again.get<{ id: string }>('/v2/account');
    assert.equal(id, accountId ?? id, 'the account outlives the process');
    accountId = id;
    await auditLoadedVenue(again, trader);
    sentAgain += await sendAgain(again, trader, random);
    await auditLoadedVenue(again, trader);
    await again.kill();
  }
  const { orders, executions, told, feesUsd } = await auditLoadedVenue(await start(STILL), trader);
  const rate = acknowledged / (aliveMs / 1000);
  console.log(
    `${KILLS} kills: ${Math.round(rate)} orders acknowledged a second while alive (${acknowledged} in ` +
      `${(aliveMs / 1000).toFixed(1)} s), ${trader.unanswered} requests cut off, ${sentAgain} orders sent again, ` +
      `${trader.refused} refused, ${trader.canceled.length} canceled, ${trader.replaced.length} replaced`,
  );
  console.log(`${orders} orders, ${executions} executions, ${told} of them told; fees ${feesUsd} USD`);
  if (rate < ORDERS_PER_SECOND) {
    t.diagnostic(`this machine took ${Math.round(rate)} orders a second, less than the ${ORDERS_PER_SECOND} meant`);
  }
  assert.ok(acknowledged >= KILLS * FEWEST_ORDERS, `${acknowledged} orders were acknowledged`);
  assert.ok(trader.unanswered >= KILLS, `${trader.unanswered} requests were cut off by ${KILLS} kills`);
  assert.ok(told > 0 && told < executions, `${told} of ${executions} executions were told, the others missed`);
  assert.ok(trader.canceled.length > 0 && trader.replaced.length > 0, 'orders were canceled and replaced');
  for (const kind of ORDER_KINDS)
    assert.ok((trader.kinds.get(kind) ?? 0) > 0, `an order of the kind ${kind} was taken`);
});

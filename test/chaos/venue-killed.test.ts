import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { eventually, freePortOffset } from '@tickpath/testkit';
import { seededNumbers, wholeNumber } from '../journal/seeded.ts';
import { auditVenue } from './venue-audit.ts';
import { VenueProcess } from './venue-process.ts';
import { type Order, VenueTrader } from './venue-trader.ts';

const SEED = Number(process.env.TICKPATH_SEED ?? Math.floor(Math.random() * 2 ** 31));
const FACTOR = Number(process.env.TICKPATH_SOAK ?? 1);
const KILLS = 5 * FACTOR;
const CLIENTS = 4;
const MOST_ORDERS = 150;
/** One that any account can carry, whatever it holds. */
const SMALL_BUY = { symbol: 'AAPL', side: 'buy', qty: '10' } as const;

/** Starts the venue of a test again and again on one port and in one folder. */
async function restarts(t: TestContext, env: NodeJS.ProcessEnv = {}): Promise<() => Promise<VenueProcess>> {
  const dataDir = mkdtempSync(join(tmpdir(), 'tickpath-venue-'));
  const portOffset = await freePortOffset();
  let last: VenueProcess | undefined;
  t.after(async () => {
    await last?.kill();
    rmSync(dataDir, { recursive: true });
  });
  return async () => {
    last = await VenueProcess.start({ portOffset, dataDir, env });
    return last;
  };
}

test(`a venue killed ${KILLS} times while orders come in keeps what it told, and tells nothing twice (seed ${SEED})`, {
  timeout: 120_000 * FACTOR,
}, async (t) => {
  console.log(`TICKPATH_SEED=${SEED}`);
  const random = seededNumbers(SEED);
  const trader = new VenueTrader(random);
  const start = await restarts(t);
  let accountId: string | undefined;
  let retried = 0;

  for (let kill = 0; kill < KILLS; kill += 1) {
    const venue = await start();
    await trader.listen(venue);
    const known = trader.acknowledged.size;
    const clients = Array.from({ length: CLIENTS }, () => trader.trade(venue));
    const orders = wholeNumber(random, 1, MOST_ORDERS);
    await eventually(`${orders} orders`, () => trader.acknowledged.size >= known + orders || undefined, 60_000, 1);
    await venue.kill();
    await Promise.all(clients);

    const again = await start();
    const { id } = await again.get<{ id: string }>('/v2/account');
    assert.equal(id, accountId ?? id, 'the account outlives the process');
    accountId = id;
    await auditVenue(again, trader);
    // Nobody knows of these whether they were taken: whoever asks again under the same name makes no second one.
    for (const clOrdId of trader.sent) {
      if (trader.acknowledged.has(clOrdId) || trader.refused.has(clOrdId)) continue;
      retried += 1;
      const taken = (await trader.submit(again, clOrdId)) !== undefined;
      if (trader.refused.has(clOrdId)) continue;
      const order = await again.get<Order>(`/v2/orders:by_client_order_id?client_order_id=${clOrdId}`);
      if (!taken) trader.acknowledged.set(clOrdId, order.id);
    }
    await auditVenue(again, trader);
    await again.kill();
  }
  const executions = await auditVenue(await start(), trader);
  console.log(
    `${KILLS} kills: ${trader.acknowledged.size} orders, ${trader.canceled.size} canceled, ${retried} sent again, ` +
      `${executions} executions, ${trader.fills.length} of them told`,
  );
  assert.ok(trader.fills.length > 0 && trader.canceled.size > 0, 'it traded');
});

for (const [point, isKept] of [
  ['before-commit', false],
  ['after-commit', true],
  ['after-flush', true],
] as const) {
  test(`a venue that dies ${point.replace('-', ' its ')} ${isKept ? 'has' : 'has not'} the order after that`, async (t) => {
    const failpoints = mkdtempSync(join(tmpdir(), 'tickpath-failpoints-'));
    t.after(() => rmSync(failpoints, { recursive: true }));
    const start = await restarts(t, { TICKPATH_FAILPOINTS_DIR: failpoints });
    const trader = new VenueTrader(seededNumbers(SEED));
    const venue = await start();
    await trader.listen(venue);
    await trader.submit(venue, 'before', SMALL_BUY);
    await eventually('the market to fill it', async () => {
      const { status } = await venue.get<Order>(`/v2/orders/${trader.acknowledged.get('before')}`);
      return status === 'filled' || undefined;
    });
    const file = join(failpoints, `venue.${point}`);
    writeFileSync(file, '');
    await assert.rejects(trader.submit(venue, 'during', SMALL_BUY), TypeError);
    assert.deepEqual(await venue.process.ended, { code: null, signal: 'SIGKILL' });
    assert.ok(!existsSync(file), 'it died there');

    const again = await start();
    await auditVenue(again, trader);
    const found = await again.request('GET', '/v2/orders:by_client_order_id?client_order_id=during');
    assert.equal(found.status, isKept ? 200 : 404);
    assert.equal((await trader.submit(again, 'during', SMALL_BUY)) === undefined, isKept, 'it is taken once');
    await auditVenue(again, trader);
  });
}

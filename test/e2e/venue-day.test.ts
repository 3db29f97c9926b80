import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { eventually, freePortOffset } from '@tickpath/testkit';
import type { WebSocket } from 'ws';
import { type Activity, allActivities, allOrders } from '../chaos/venue-load-audit.ts';
import { ORDER_KINDS } from '../chaos/venue-load-orders.ts';
import { LoadedVenue } from '../chaos/venue-load-process.ts';
import { LoadTrader } from '../chaos/venue-load-trader.ts';
import { seededNumbers } from '../journal/seeded.ts';
import { checkDay, EXPLANATIONS, type Verdict } from './venue-day-check.ts';
import { type DayFill, type DayOrder, dayOrders, pxOf } from './venue-day-orders.ts';
import { DAY_FILES, DAY_SYMBOL, type DayRow, dayAbsent, readDay } from './venue-day-tape.ts';

const SEED = Number(process.env.TICKPATH_SEED ?? Math.floor(Math.random() * 2 ** 31));
const CONNECTIONS = 8;
const ORDERS = 1000;
const MOST_QTY = 3000;
const CENT = 100;
/** So many fills of each explanation are falsified, one at a time. */
const FALSIFIED = 12;
const FLAGS = [
  '--venue.source=replay',
  `--venue.replay.files=${DAY_FILES.join(',')}`,
  '--venue.replay.pace=max',
  // Short turns and a reader that is soon waited for: orders come in between, all day long.
  '--venue.frameLimit=16',
  '--venue.slowClientBytes=16384',
  '--venue.initialCashUsd=1000000000000',
];

describe('a recorded day at full pace, with random orders in it', {
  timeout: 240_000,
  skip: dayAbsent(),
}, () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'tickpath-venue-day-'));
  const trader = new LoadTrader(seededNumbers(SEED), { mostQty: MOST_QTY });
  let venue: LoadedVenue;
  let rows: DayRow[];
  let orders: Map<string, DayOrder>;
  let activities: Activity[];
  let fills: DayFill[];
  let verdict: Verdict;

  before(async () => {
    console.log(`TICKPATH_SEED=${SEED}`);
    rows = readDay();
    venue = await LoadedVenue.start({
      portOffset: await freePortOffset(),
      dataDir,
      flags: FLAGS,
      connections: CONNECTIONS,
    });
    await playDay(venue, trader, rows.length);
    activities = await allActivities(venue);
    const isTold = () => trader.told.filter(({ fill }) => fill !== null).length >= activities.length || undefined;
    await eventually('every execution told', isTold);
    orders = dayOrders(await allOrders(venue), rows);
    fills = activities.map(({ order_id: orderId, transaction_time: time, price, qty }) => {
      return { orderId, time, px: pxOf(price), qty: Number(qty) };
    });
    verdict = checkDay(rows, orders, fills);
  });

  after(async () => {
    await venue?.kill();
    rmSync(dataDir, { recursive: true });
  });

  test('every execution was told as it is in the activities', () => {
    const told = trader.told.flatMap(({ order, timestamp, fill }) => {
      return fill === null ? [] : [[order.id, order.filled_qty, fill.qty, fill.price, timestamp]];
    });
    const kept = activities.map((activity) => {
      const { order_id, cum_qty, qty, price, transaction_time } = activity;
      return [order_id, cum_qty, qty, price, transaction_time];
    });
    assert.deepEqual(told, kept);
  });

  test('the tape accounts for every fill', () => {
    const counts = countsOf(verdict, orders);
    console.log(`${orders.size} orders over the day, ${fills.length} fills, ${trader.refused} orders refused`);
    for (const [kind, count] of counts) console.log(`  ${kind}: ${count}`);
    const shown = verdict.exceptions.slice(0, 5).map((exception) => {
      return { ...exception, order: orders.get(exception.fill.orderId) };
    });
    assert.equal(verdict.exceptions.length, 0, JSON.stringify(shown, null, 1));
    assert.ok(trader.acknowledged.size >= ORDERS, `${trader.acknowledged.size} orders were acknowledged`);
    for (const kind of ORDER_KINDS) assert.ok((trader.kinds.get(kind) ?? 0) > 0, `no order of the kind ${kind}`);
    for (const explanation of EXPLANATIONS) {
      assert.ok([...verdict.explained.values()].includes(explanation), `no fill as ${explanation}`);
    }
    for (const type of ['market', 'limit', 'stop', 'stop_limit', 'trailing_stop']) {
      assert.ok(
        fills.some(({ orderId }) => orders.get(orderId)?.type === type),
        `no fill of a ${type} order`,
      );
    }
  });

  for (const { what, falsify } of [
    { what: 'a price that is a cent better', falsify: better },
    { what: 'a price that is a cent worse', falsify: worse },
    { what: 'more than was there', falsify: larger },
    { what: 'another time', falsify: later },
  ]) {
    test(`the check finds ${what}`, () => {
      const falsified = EXPLANATIONS.flatMap((explanation) => someOf(verdict, explanation));
      const found = falsified.filter((fill) => {
        const order = orders.get(fill.orderId);
        if (order === undefined) return false;
        const falsely = fills.map((each) => (each === fill ? falsify(fill, order) : each));
        return checkDay(rows, orders, falsely).exceptions.length > 0;
      });
      console.log(`${what}: found ${found.length} of ${falsified.length}`);
      assert.ok(falsified.length >= 2 * EXPLANATIONS.length, `only ${falsified.length} fills to falsify`);
      // Some other row of that time may account for one by chance.
      assert.ok(found.length >= 0.9 * falsified.length, `found ${found.length} of ${falsified.length}`);
    });
  }
});

/** Plays the whole day to a reader that waits for the orders when they fall behind. */
async function playDay(venue: LoadedVenue, trader: LoadTrader, rows: number): Promise<void> {
  let seen = 0;
  await trader.listen(venue);
  const quoted = Promise.withResolvers<void>();
  let reader: WebSocket | undefined;
  reader = await venue.market({ trades: [DAY_SYMBOL], quotes: [DAY_SYMBOL] }, (messages) => {
    trader.see(messages);
    for (const { T } of messages) if (T === 't' || T === 'q') seen += 1;
    if (trader.quoted > 0) quoted.resolve();
    if (trader.quoted > 0 && isAhead()) reader?.pause();
  });
  const isAhead = () => trader.acknowledged.size / ORDERS < seen / rows;
  await quoted.promise;
  const trading = { isAtOnce: true, isOver: () => seen >= rows || hasFailed };
  let hasFailed = false;
  const clients = Promise.all(Array.from({ length: CONNECTIONS }, () => trader.trade(venue, trading)));
  clients.catch(() => {
    hasFailed = true;
  });
  const endOfDay = () => {
    if (!isAhead()) reader?.resume();
    return seen >= rows || hasFailed || undefined;
  };
  await eventually('the end of the day', endOfDay, 180_000, 1);
  await clients;
}

function countsOf({ explained }: Verdict, orders: ReadonlyMap<string, DayOrder>): Map<string, number> {
  const counts = new Map<string, number>();
  for (const [{ orderId }, explanation] of explained) {
    const kind = `${orders.get(orderId)?.type}, ${explanation}`;
    counts.set(kind, (counts.get(kind) ?? 0) + 1);
  }
  return new Map([...counts].toSorted());
}

/** Fills of an explanation, scattered over the day. */
function someOf({ explained }: Verdict, explanation: string): DayFill[] {
  const all = [...explained].filter(([, how]) => how === explanation).map(([fill]) => fill);
  const step = Math.max(1, Math.floor(all.length / FALSIFIED));
  return all.filter((_, index) => index % step === 0).slice(0, FALSIFIED);
}

function better(fill: DayFill, { isBuy }: DayOrder): DayFill {
  return { ...fill, px: fill.px + (isBuy ? -CENT : CENT) };
}

function worse(fill: DayFill, { isBuy }: DayOrder): DayFill {
  return { ...fill, px: fill.px + (isBuy ? CENT : -CENT) };
}

function larger(fill: DayFill): DayFill {
  return { ...fill, qty: fill.qty + 100_000 };
}

/** A second and seven milliseconds later, when a row is there only by chance. */
function later(fill: DayFill): DayFill {
  return { ...fill, time: laterBy(fill.time, 1007) };
}

function laterBy(time: string, ms: number): string {
  const [whole = '', fraction = ''] = time.slice(0, -1).split('.');
  const nanos = fraction.padEnd(9, '0');
  const at = new Date(Date.parse(`${whole}Z`) + Number(nanos.slice(0, 3)) + ms).toISOString();
  return `${at.slice(0, -1)}${nanos.slice(3)}Z`;
}

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { portfolioOf } from '@tickpath/risk/core';
import fc from 'fast-check';
import { heldOf, ModelWorld } from './model-world.ts';

/** Seed of this run's random tests; `TICKPATH_SEED` repeats a run. */
const seed = Number(process.env.TICKPATH_SEED ?? Math.floor(Math.random() * 2 ** 31));
const factor = Number(process.env.TICKPATH_SOAK ?? 1);
console.log(`TICKPATH_SEED=${seed}`);

/** What a correct stack comes through without taking the account again. */
const LOSSES = {
  ask: 20,
  fill: 15,
  cancel: 2,
  'execution-reads': 30,
  'risk-reads': 30,
  pass: 40,
  'restart-execution': 1,
  'execution-dies': 2,
  'restart-risk': 1,
  'restart-venue': 1,
  reconnect: 1,
  'lose-update': 1,
  'lose-answer': 1,
} as const;
/** And what it does not: then nobody but the venue knows the book. */
const DOINGS = { ...LOSSES, 'reset-venue': 1, 'foreign-order': 1, 'lose-execution-end': 1 } as const;
type Doing = keyof typeof DOINGS;

function listsOf(weights: Partial<Record<Doing, number>>) {
  const one = fc.oneof(
    ...Object.entries(weights).map(([what, weight]) => ({ weight, arbitrary: fc.constant(what as Doing) })),
  );
  return fc.array(fc.tuple(one, fc.nat(10_000)), { minLength: 50, maxLength: 400 });
}

/** Plays what is done, then lets everything come to rest: orders closed, updates connected anew, both logs read. */
function play(list: readonly (readonly [Doing, number])[], randomSeed: number): ModelWorld {
  const world = new ModelWorld(randomOf(randomSeed));
  let asked = 0;
  const done: Record<Doing, (pick: number) => void> = {
    ask: (pick) => {
      // Now and then under a name that was used before, as a signal does that has started anew.
      const repeats = pick % 4 === 0 && asked > 0;
      if (!repeats) asked += 1;
      const n = repeats ? Math.max(1, asked - (pick % 5)) : asked;
      const side = pick % 2 === 0 ? 'BUY' : 'SELL';
      world.ask({ clOrdId: `tp-${n}`, symbol: pick % 3 === 0 ? 'SPY' : 'IBM', side, orderQty: `${1 + (pick % 9)}` });
    },
    fill: (pick) => {
      const order = world.venue.open[pick % Math.max(1, world.venue.open.length)];
      if (order !== undefined) world.venue.fill(order, 1 + (pick % (order.qty - order.cum)), 5_000 + pick);
    },
    cancel: (pick) => {
      const order = world.venue.open[pick % Math.max(1, world.venue.open.length)];
      if (order !== undefined) world.venue.cancel(order);
    },
    'execution-reads': () => void world.executionReads(),
    'risk-reads': () => void world.riskReads(),
    pass: () => void world.next(),
    'restart-execution': () => world.restartExecution(),
    'restart-risk': () => world.restartRisk(),
    'execution-dies': (pick) => {
      world.dies = pick % 2 === 0 ? 'before the call' : 'after the call';
    },
    'lose-execution-end': (pick) => world.loseExecutionEnd(pick % 6),
    // Its book is as it was; only who listened has to come again.
    'restart-venue': () => world.reconnect(),
    'reset-venue': () => world.resetVenue(),
    reconnect: () => world.reconnect(),
    'lose-update': () => {
      world.losesUpdate = true;
    },
    'lose-answer': () => {
      world.losesAnswer = true;
    },
    'foreign-order': (pick) => {
      asked += 1;
      world.venue.submit({ clOrdId: `tp-foreign-${asked}`, symbol: 'IBM', side: 'BUY', orderQty: `${1 + (pick % 5)}` });
    },
  };
  for (const [what, pick] of list) done[what](pick);
  world.losesUpdate = false;
  world.dies = undefined;
  rest(world);
  // Unless the venue's word was lost, nothing has to happen first for the book to be the account.
  if (world.lostUpdates === 0) checkBook(world);
  for (const order of world.venue.open) world.venue.cancel(order);
  // What was lost meanwhile shows when the updates are connected anew.
  world.reconnect();
  rest(world);
  return world;
}

function checkBook(world: ModelWorld): void {
  assert.deepEqual(world.states(), ['ACTIVE', 'ACTIVE']);
  const { cash, positions, openOrders } = portfolioOf(world.risk);
  const account = world.venue.account();
  assert.equal(cash, account.cash);
  // What an average cost comes to depends on the order in which executions of several orders are booked. They come in
  // that of the venue, unless its word is lost or an order lands that nobody waits for any more.
  const isInOrder = world.lostUpdates === 0 && world.orphans === 0;
  const shown = (held: typeof account.positions) =>
    heldOf(isInOrder ? held : held.map((position) => ({ ...position, cost: 'any' })));
  assert.deepEqual(shown(positions), shown(account.positions));
  const left = account.openOrders.map(({ clOrdId, orderQty, cumQty }) => [
    clOrdId,
    `${Number(orderQty) - Number(cumQty)}`,
  ]);
  assert.deepEqual(openOrders.map(({ clOrdId, leavesQty }) => [clOrdId, leavesQty]).toSorted(), left.toSorted());
}

function rest(world: ModelWorld): void {
  for (let turns = 0; world.poll() || world.next(); turns += 1) assert.ok(turns < 20_000, 'it comes to rest');
}

function randomOf(randomSeed: number): (below: number) => number {
  let state = randomSeed >>> 0;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

const ENDS = new Set(['OrderCanceled', 'OrderExpired', 'OrderRejected', 'OrderRefused']);

/** How often each order ended in a log. A refusal as a duplicate says of an order that it has ended before, or elsewhere. */
function endsIn(events: readonly { readonly kind: string; readonly payload: object }[]): Map<string, number> {
  const ends = new Map<string, number>();
  for (const { kind, payload } of events) {
    const { clOrdId, leavesQty } = payload as { clOrdId?: string; leavesQty?: string };
    const isEnd = kind === 'OrderFilled' ? leavesQty === '0' : ENDS.has(kind);
    if (clOrdId !== undefined && isEnd) ends.set(clOrdId, (ends.get(clOrdId) ?? 0) + 1);
  }
  return ends;
}

/** The book is the account, nothing is reserved, and each approval was read and has come to its end. */
function checkEnds(world: ModelWorld): { readonly approvals: number; readonly settled: number } {
  checkBook(world);
  assert.equal(world.risk.reservations.size, 0, 'nothing is reserved for orders that are closed');
  const ends = endsIn(world.executionLog.events);
  let settled = 0;
  for (const { clOrdId, executionLog, isRead } of world.approvals) {
    assert.ok(isRead, 'every approval is read');
    const ended = ends.get(clOrdId) ?? 0;
    // What was approved for an earlier taking of the account may have been settled by the next one.
    const isWhole = ended === 1 || (ended === 0 && executionLog !== world.taking);
    assert.ok(isWhole, `${clOrdId}, approved for ${executionLog}, ended ${ended} times`);
    if (ended === 0) settled += 1;
  }
  return { approvals: world.approvals.length, settled };
}

test('whatever dies or is lost, every approval comes to one end and the account is never taken again', () => {
  let approvals = 0;
  let recoveries = 0;
  fc.assert(
    fc.property(listsOf(LOSSES), fc.integer(), (list, randomSeed) => {
      const world = play(list, randomSeed);
      assert.deepEqual(world.rebases, ['the journal of this execution is new']);
      const checked = checkEnds(world);
      assert.equal(checked.settled, 0);
      approvals += checked.approvals;
      recoveries += world.executionLog.events.filter(({ kind }) => kind === 'OrderUnknown').length;
    }),
    { numRuns: 400 * factor, seed },
  );
  console.log(`${approvals} approvals, ${recoveries} of them in doubt for a while`);
  assert.ok(approvals > 0 && recoveries > 0);
});

test('whatever else the venue or the machine does, the book comes to be the account', () => {
  const reasons = new Set<string>();
  let approvals = 0;
  let settled = 0;
  fc.assert(
    fc.property(listsOf(DOINGS), fc.integer(), (list, randomSeed) => {
      const world = play(list, randomSeed);
      const checked = checkEnds(world);
      approvals += checked.approvals;
      settled += checked.settled;
      for (const reason of world.rebases) reasons.add(reason.replace(/tp-\S+|account-\d+|\d+/g, '…'));
    }),
    { numRuns: 400 * factor, seed },
  );
  console.log(`${approvals} approvals, ${settled} settled by an account; taken because:\n${[...reasons].join('\n')}`);
  assert.ok(approvals > 0 && settled > 0);
  for (const expected of [/is new/, /has account/, /speaks of order|has order/, /is in generation/]) {
    assert.ok(
      [...reasons].some((reason) => expected.test(reason)),
      String(expected),
    );
  }
});

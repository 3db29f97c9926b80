import assert from 'node:assert/strict';
import { test } from 'node:test';
import { applyEvent, createExchangeState, resumeExchange, step } from '../../src/core/orders/exchange-core.ts';
import { changeOf, journaled, type OrderJournalEvent } from '../../src/core/orders/journal-events.ts';
import type { OrderEvent } from '../../src/core/orders/order.ts';
import { eventOfChange } from '../../src/core/orders/order-change.ts';
import type { ExchangeInput, ExchangeOutput, ExchangeState } from '../../src/core/orders/state.ts';
import { createRandom, nextInt } from '../../src/core/random.ts';
import { anAsset, anExchange } from '../builders.ts';
import { assertConsistent } from './consistency.ts';
import { randomSession, type Session } from './random-session.ts';

const SEED = Number(process.env.TICKPATH_SEED ?? Math.floor(Math.random() * 2 ** 31));
const SESSIONS = 500 * Number(process.env.TICKPATH_SOAK ?? 1);

function opened({ rules, cashUsd }: Session, idScope = 'run'): ExchangeState {
  return anExchange(rules, { idScope, cashUsd });
}

/** Applies an output as it comes back from a file. */
function fold(state: ExchangeState, output: ExchangeOutput): void {
  if (output.kind === 'refused') return;
  if (output.kind === 'account-opened') return applyEvent(state, output);
  const event = stored(state, output);
  assert.deepEqual(event, output);
  applyEvent(state, event);
}

function stored(state: ExchangeState, event: OrderEvent): OrderEvent {
  const json = JSON.parse(JSON.stringify(journaled(event))) as OrderJournalEvent;
  return eventOfChange(state, changeOf(state, anAsset, json));
}

/** What a restart has to give back: all that is not marked as live. */
function lasting(state: ExchangeState): object {
  const { account, ledger, orders, orderIdByClOrdId, open, inFlight, arrivals, arrivalCount, pendingCancels } = state;
  const { orderIds, replacements, commitments, committed, reservedUsd, fills, lastNs } = state;
  const collections = { orders, orderIds, orderIdByClOrdId, open, inFlight, arrivals, pendingCancels, replacements };
  const sums = { commitments, committed: new Map([...committed].sort()), reservedUsd: reservedUsd.toFixed() };
  return { account, ledger, ...collections, ...sums, arrivalCount, fills, lastNs };
}

/** The orders that matching holds, as far as they do not depend on the market. */
function working({ matcher, matchIds }: ExchangeState): object {
  const nameOf = new Map([...matchIds].map(([orderId, matchId]) => [matchId, orderId]));
  return [...matcher.orders.values()]
    .map(({ orderId, leavesQty, isStop, hwmPx, stopPx }) => {
      return { orderId: nameOf.get(orderId) ?? orderId, leavesQty, isStop, hwmPx, stopPx };
    })
    .sort((a, b) => (a.orderId < b.orderId ? -1 : 1));
}

function dues(
  { dues: { heap } }: ExchangeState,
  isLive: (due: { kind: string; orderId: string }) => boolean,
): string[] {
  return heap
    .filter(isLive)
    .map(({ ns, kind, orderId }) => `${ns} ${kind} ${orderId}`)
    .sort();
}

/** Dues of orders that have closed meanwhile are left in the heap until their time comes. */
function standing(state: ExchangeState): string[] {
  return dues(state, ({ kind, orderId }) => {
    if (kind === 'arrival') return state.inFlight.has(orderId);
    if (kind === 'cancel') return state.pendingCancels.has(orderId);
    if (kind === 'expiry') return state.open.has(orderId);
    return [...state.replacements.values()].some(({ newOrderId }) => newOrderId === orderId);
  });
}

function play(state: ExchangeState, inputs: readonly ExchangeInput[]): ExchangeOutput[] {
  return inputs.flatMap((input) => [...step(state, input)]);
}

test(`after any step of ${SESSIONS} random sessions the journal folds to the state, and the exchange goes on from it`, () => {
  const seen = new Map<string, number>();
  for (let index = 0; index < SESSIONS; index += 1) {
    try {
      checkSession(index, seen);
    } catch (error) {
      throw new Error(`session ${index} of TICKPATH_SEED=${SEED}`, { cause: error });
    }
  }
  console.log(`seed ${SEED}: ${JSON.stringify(Object.fromEntries(seen))}`);
  const kinds = ['pending_new', 'accepted', 'new', 'partial_fill', 'fill', 'done_for_day', 'canceled', 'expired'];
  const rarer = ['replaced', 'rejected', 'pending_cancel', 'pending_replace', 'triggered', 'trailed', 'refused'];
  const races = ['order_cancel_rejected', 'order_replace_rejected', 'account-opened', 'maker', 'taker'];
  for (const kind of [...kinds, ...rarer, ...races]) assert.ok((seen.get(kind) ?? 0) > 0, `no ${kind} in any session`);
});

function checkSession(index: number, seen: Map<string, number>): void {
  const session = randomSession(SEED, index);
  const { inputs } = session;
  const random = createRandom(SEED, `cut ${index}`);
  const cut = nextInt(random, 0, inputs.length);
  const live = opened(session);
  const folded = opened(session, 'second start');
  for (const [at, input] of inputs.entries()) {
    if (at === cut) assertSame(folded, live);
    const outputs = step(live, input);
    for (const output of outputs) {
      count(seen, output.kind);
      if ('liquidity' in output) count(seen, output.liquidity);
    }
    if (outputs.length > 0) assertConsistent(live);
    if (at < cut) for (const output of outputs) fold(folded, output);
  }
  // The second start knows nothing of the market, so it goes its own way; but what it goes by has to be right.
  resumeExchange(folded);
  for (const input of inputs.slice(cut)) {
    if (step(folded, input).length > 0) assertConsistent(folded);
  }
}

function assertSame(folded: ExchangeState, live: ExchangeState): void {
  assert.deepEqual(lasting(folded), lasting(live));
  const resumed = createExchangeState({ ...live, idScope: 'looked at', cashUsd: '0' });
  for (const [key, value] of Object.entries(ordersOf(folded))) Object.assign(resumed, { [key]: value });
  resumeExchange(resumed);
  assert.deepEqual(working(resumed), working(live));
  if (live.aheadNs === 0n) assert.deepEqual(standing(resumed), standing(live));
}

/** The collections of a state, not shared with it. */
function ordersOf(state: ExchangeState): Partial<ExchangeState> {
  const { orders, open, inFlight, arrivals, pendingCancels, replacements } = state;
  return {
    orders: new Map(orders),
    open: new Set(open),
    inFlight: new Set(inFlight),
    arrivals: new Map(arrivals),
    pendingCancels: new Set(pendingCancels),
    replacements: new Map(replacements),
  };
}

function count(seen: Map<string, number>, kind: string): void {
  seen.set(kind, (seen.get(kind) ?? 0) + 1);
}

test('the same inputs lead to the same outputs, names and times of events among them', () => {
  for (let index = 0; index < 50; index += 1) {
    const session = randomSession(SEED, index);
    assert.deepEqual(play(opened(session), session.inputs), play(opened(session), session.inputs));
  }
});

test('what is handed out is never changed later', () => {
  for (let index = 0; index < 50; index += 1) {
    const session = randomSession(SEED, index);
    const state = opened(session);
    const texts: string[] = [];
    const outputs = session.inputs.flatMap((input) => {
      const now = step(state, input);
      texts.push(...now.map(textOf));
      return [...now];
    });
    assert.deepEqual(outputs.map(textOf), texts);
  }
});

function textOf(output: ExchangeOutput): string {
  return JSON.stringify(output, (_key, value) => (typeof value === 'bigint' ? `${value}n` : value));
}

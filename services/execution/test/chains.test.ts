import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isTerminal, nextStatus, type OrderTransition, type OrdStatus } from '@tickpath/trading';
import fc from 'fast-check';
import type {
  ExecutionInput,
  ExecutionOutput,
  FillsAsked,
  VenueFill,
  VenueOrder,
  VenueUpdate,
} from '../src/core/index.ts';
import { ACCOUNT_ID, aFill, anApproval, anExecution, aVenueOrder, aWord, NOW_NS, RISK_LOG } from './builders.ts';
import './seed.ts';

const ORDER_QTY = 10;

/** What becomes of one order at the venue, and how its news travel. */
interface Fate {
  /** In doubt from the start, or submitted and answered so. */
  readonly submission: 'in-doubt' | 'answered' | 'unanswered';
  readonly arrives: boolean;
  readonly acknowledged: boolean;
  readonly fills: readonly number[];
  readonly end: 'canceled' | 'expired' | 'rejected' | 'filled';
  /** Executions that the venue reports after it has closed the order. */
  readonly lateFills: readonly number[];
  readonly closingIsLost: boolean;
  /** Which of the updates about executions before the end never comes. */
  readonly lostFill: number | undefined;
  /** Every update comes again after a while. */
  readonly repeats: boolean;
  /** How long each next thing takes, in ns, used in turn: always less than the window. */
  readonly delays: readonly number[];
}

const fates: fc.Arbitrary<Fate> = fc.record({
  submission: fc.constantFrom('in-doubt', 'answered', 'unanswered'),
  arrives: fc.boolean(),
  acknowledged: fc.boolean(),
  fills: fc.array(fc.integer({ min: 1, max: 3 }), { maxLength: 3 }),
  end: fc.constantFrom('canceled', 'expired', 'rejected', 'filled'),
  lateFills: fc.array(fc.integer({ min: 1, max: 1 }), { maxLength: 1 }),
  closingIsLost: fc.boolean(),
  lostFill: fc.option(fc.nat(2), { nil: undefined }),
  repeats: fc.boolean(),
  delays: fc.array(fc.integer({ min: 0, max: 150 }), { minLength: 1, maxLength: 12 }),
});

/** The states the order goes through at the venue, each with the update that tells of it. */
function newsOf(fate: Fate): { order: VenueOrder; update: VenueUpdate }[] {
  if (fate.end === 'rejected') return [{ order: aVenueOrder({ status: 'rejected' }), update: aWord('rejected') }];
  const news: { order: VenueOrder; update: VenueUpdate }[] = [];
  if (fate.acknowledged) news.push({ order: aVenueOrder(), update: aWord('acknowledged') });
  let cum = 0;
  const fill = (lastQty: number, status: string) => {
    cum += lastQty;
    const update = aFill(`${cum}`, `${lastQty}`, { status });
    news.push({ order: update.order, update });
  };
  for (const lastQty of fate.fills) fill(lastQty, 'partially_filled');
  if (fate.end === 'filled') fill(ORDER_QTY - cum, 'filled');
  else {
    const update = aWord(fate.end, { filledQty: `${cum}` });
    news.push({ order: update.order, update });
    for (const lastQty of fate.lateFills) fill(lastQty, fate.end);
  }
  return news;
}

function laterOf(a: bigint, b: bigint): bigint {
  return a > b ? a : b;
}

/** Plays a fate against the core in the order of the clock, answering its lookups as the venue would. */
function play(fate: Fate) {
  const execution = anExecution({ caughtUp: fate.submission !== 'in-doubt' });
  const appended: Extract<ExecutionOutput, { type: 'append' }>[] = [];
  const agenda: { atNs: bigint; what: () => void }[] = [];
  const known: { atNs: bigint; order: VenueOrder; fill: VenueFill | undefined }[] = [];
  let nowNs = NOW_NS;
  let turn = 0;
  let fills = 0;
  const soon = () => BigInt(fate.delays[turn++ % fate.delays.length] ?? 0);
  const at = (atNs: bigint, what: () => void) => void agenda.push({ atNs, what });

  const feed = (input: ExecutionInput) => {
    for (const output of execution.run(input)) {
      if (output.type === 'append') appended.push(output);
      else if (output.type === 'lookup') at(laterOf(output.notBeforeNs, nowNs) + soon(), lookUp);
      else if (output.type === 'fetch-fills') at(laterOf(output.notBeforeNs, nowNs) + soon(), () => fetchFills(output));
      else if (output.type === 'list-orders') at(nowNs + soon(), () => listOrders(output.connection));
    }
  };
  const listOrders = (connection: number) => {
    const seen = known.findLast(({ atNs }) => atNs <= nowNs);
    const shown = seen === undefined ? undefined : { ...seen.order, createdNs: NOW_NS };
    const orders = shown === undefined ? [] : [{ clOrdId: 'tp-1', decidedBefore: true, shown }];
    feed({ type: 'venue-orders', connection, accountId: ACCOUNT_ID, orders });
  };
  const fetchFills = (asked: FillsAsked) => {
    const begunNs = nowNs;
    at(nowNs + soon(), () => {
      const fills = known
        .filter(({ atNs }) => atNs <= nowNs)
        .flatMap(({ fill }) => (fill === undefined ? [] : { ...fill, clOrdId: 'tp-1' }));
      at(nowNs + soon(), () => feed({ type: 'fills', asked, begunNs, fills }));
    });
  };
  const lookUp = () => {
    const begunNs = nowNs;
    // The answer is of some moment between question and reply, and by then may be old.
    at(nowNs + soon(), () => {
      const seen = known.findLast(({ atNs }) => atNs <= nowNs);
      at(nowNs + soon(), () => {
        const outcome =
          seen === undefined ? ({ type: 'not-found' } as const) : ({ type: 'found', order: seen.order } as const);
        feed({ type: 'looked-up', clOrdId: 'tp-1', begunNs, outcome });
      });
    });
  };

  feed({ type: 'approved', riskSeq: 1, approval: anApproval(), decidedBefore: false, nowNs });
  if (fate.submission === 'in-doubt') feed({ type: 'caught-up', riskLog: RISK_LOG });
  const news = fate.arrives ? newsOf(fate) : [];
  let venueNs = nowNs + soon();
  let heardNs = venueNs;
  if (fate.submission === 'answered') {
    const order = news[0]?.order ?? aVenueOrder();
    const isRejected = fate.end === 'rejected' || !fate.arrives;
    const answer = { clOrdId: 'tp-1', order, reason: '403: no' };
    at(venueNs + soon(), () => feed(isRejected ? { type: 'rejected', ...answer } : { type: 'accepted', ...answer }));
  } else if (fate.submission === 'unanswered') {
    at(nowNs + soon(), () => feed({ type: 'unanswered', clOrdId: 'tp-1', reason: 'ETIMEDOUT', nowNs }));
  }
  for (const { order, update } of news) {
    const fill = update.type === 'fill' ? { ...update, orderId: order.orderId, cumQty: order.filledQty } : undefined;
    known.push({ atNs: venueNs, order, fill });
    heardNs = laterOf(heardNs, venueNs) + soon();
    const isLostFill = fill !== undefined && fills === fate.lostFill && fills < fate.fills.length;
    if (fill !== undefined) fills += 1;
    const isLost = isLostFill || (fate.closingIsLost && update.type === fate.end);
    if (!isLost) at(heardNs, () => feed({ type: 'update', update, decidedBefore: true }));
    if (fate.repeats) at(heardNs + 5_000n, () => feed({ type: 'update', update, decidedBefore: true }));
    venueNs += soon();
  }
  at(heardNs + 3_000n, () => feed({ type: 'disconnected' }));
  at(heardNs + 3_000n, () => feed({ type: 'connected' }));

  for (let steps = 0; agenda.length > 0; steps += 1) {
    assert.ok(steps < 1000, 'it comes to an end');
    agenda.sort((a, b) => Number(a.atNs - b.atNs));
    const next = agenda.shift();
    nowNs = next?.atNs ?? nowNs;
    next?.what();
  }
  return { execution, appended, venueOrder: known.at(-1)?.order };
}

test('whatever the order of answers, updates and lookups, an order has one legal chain with one end, and all its executions', () => {
  const ends = new Set<string>();
  fc.assert(
    fc.property(fates, (fate) => {
      const { execution, appended, venueOrder } = play(fate);
      assert.equal(execution.state.halted, undefined);
      assert.equal(execution.state.rebase, 1, 'nothing made it doubt the account');
      let status: OrdStatus = 'APPROVED';
      let endings = 0;
      let cumQty = 0;
      for (const { kind, payload } of appended) {
        if (kind === 'TradingStateChanged' || kind === 'RiskGenerationSeen') continue;
        assert.ok(kind !== 'AccountRebased');
        const isPartial = kind === 'OrderFilled' && payload.leavesQty !== '0';
        const transition: OrderTransition = isPartial ? 'OrderPartiallyFilled' : kind;
        const next = nextStatus(status, transition);
        assert.ok(next !== undefined, `${transition} while ${status}`);
        if (isTerminal(next) && !isTerminal(status)) endings += 1;
        status = next;
        if (kind !== 'OrderFilled') continue;
        cumQty += Number(payload.lastQty);
        assert.equal(payload.cumQty, `${cumQty}`);
        assert.equal(payload.leavesQty, `${ORDER_QTY - cumQty}`);
        assert.equal(payload.ordStatus, status);
      }
      assert.equal(endings, 1, appended.map(({ kind }) => kind).join(' '));
      assert.equal(cumQty, Number(venueOrder?.filledQty ?? 0));
      assert.equal(execution.status(), status);
      ends.add(status);
    }),
    { numRuns: 3000 },
  );
  assert.deepEqual(
    [...ends].toSorted(),
    ['CANCELED', 'EXPIRED', 'FILLED', 'REFUSED', 'REJECTED'],
    'every end was played',
  );
});

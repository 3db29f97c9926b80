import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { isTerminal, nextStatus, ORDER_STATES, type OrderTransition, type OrdStatus } from '../src/index.ts';
import './seed.ts';

const TRANSITIONS = [
  'OrderSubmitted',
  'OrderUnknown',
  'OrderAccepted',
  'OrderPartiallyFilled',
  'OrderFilled',
  'OrderCancelRequested',
  'OrderCancelRejected',
  'OrderCanceled',
  'OrderRejected',
  'OrderExpired',
  'OrderRefused',
] as const satisfies readonly OrderTransition[];

/** The next state of every state by transition, in the order of `TRANSITIONS`; a dash is an illegal move. */
const EXPECTED: Readonly<Record<OrdStatus, string>> = {
  APPROVED: 'PENDING_NEW UNKNOWN - - - - - - - - REFUSED',
  PENDING_NEW: '- UNKNOWN NEW PARTIALLY_FILLED FILLED PENDING_CANCEL - CANCELED REJECTED EXPIRED -',
  UNKNOWN: '- - NEW PARTIALLY_FILLED FILLED UNKNOWN - CANCELED REJECTED EXPIRED REFUSED',
  NEW: '- - NEW PARTIALLY_FILLED FILLED PENDING_CANCEL - CANCELED REJECTED EXPIRED -',
  PARTIALLY_FILLED: '- - PARTIALLY_FILLED PARTIALLY_FILLED FILLED PENDING_CANCEL - CANCELED REJECTED EXPIRED -',
  PENDING_CANCEL: '- - PENDING_CANCEL PENDING_CANCEL FILLED PENDING_CANCEL NEW CANCELED REJECTED EXPIRED -',
  FILLED: '- - - - - - - - - - -',
  CANCELED: '- - - CANCELED CANCELED - - - - - -',
  REJECTED: '- - - - - - - - - - -',
  EXPIRED: '- - - EXPIRED EXPIRED - - - - - -',
  REFUSED: '- - - - - - - - - - -',
};
const STATES = Object.keys(EXPECTED) as OrdStatus[];
const TERMINAL: readonly OrdStatus[] = ['FILLED', 'CANCELED', 'REJECTED', 'EXPIRED', 'REFUSED'];

test('every state answers every transition as the table in this test says', () => {
  assert.deepEqual(Object.keys(ORDER_STATES).toSorted(), STATES.toSorted());
  for (const state of STATES) {
    const row = TRANSITIONS.map((transition) => nextStatus(state, transition) ?? '-').join(' ');
    assert.equal(row, EXPECTED[state], state);
  }
});

test('exactly five states end an order', () => {
  assert.deepEqual(STATES.filter(isTerminal).toSorted(), TERMINAL.toSorted());
});

test('a fill after a cancel or an expiry is applied and the order stays as it was; nothing else follows a terminal state', () => {
  for (const state of TERMINAL) {
    const accepted = TRANSITIONS.filter((transition) => nextStatus(state, transition) !== undefined);
    const late = state === 'CANCELED' || state === 'EXPIRED';
    assert.deepEqual(accepted, late ? ['OrderPartiallyFilled', 'OrderFilled'] : [], state);
    for (const transition of accepted) assert.equal(nextStatus(state, transition), state);
  }
});

test('an order leaves no terminal state, whatever events follow', () => {
  fc.assert(
    fc.property(fc.array(fc.constantFrom(...TRANSITIONS), { maxLength: 40 }), (events) => {
      let status: OrdStatus = 'APPROVED';
      let end: OrdStatus | undefined;
      for (const event of events) {
        status = nextStatus(status, event) ?? status;
        if (end !== undefined) assert.equal(status, end);
        if (isTerminal(status)) end = status;
      }
    }),
    { numRuns: 1000 },
  );
});

test('every state can be reached from APPROVED, and from each that is not terminal a terminal one', () => {
  const reached = (from: OrdStatus) => {
    const seen = new Set<OrdStatus>([from]);
    for (const state of seen) for (const next of Object.values(ORDER_STATES[state])) seen.add(next);
    return seen;
  };
  assert.deepEqual([...reached('APPROVED')].toSorted(), STATES.toSorted());
  for (const state of STATES) assert.ok([...reached(state)].some(isTerminal), state);
});

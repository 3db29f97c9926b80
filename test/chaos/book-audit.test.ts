import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { StoredEvent } from '@tickpath/journal';
import { audit, type Books } from './book-audit.ts';

function log(...events: readonly (readonly [type: string, payload: object])[]): StoredEvent[] {
  const none = { eventId: '', stream: 's', version: 1, tsNs: 0n, correlationId: null, causationId: null, checksum: 0 };
  return events.map(([type, payload], i) => ({ ...none, seq: i + 1, type, schema: 1, payload }));
}

const FILLED = { clOrdId: 'a', orderId: 'v1', cumQty: '2', lastQty: '2', lastPx: '10', leavesQty: '0' };
const ACTIVITY = { id: '1', order_id: 'v1', cum_qty: '2', qty: '2', price: '10', side: 'buy', symbol: 'IBM' };

const RIGHT: Books = {
  risk: log(
    ['ExecutionApplied', { seq: 1, kind: 'AccountRebased' }],
    ['OrderApproved', { clOrdId: 'a' }],
    ['ExecutionApplied', { seq: 2, kind: 'OrderFilled' }],
    ['ReservationFreed', { clOrdId: 'a', executionSeq: 2 }],
  ),
  execution: log(['AccountRebased', {}], ['OrderFilled', FILLED]),
  orders: [{ id: 'v1', client_order_id: 'a', filled_qty: '2' }],
  activities: [ACTIVITY],
  cash: '80',
  positions: { IBM: { qty: '2', cost: '20' } },
};

describe('the audit of the books', () => {
  test('finds nothing in books that are right', () => {
    assert.deepEqual(audit(RIGHT, '100'), { faults: [], approvals: 1, fills: 1, rebases: 1 });
  });

  const wrong: Readonly<Record<string, readonly [Partial<Books>, RegExp]>> = {
    'an order that was sent twice': [
      { orders: [...RIGHT.orders, { id: 'v2', client_order_id: 'a', filled_qty: '0' }] },
      /order of the venue a is there 2 times/,
    ],
    'a fill that was lost': [
      { execution: log(['AccountRebased', {}], ['OrderCanceled', { clOrdId: 'a' }]) },
      /the fill v1 2: 2 @ 10 is in no event/,
    ],
    'a fill that was booked twice': [
      { execution: log(['AccountRebased', {}], ['OrderFilled', FILLED], ['OrderFilled', FILLED]) },
      /a logged fill v1 2: 2 @ 10 is there 2 times/,
    ],
    'a fill that the venue never made': [{ activities: [] }, /the logged fill v1 2: 2 @ 10 is none of the venue's/],
    'an event that risk left out': [
      { risk: RIGHT.risk.toSpliced(0, 1) },
      /risk applied OrderFilled 2 in place 1, where execution logged AccountRebased 1/,
    ],
    'an approval without an end': [
      { risk: [...RIGHT.risk, ...log(['OrderApproved', { clOrdId: 'b' }])] },
      /the approval b has 0 times a terminal event/,
    ],
    'a reservation that was never freed': [
      { risk: RIGHT.risk.toSpliced(3, 1) },
      /the approval a has 0 times a freed reservation/,
    ],
    'a reservation that was freed too soon': [
      { risk: RIGHT.risk.with(3, log(['ReservationFreed', { clOrdId: 'a', executionSeq: 1 }])[0] as StoredEvent) },
      /the reservation a was freed by event 1, it ended at 2/,
    ],
    'cash that the fills do not explain': [{ cash: '80.01' }, /the venue has 80.01 USD, its fills make 80/],
    'a position that the fills do not explain': [{ positions: {} }, /its fills make IBM 2 for 20/],
  };
  for (const [what, [change, expected]] of Object.entries(wrong)) {
    test(`finds ${what}`, () => {
      assert.match(audit({ ...RIGHT, ...change }, '100').faults.join('\n'), expected);
    });
  }
});

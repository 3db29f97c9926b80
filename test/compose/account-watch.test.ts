import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type AccountSample, isEqual, readRisk, readVenue, wrongfulApprovals } from './account-watch.ts';

const AGREED: AccountSample = {
  riskStarted: 1,
  approvals: 5,
  rebases: 0,
  openOrders: 0,
  risk: { AAPL: 100 },
  venue: { AAPL: 100 },
};
const FORGOTTEN: AccountSample = { ...AGREED, venue: {} };

describe('what counts as a wrongful approval', () => {
  test('an approval after the books were seen to differ', () => {
    assert.equal(wrongfulApprovals([AGREED, FORGOTTEN, { ...FORGOTTEN, approvals: 6, openOrders: 1 }]).length, 1);
    assert.equal(wrongfulApprovals([FORGOTTEN, { ...AGREED, approvals: 6, venue: undefined }]).length, 1);
  });

  test('not one after the book was taken anew, nor one by a risk that was started anew', () => {
    assert.deepEqual(wrongfulApprovals([FORGOTTEN, { ...AGREED, approvals: 6, rebases: 1 }]), []);
    assert.deepEqual(wrongfulApprovals([FORGOTTEN, { ...AGREED, approvals: 1, riskStarted: 2 }]), []);
  });

  test('not one while fills were on their way', () => {
    assert.deepEqual(
      wrongfulApprovals([
        { ...FORGOTTEN, openOrders: 1 },
        { ...AGREED, approvals: 6 },
      ]),
      [],
    );
    assert.deepEqual(
      wrongfulApprovals([
        { ...FORGOTTEN, venue: undefined },
        { ...AGREED, approvals: 6 },
      ]),
      [],
    );
  });

  test('not a difference without an approval', () => {
    assert.deepEqual(wrongfulApprovals([AGREED, FORGOTTEN, FORGOTTEN]), []);
  });
});

test('positions are read from both sides, short ones signed and flat ones left out', () => {
  const read = readRisk(
    [
      'tickpath_process_start_time_seconds 17',
      'tickpath_risk_decisions_total{result="APPROVED"} 7',
      'tickpath_risk_decisions_total{result="MAX_ORDER"} 9',
      'tickpath_risk_rebases_total 2',
      'tickpath_risk_open_orders 1',
      'tickpath_risk_position_qty{symbol="AAPL"} -100',
      'tickpath_risk_position_qty{symbol="SPY"} 0',
    ].join('\n'),
  );
  assert.deepEqual(read, { riskStarted: 17, approvals: 7, rebases: 2, openOrders: 1, risk: { AAPL: -100 } });
  const venue = readVenue([{ symbol: 'AAPL', qty: '-100' }]);
  assert.ok(isEqual(read.risk, venue) && !isEqual(read.risk, {}) && isEqual({ SPY: 0 }, {}));
});

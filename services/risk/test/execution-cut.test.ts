import assert from 'node:assert/strict';
import { test } from 'node:test';
import { aRisk, EXECUTION_LOG } from './builders.ts';

test('when the connection to execution breaks nothing is approved, not even what only reduces', () => {
  const risk = aRisk();
  risk.begin({ positions: [{ symbol: 'IBM', qty: '50', cost: '5000' }] });
  assert.equal(risk.order('SELL', '10').approved, true);
  risk.run({ type: 'execution-cut' });
  assert.equal(risk.order('SELL', '10').reason, 'NOT_READY');
  assert.equal(risk.order('BUY', '10').reason, 'NOT_READY');
});

test('a log that is the same behind a broken connection goes on where it was', () => {
  const risk = aRisk();
  const before = risk.order('BUY', '10');
  risk.run({ type: 'execution-cut' });
  risk.run({ type: 'execution-caught-up', log: EXECUTION_LOG });
  assert.equal(before.approved, true);
  assert.equal(risk.order('BUY', '10').approved, true);
  assert.equal(risk.state.reservations.size, 2);
});

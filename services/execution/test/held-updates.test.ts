import assert from 'node:assert/strict';
import { test } from 'node:test';
import { aFill, anExecution, aWord } from './builders.ts';

test('what a venue said before it began anew is not held against the account it has then', () => {
  const execution = anExecution({ connected: false });
  execution.connect();
  execution.update(aWord('acknowledged'));
  execution.update(aFill('4', '4'));
  execution.disconnect();
  execution.connect();
  const words = execution.takeAccount({ accountId: 'account-2' });
  assert.deepEqual(
    words.filter((word) => word.startsWith('read-account')),
    [],
  );
  assert.equal(execution.state.accountId, 'account-2');
});

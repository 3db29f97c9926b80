import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { MarketQuote, MarketStatus } from '../src/core/market/event.ts';
import { createLastShown } from '../src/feed/last-shown.ts';
import { anAsset, aQuote } from './builders.ts';

function status(effect: MarketStatus['effect']): MarketStatus {
  return {
    ...{ kind: 'status', instrument: anAsset('AAPL'), tsNs: 2n, effect, tape: 'C' },
    ...{ statusCode: '', statusMessage: '', reasonCode: '', reasonMessage: '' },
  };
}

test('of quotes that update one side at a time both sides are shown', () => {
  const last = createLastShown();
  last.put(aQuote({ updates: 'bid', askPx: '0', askSz: '0' }));
  const half = aQuote({ updates: 'ask', bidPx: '189' });
  last.put(half);
  assert.deepEqual(last.events(), [{ ...half, updates: 'both' }]);
  const again = aQuote({ updates: 'ask', askPx: '192' });
  last.put(again);
  assert.deepEqual(last.events(), [{ ...again, updates: 'both' }]);
});

test('a side that was last new before a halt stays forgotten after it', () => {
  const last = createLastShown();
  last.put(aQuote());
  last.put(status('halt'));
  assert.deepEqual(
    last.events().map(({ kind }) => kind),
    ['status', 'quote'],
  );
  last.put(status('resume'));
  assert.deepEqual(last.events(), []);
  last.put(aQuote({ updates: 'ask' }));
  last.put(aQuote({ updates: 'ask' }));
  assert.equal((last.events()[0] as MarketQuote).updates, 'ask');
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { decodeFrame, type Envelope, encodeEnvelope } from '../src/envelope.ts';
import { fromJson, toJson } from '../src/message-json.ts';
import { KINDS, type Payload } from '../src/messages.ts';
import { payloadsOf } from './codec-arbitraries.ts';
import './seed.ts';

const HEADER = { source: 'risk', epoch: 1, seq: 1, tsNs: 1n, traceparent: null };

for (const kind of KINDS) {
  test(`a ${kind} that went through JSON text is the same, and the same on the wire`, () => {
    fc.assert(
      fc.property(payloadsOf(kind), (payload) => {
        const text = JSON.stringify(toJson(kind, payload));
        const again = fromJson(kind, JSON.parse(text));
        assert.deepEqual(again, payload);
        assert.deepEqual(encodeEnvelope(kind, HEADER, again as never), encodeEnvelope(kind, HEADER, payload as never));
      }),
      { numRuns: 50 },
    );
  });
}

test('times are decimal text, all digits of them; fields keep their names', () => {
  assert.deepEqual(
    toJson('OrderAdopted', {
      clOrdId: 'tp-1',
      symbol: 'A',
      side: 'BUY',
      leavesQty: '5',
      executionSeq: 7,
      receivedNs: 1_790_000_000_123_456_789n,
    }),
    { clOrdId: 'tp-1', symbol: 'A', side: 'BUY', leavesQty: '5', executionSeq: 7, receivedNs: '1790000000123456789' },
  );
});

test('what an older version did not write is null, and what the kind does not have is left out', () => {
  const older = { clOrdId: 'tp-1', symbol: 'A', side: 'BUY', leavesQty: '5', executionSeq: 7, note: 'not ours' };
  const { note, ...known } = older;
  assert.deepEqual(fromJson('OrderAdopted', older), { ...known, receivedNs: null });
});

test('what could not be told to a follower is refused before it is kept, with the name of the field', () => {
  const refused = { clOrdId: 'tp-1', orderId: 'half a pair: \ud800', symbol: 'A', reason: '' };
  assert.throws(() => toJson('OrderRejected', refused), {
    code: 'MESSAGE_INVALID',
    message: /^cannot keep OrderRejected: orderId: /,
  });
});

test('words for people are kept as they are and mended on the wire', () => {
  const kept = toJson('OrderRefused', { clOrdId: 'tp-1', symbol: 'A', reason: 'x'.repeat(2000) });
  const envelopes: Envelope[] = [];
  const bytes = encodeEnvelope('OrderRefused', HEADER, fromJson('OrderRefused', kept));
  decodeFrame(bytes, (envelope) => envelopes.push(envelope), assert.fail);
  const [{ payload } = assert.fail()] = envelopes;
  assert.equal((payload as Payload<'OrderRefused'>).reason.length, 1024);
});

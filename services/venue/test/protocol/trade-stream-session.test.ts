import '../seed.ts';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { createTradeStreamSession, stepTradeStream } from '../../src/core/protocol/trade-stream-session.ts';

const areValid = (keyId: string, secretKey: string) => keyId === 'key' && secretKey === 'secret';
const UNAUTHORIZED = { stream: 'authorization', data: { action: 'authenticate', status: 'unauthorized' } };

test('both forms of authentication are taken, the old one with a notice, and nothing is heard before', () => {
  const session = createTradeStreamSession(false);
  const step = (message: unknown) =>
    stepTradeStream(session, message, areValid) as { stream: string; data: Record<string, unknown> };
  const listen = { action: 'listen', data: { streams: ['other', 'trade_updates'] } };
  assert.deepEqual(step(listen), { stream: 'authorization', data: { action: 'listen', status: 'unauthorized' } });
  assert.deepEqual(step({ action: 'auth', key: 'key', secret: 'wrong' }), UNAUTHORIZED);
  assert.deepEqual(step({ action: 'auth', key: 7, secret: ['secret'] }), UNAUTHORIZED);
  const old = step({ action: 'authenticate', data: { key_id: 'key', secret_key: 'secret' } });
  assert.equal(old.data.status, 'authorized');
  assert.match(String(old.data.message), /being deprecated/);
  assert.deepEqual(step(listen), { stream: 'listening', data: { streams: ['trade_updates'] } });
  assert.ok(session.listensToTradeUpdates);
  assert.deepEqual(step({ action: 'listen', data: { streams: [] } }), { stream: 'listening', data: { streams: [] } });
  step(listen);
  assert.deepEqual(step({ action: 'auth', key: 'key', secret: 'wrong' }), UNAUTHORIZED);
  assert.ok(!session.listensToTradeUpdates, 'who fails to authenticate again hears nothing more');
});

test('any message is answered, and none but the right key makes a session listen', () => {
  fc.assert(
    fc.property(fc.array(fc.anything({ withNullPrototype: true })), fc.anything(), (messages, data) => {
      const session = createTradeStreamSession(false);
      for (const message of [...messages, { action: 'listen', data }, { action: 'authenticate', data }]) {
        const answer = stepTradeStream(session, message, areValid);
        assert.ok('stream' in answer || ('action' in answer && answer.action === 'error'));
      }
      assert.ok(!session.isAuthorized && !session.listensToTradeUpdates);
    }),
  );
});

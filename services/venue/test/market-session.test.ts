import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { createMarketSession, stepMarketSession, subscriptionKey, wants } from '../src/core/market-session.ts';

const RULES = { areValid: (key: string, secret: string) => key === 'K' && secret === 'S', symbolLimit: 3 };
const AUTH = { action: 'auth', key: 'K', secret: 'S' };

function client() {
  const session = createMarketSession();
  const send = (message: unknown) => {
    const text = typeof message === 'string' ? message : JSON.stringify(message);
    return stepMarketSession(session, { kind: 'message', text }, RULES);
  };
  return { session, send };
}

function error(code: number, msg: string, close = false) {
  return { messages: [{ T: 'error', code, msg }], close };
}

test('a client is greeted, authenticates and subscribes', () => {
  const { session, send } = client();
  assert.deepEqual(stepMarketSession(session, { kind: 'open', credentials: null }, RULES).messages, [
    { T: 'success', msg: 'connected' },
  ]);
  assert.deepEqual(send(AUTH).messages, [{ T: 'success', msg: 'authenticated' }]);
  assert.deepEqual(send({ action: 'subscribe', trades: ['AAPL'], quotes: ['SPY'] }).messages, [
    { T: 'subscription', trades: ['AAPL'], quotes: ['SPY'], corrections: ['AAPL'], cancelErrors: ['AAPL'] },
  ]);
  assert.equal(session.phase, 'subscribed');
  assert.ok(wants(session, 'trades', 'AAPL'));
  assert.ok(!wants(session, 'quotes', 'AAPL'));
});

test('headers of the handshake authenticate as well', () => {
  const { session } = client();
  const open = (keyId: string) =>
    stepMarketSession(session, { kind: 'open', credentials: { keyId, secretKey: 'S' } }, RULES).messages;
  assert.deepEqual(open('wrong')[1], { T: 'error', code: 402, msg: 'auth failed' });
  assert.deepEqual(open('K')[1], { T: 'success', msg: 'authenticated' });
});

test('subscriptions add up, confirmations hold the complete list, and the last one gone ends them', () => {
  const { session, send } = client();
  send(AUTH);
  send({ action: 'subscribe', trades: ['MSFT'] });
  assert.deepEqual(send({ action: 'subscribe', trades: ['AAPL'], quotes: ['*'] }).messages[0], {
    T: 'subscription',
    trades: ['AAPL', 'MSFT'],
    quotes: ['*'],
    corrections: ['AAPL', 'MSFT'],
    cancelErrors: ['AAPL', 'MSFT'],
  });
  assert.ok(wants(session, 'quotes', 'ANY'));
  assert.deepEqual(send({ action: 'unsubscribe', trades: ['AAPL', 'MSFT'], quotes: ['*'] }).messages, [
    { T: 'subscription' },
  ]);
  assert.equal(session.phase, 'authenticated');
});

test('each fault has its documented code, and changes nothing', () => {
  const { session, send } = client();
  assert.deepEqual(send({ action: 'subscribe', trades: ['AAPL'] }), error(401, 'not authenticated'));
  assert.deepEqual(send({ ...AUTH, secret: 'wrong' }), error(402, 'auth failed'));
  assert.deepEqual(send({ action: 'auth', key: 1, secret: 'S' }), error(400, 'invalid syntax'));
  send(AUTH);
  assert.deepEqual(send(AUTH), error(403, 'already authenticated'));
  send({ action: 'subscribe', trades: ['AAPL'] });
  const before = subscriptionKey(session);
  for (const bad of ['{', '[]', '7', 'null', { action: 'dance' }, { action: 'subscribe', trades: 'AAPL' }]) {
    assert.deepEqual(send(bad), error(400, 'invalid syntax'));
  }
  assert.deepEqual(send({ action: 'subscribe', trades: ['MSFT'], quotes: ['a"b'] }), error(400, 'invalid syntax'));
  const noBars = error(410, 'invalid subscribe action for this feed');
  assert.deepEqual(send({ action: 'subscribe', trades: ['MSFT'], bars: ['AAPL'] }), noBars);
  assert.deepEqual(send({ action: 'subscribe', trades: ['A', 'B', 'C'] }), error(405, 'symbol limit exceeded'));
  assert.equal(subscriptionKey(session), before);
});

test('a client that does not authenticate in time is told so and closed; one that has is left alone', () => {
  const late = client();
  assert.deepEqual(stepMarketSession(late.session, { kind: 'auth-timeout' }, RULES), error(404, 'auth timeout', true));
  assert.deepEqual(late.send(AUTH).messages, []);
  const { session, send } = client();
  send(AUTH);
  assert.deepEqual(stepMarketSession(session, { kind: 'auth-timeout' }, RULES).messages, []);
});

test('a slow client is told so, closed and gets nothing more', () => {
  const { session, send } = client();
  send(AUTH);
  send({ action: 'subscribe', trades: ['*'] });
  assert.deepEqual(stepMarketSession(session, { kind: 'slow' }, RULES), error(407, 'slow client', true));
  assert.ok(!wants(session, 'trades', 'AAPL'));
});

test('no message makes the session throw', () => {
  const { send } = client();
  send(AUTH);
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.json()), fc.jsonValue(), (text, value) => {
      send(text);
      send({ action: 'subscribe', trades: value });
    }),
  );
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { marketEndpointOf } from '../src/core/protocol/market-channels.ts';
import { createMarketSession, stepMarketSession, subscriptionKey } from '../src/core/protocol/market-session.ts';
import './seed.ts';

const RULES = {
  areValid: (key: string, secret: string) => key === 'K' && secret === 'S',
  isFull: () => false,
  symbolLimit: 3,
};
const AUTH = { action: 'auth', key: 'K', secret: 'S' };

function endpoint(path: string) {
  const found = marketEndpointOf(path);
  assert.ok(found, `no endpoint ${path}`);
  return found;
}

function client(path = '/v2/iex', rules = RULES) {
  const session = createMarketSession(endpoint(path));
  const send = (message: unknown) => stepMarketSession(session, { kind: 'message', message }, rules);
  return { session, send };
}

function error(code: number, msg: string, close = false) {
  return { messages: [{ T: 'error', code, msg }], books: [], close };
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
});

test('headers of the handshake authenticate as well', () => {
  const { session } = client();
  const open = (keyId: string) =>
    stepMarketSession(session, { kind: 'open', credentials: { keyId, secretKey: 'S' } }, RULES).messages;
  assert.deepEqual(open('wrong')[1], { T: 'error', code: 402, msg: 'auth failed' });
  assert.deepEqual(open('K')[1], { T: 'success', msg: 'authenticated' });
});

test('every channel of equities can be subscribed to, and the confirmation names those that are', () => {
  const { send } = client('/v2/sip');
  send(AUTH);
  const all = {
    trades: ['AAPL'],
    quotes: ['AAPL'],
    bars: ['*'],
    updatedBars: ['AAPL'],
    dailyBars: ['AAPL'],
    statuses: ['*'],
    lulds: ['AAPL'],
    imbalances: ['AAPL'],
  };
  const [confirmed] = send({ action: 'subscribe', ...all }).messages;
  assert.deepEqual(confirmed, { T: 'subscription', ...all, corrections: ['AAPL'], cancelErrors: ['AAPL'] });
});

test('crypto has order books and no corrections, and asks for each whole book once', () => {
  const { send } = client('/v1beta3/crypto/us');
  send(AUTH);
  const subscribe = { action: 'subscribe', trades: ['BTC/USD'], orderbooks: ['BTC/USD'] };
  const first = send(subscribe);
  assert.deepEqual(first.messages, [{ T: 'subscription', trades: ['BTC/USD'], orderbooks: ['BTC/USD'] }]);
  assert.deepEqual(first.books, ['BTC/USD']);
  assert.deepEqual(send(subscribe).books, []);
  assert.deepEqual(
    send({ action: 'subscribe', statuses: ['BTC/USD'] }),
    error(410, 'invalid subscribe action for this feed'),
  );
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
  for (const bad of [undefined, [], 7, null, 'auth', { action: 'dance' }, { action: 'subscribe', trades: 'AAPL' }]) {
    assert.deepEqual(send(bad), error(400, 'invalid syntax'));
  }
  assert.deepEqual(send({ action: 'subscribe', trades: ['MSFT'], quotes: ['a"b'] }), error(400, 'invalid syntax'));
  const notHere = error(410, 'invalid subscribe action for this feed');
  assert.deepEqual(send({ action: 'subscribe', trades: ['MSFT'], orderbooks: ['AAPL'] }), notHere);
  assert.deepEqual(send(JSON.parse('{"action":"subscribe","__proto__":["AAPL"]}')), notHere);
  assert.deepEqual(send({ action: 'subscribe', trades: ['A', 'B'], bars: ['C'] }), error(405, 'symbol limit exceeded'));
  assert.equal(subscriptionKey(session), before);
});

test('a key with as many connections as it may have is told so and closed, and so is who asks for a feed not offered', () => {
  const full = client('/v2/sip', { ...RULES, isFull: () => true });
  assert.deepEqual(full.send(AUTH), error(406, 'connection limit exceeded', true));
  assert.deepEqual(client('/v2/otc').send(AUTH), error(409, 'insufficient subscription', true));
  assert.deepEqual(client('/v2/otc').send({ ...AUTH, key: 'X' }), error(402, 'auth failed'));
});

test('a client that does not authenticate in time is told so and closed; one that has is left alone', () => {
  const late = client();
  assert.deepEqual(stepMarketSession(late.session, { kind: 'auth-timeout' }, RULES), error(404, 'auth timeout', true));
  assert.deepEqual(late.send(AUTH).messages, []);
  const { session, send } = client();
  send(AUTH);
  assert.deepEqual(stepMarketSession(session, { kind: 'auth-timeout' }, RULES).messages, []);
});

test('a slow client is told so, closed and subscribed to nothing', () => {
  const { session, send } = client();
  send(AUTH);
  send({ action: 'subscribe', trades: ['*'] });
  assert.deepEqual(stepMarketSession(session, { kind: 'slow' }, RULES), error(407, 'slow client', true));
  assert.equal(session.channels.trades.size, 0);
});

test('no message makes the session throw', () => {
  const { send } = client();
  send(AUTH);
  fc.assert(
    fc.property(fc.anything(), fc.jsonValue(), (anything, value) => {
      send(anything);
      send({ action: 'subscribe', trades: value });
    }),
  );
});

import assert from 'node:assert/strict';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { test } from 'node:test';
import { Packr } from 'msgpackr';
import { WebSocket } from 'ws';
import type { MarketStatus, SourceEvent } from '../../src/core/market/event.ts';
import { createHistory } from '../../src/core/market/history.ts';
import { marketEndpointOf } from '../../src/core/protocol/market-channels.ts';
import { createMarketServer, type MarketServerOptions } from '../../src/market-server.ts';
import { anAsset, aQuote, aTrade, eventually } from '../builders.ts';
import { HEADERS, KEY, NO_METRICS, startVenue, type TestClient } from '../venue-harness.ts';
import { book, level } from './stream-builders.ts';

const PACK = { 'content-type': 'application/msgpack' };
const packr = new Packr({ useRecords: false });
const BTC = anAsset('BTC/USD');
const AAPL = anAsset('AAPL');
const MINUTE_NS = 60_000_000_000n;

function letters(client: TestClient): unknown[] {
  return client.messages.map(({ T }) => T).filter((letter) => !['success', 'subscription'].includes(String(letter)));
}

function halt(tsNs: bigint): MarketStatus {
  return {
    ...{ kind: 'status', instrument: AAPL, tsNs, statusCode: 'H', statusMessage: 'Trading Halt', reasonCode: 'LUDP' },
    ...{ reasonMessage: 'Volatility Trading Pause', tape: 'C', effect: 'halt' },
  };
}

test('a client that asks for MessagePack gets and sends it, in binary frames', async () => {
  await using venue = await startVenue();
  const client = venue.connect('/v2/sip', { headers: PACK });
  await client.received(1);
  client.socket.send(packr.pack({ action: 'auth', key: KEY.keyId, secret: KEY.secretKey }));
  client.socket.send(packr.pack({ action: 'subscribe', trades: ['AAPL'], statuses: ['*'] }));
  await client.received(3);
  venue.show(aTrade({ tsNs: 1_500_000_000_000_000_000n }), aQuote(), halt(2n));
  await client.received(5);
  assert.ok(client.frames.every(({ isBinary }) => isBinary));
  assert.deepEqual(client.messages.slice(0, 3), [
    { T: 'success', msg: 'connected' },
    { T: 'success', msg: 'authenticated' },
    { T: 'subscription', trades: ['AAPL'], statuses: ['*'], corrections: ['AAPL'], cancelErrors: ['AAPL'] },
  ]);
  const [trade, status] = client.messages.slice(3);
  assert.deepEqual(Object.keys(trade ?? {}), ['T', 'S', 'i', 'x', 'p', 's', 'c', 'z', 't']);
  assert.deepEqual([trade?.T, trade?.p, trade?.s, trade?.t], ['t', 190, 10, new Date(1_500_000_000_000)]);
  assert.deepEqual([status?.T, status?.sc, status?.rc], ['s', 'H', 'LUDP']);
  client.socket.send(Buffer.from([0xc1]));
  assert.deepEqual((await client.received(6))[5], { T: 'error', code: 400, msg: 'invalid syntax' });
});

test('each endpoint shows the instruments of its class', async () => {
  await using venue = await startVenue();
  const equities = await venue.subscriber('/v2/test');
  const crypto = await venue.subscriber('/v1beta3/crypto/us-1');
  venue.show(aTrade(), aTrade({ symbol: 'BTC/USD', takerSide: 'B' }), aQuote(), aQuote({ symbol: 'BTC/USD' }));
  await Promise.all([equities.received(5), crypto.received(5)]);
  assert.deepEqual(
    equities.messages.slice(3).map(({ S }) => S),
    ['AAPL', 'AAPL'],
  );
  assert.deepEqual(
    crypto.messages.slice(3).map(({ T, S, tks }) => [T, S, tks]),
    [
      ['t', 'BTC/USD', 'B'],
      ['q', 'BTC/USD', undefined],
    ],
  );
});

test('a subscriber to order books gets the whole book first and then what changes', async () => {
  await using venue = await startVenue();
  const whole = { reset: true, bids: [level('99', '1'), level('100', '2')], asks: [level('101', '3')] };
  venue.show(book({ instrument: BTC, ...whole }), book({ instrument: BTC, tsNs: 2n, bids: [level('100', '0')] }));
  const client = await venue.subscriber('/v1beta3/crypto/us', { orderbooks: ['BTC/USD'] });
  venue.show(book({ instrument: BTC, tsNs: 3n, asks: [level('101', '0.5')] }));
  const [first, second] = (await client.received(5)).slice(3);
  assert.deepEqual([first?.b, first?.a, first?.r], [[{ p: 99, s: 1 }], [{ p: 101, s: 3 }], true]);
  assert.deepEqual([second?.b, second?.a, second?.r], [[], [{ p: 101, s: 0.5 }], undefined]);
});

test('bars, days, statuses, bands, imbalances, corrections and cancels go to who asked for them', async () => {
  await using venue = await startVenue();
  const trades = await venue.subscriber('/v2/iex', { trades: ['AAPL'] });
  const bars = await venue.subscriber('/v2/iex', { bars: ['*'], updatedBars: ['AAPL'], dailyBars: ['*'] });
  const rest = await venue.subscriber('/v2/iex', { statuses: ['AAPL'], lulds: ['*'], imbalances: ['AAPL'] });
  const none = await venue.subscriber('/v2/iex', { trades: ['MSFT'], bars: ['MSFT'], statuses: ['MSFT'] });
  const startNs = 1_381_152_600_000_000_000n;
  const first = aTrade({ id: 1, tsNs: startNs });
  const second = aTrade({ id: 2, tsNs: startNs + 1n });
  const { px, sz, exchange, tape, conditions } = first;
  const shared = { instrument: AAPL, exchange, tape, originalNs: startNs };
  const facts = { id: 1, px, sz, conditions };
  const events: SourceEvent[] = [
    first,
    second,
    { ...shared, kind: 'correction', tsNs: startNs + MINUTE_NS, original: facts, corrected: { ...facts, px: px + 1 } },
    { ...shared, kind: 'cancelError', tsNs: startNs + MINUTE_NS, originalNs: startNs + 1n, id: 2, px, sz, action: 'C' },
    { kind: 'luld', instrument: AAPL, tsNs: startNs + MINUTE_NS, upPx: px, downPx: px, indicator: 'A', tape },
    { kind: 'imbalance', instrument: AAPL, tsNs: startNs + MINUTE_NS, px, tape },
    halt(startNs + 2n * MINUTE_NS),
  ];
  venue.show(...events);
  await Promise.all([trades.received(7), bars.received(7), rest.received(6)]);
  assert.deepEqual(letters(trades), ['t', 't', 'c', 'x']);
  assert.deepEqual(letters(bars), ['b', 'd', 'u', 'd']);
  assert.deepEqual(letters(rest), ['l', 'i', 's']);
  none.send({ action: 'unsubscribe', trades: ['MSFT'] });
  await none.received(4);
  assert.deepEqual(letters(none), []);
});

test('what is wanted both by name and by * comes once', async () => {
  await using venue = await startVenue();
  const client = await venue.subscriber('/v2/iex', { trades: ['AAPL', '*'], quotes: ['AAPL'] });
  venue.show(aTrade(), aTrade({ symbol: 'MSFT', id: 2 }), aQuote());
  await client.received(6);
  assert.deepEqual(letters(client), ['t', 't', 'q']);
});

test('a key has so many connections to an endpoint and no more, until one closes', async () => {
  await using venue = await startVenue({ config: { connectionLimit: 1 } });
  const first = await venue.subscriber('/v2/iex');
  const second = venue.connect('/v2/iex', { headers: HEADERS });
  assert.deepEqual((await second.received(2))[1], { T: 'error', code: 406, msg: 'connection limit exceeded' });
  await eventually('the close', () => second.closeCode() === 1008);
  await venue.subscriber('/v2/sip');
  first.socket.close();
  await eventually('the place to be free', () => first.closeCode() !== null);
  await venue.subscriber('/v2/iex');
});

test('a feed that is not offered ends with insufficient subscription', async () => {
  await using venue = await startVenue();
  const client = venue.connect('/v2/otc', { headers: HEADERS });
  assert.deepEqual((await client.received(2))[1], { T: 'error', code: 409, msg: 'insufficient subscription' });
  await eventually('the close', () => client.closeCode() === 1008);
});

test('compression is used when the venue offers it and the client asks, and not otherwise', async () => {
  for (const compression of [true, false]) {
    await using venue = await startVenue({ config: { compression } });
    const client = await venue.subscriber();
    assert.equal(client.socket.extensions, compression ? 'permessage-deflate' : '');
    venue.show(...Array.from({ length: 50 }, (_, id) => aTrade({ id })));
    await client.received(53);
    assert.equal(client.messages.at(-1)?.i, 49);
  }
});

test('when another run begins all are disconnected, and who comes back is told the new run', async () => {
  await using venue = await startVenue();
  const client = await venue.subscriber();
  assert.equal(venue.market.subscriberCount(), 1);
  venue.market.disconnectAll(1012, 'the tape was moved');
  assert.equal(venue.market.subscriberCount(), 0, 'nothing is played for who is leaving');
  await eventually('the close', () => client.closeCode() === 1012);
  const again = await venue.subscriber();
  assert.equal(again.upgrade['x-tickpath-run'], venue.run().id);
});

/** A market server alone, on a port of its own. */
async function startMarket(options: Partial<MarketServerOptions>) {
  const log: string[] = [];
  const market = createMarketServer({
    areValid: () => true,
    ...{ symbolLimit: 1000, connectionLimit: 0, compression: false, authTimeoutMs: 60_000, maxMessageBytes: 65_536 },
    headers: () => ({}),
    history: createHistory({ eventsPerSymbol: 10 }),
    metrics: NO_METRICS,
    log: { info: (_fields, message) => void log.push(message) },
    ...options,
  });
  const http = createServer();
  const endpoint = marketEndpointOf('/v2/iex');
  assert.ok(endpoint);
  http.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) =>
    market.accept({ request, socket, head }, endpoint),
  );
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
  return {
    market,
    log,
    url: `ws://127.0.0.1:${(http.address() as AddressInfo).port}/v2/iex`,
    async [Symbol.asyncDispose]() {
      await market.close();
      http.close();
    },
  };
}

test('a client that answers no ping is cut off, one that does is left alone', async () => {
  await using server = await startMarket({ pingIntervalMs: 20 });
  const silent = new WebSocket(server.url, { autoPong: false });
  const lively = new WebSocket(server.url);
  let pings = 0;
  lively.on('ping', () => {
    pings += 1;
  });
  await eventually('the end of the silent one', () => silent.readyState === WebSocket.CLOSED);
  await eventually('more pings', () => pings > 5);
  assert.equal(lively.readyState, WebSocket.OPEN);
  assert.ok(server.log.includes('market-data client has answered no ping'));
});

test('a client that asks without reading the answers is not listened to until it reads, and is answered then', async () => {
  const mostUnreadBytes = 300_000;
  await using server = await startMarket({ mostUnreadBytes });
  const client = new WebSocket(server.url, { headers: HEADERS });
  let answers = 0;
  client.on('message', () => {
    answers += 1;
  });
  await eventually('the greeting', () => answers === 2);
  // Questions of about the size of their answers, far more than the sockets of both sides take in.
  const trades = Array.from({ length: 1000 }, (_, index) => `SYMBOL${index}`);
  const question = JSON.stringify({ action: 'subscribe', trades, quotes: trades, bars: trades });
  const count = Math.ceil(20_000_000 / question.length);
  client.pause();
  for (let asked = 0; asked < count; asked += 1) client.send(question);
  let most = 0;
  let still = 0;
  await eventually('the venue to listen no more', () => {
    const now = server.market.mostBufferedBytes();
    still = now > mostUnreadBytes && now <= most ? still + 1 : 0;
    most = Math.max(most, now);
    return still > 50;
  });
  assert.ok(most < 4 * mostUnreadBytes, `${most} bytes wait`);
  assert.ok(client.bufferedAmount > 0, 'questions still wait on the side of the client');
  client.resume();
  await eventually('every answer', () => answers === count + 2, 20_000);
});

test('two hundred clients, each with subscriptions of its own, get what they asked for and nothing else', async () => {
  await using venue = await startVenue({ config: { symbolLimit: 10 } });
  const symbols = ['AAPL', 'MSFT'];
  const wishes = Array.from({ length: 200 }, (_, index) => ({
    trades: index % 2 === 0 ? [symbols[index % 4 === 0 ? 0 : 1] ?? ''] : [],
    quotes: index % 3 === 0 ? symbols : [],
    bars: [`X${index}`],
  }));
  const clients = await Promise.all(wishes.map((wish) => venue.subscriber('/v2/iex', wish)));
  venue.show(aTrade(), aTrade({ symbol: 'MSFT', id: 2 }), aQuote(), aQuote({ symbol: 'MSFT' }));
  for (const [index, client] of clients.entries()) {
    const { trades = [], quotes = [] } = wishes[index] ?? {};
    await client.received(3 + trades.length + quotes.length);
    const got = client.messages.slice(3).map(({ T, S }) => `${T} ${S}`);
    assert.deepEqual(got, [...trades.map((symbol) => `t ${symbol}`), ...quotes.map((symbol) => `q ${symbol}`)]);
  }
});

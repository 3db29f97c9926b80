import assert from 'node:assert/strict';
import { EventEmitter, once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { type TestContext, test } from 'node:test';
import { createLogger } from '@tickpath/runtime';
import { type WebSocket, WebSocketServer } from 'ws';
import { TradeUpdates } from '../src/trade-updates.ts';

/** A venue that lets everyone in, and a client of it that notes whether updates flow. */
async function connected(t: TestContext, options: { answersPings: boolean }) {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1', autoPong: options.answersPings });
  await once(server, 'listening');
  const clients: WebSocket[] = [];
  server.on('connection', (socket) => {
    clients.push(socket);
    socket.on('message', (data) => {
      const { action } = JSON.parse(String(data)) as { action: string };
      const stream = action === 'auth' ? 'authorization' : 'listening';
      socket.send(JSON.stringify({ stream, data: { status: 'authorized' } }));
    });
  });
  const told: boolean[] = [];
  const news = new EventEmitter();
  const updates = new TradeUpdates({
    url: `ws://127.0.0.1:${(server.address() as AddressInfo).port}/stream`,
    ...{ keyId: 'key', secretKey: 'secret', pingMs: 50 },
    log: createLogger({ service: 'execution', level: 'silent' }),
    onListening: (up) => {
      told.push(up);
      news.emit('told');
    },
    onUpdate: () => {},
    onFault: assert.fail,
  });
  updates.connect();
  t.after(() => {
    updates.close();
    for (const client of clients) client.terminate();
    server.close();
  });
  const reach = async (count: number) => {
    while (told.length < count) await once(news, 'told', { signal: AbortSignal.timeout(10_000) });
  };
  await reach(1);
  return { updates, told, reach, server };
}

test('a connection on which the venue answers no ping is given up for a fresh one', async (t) => {
  const { told, reach } = await connected(t, { answersPings: false });
  await reach(5);
  assert.deepEqual(told.slice(0, 5), [true, false, true, false, true]);
});

test('a connection on which it answers is kept', async (t) => {
  const { told, server } = await connected(t, { answersPings: true });
  const [client] = server.clients;
  for (let pings = 0; pings < 4; pings += 1) await once(client as WebSocket, 'ping');
  assert.deepEqual(told, [true]);
});

test('who renews it is told at once that nothing flows, and then of the fresh connection', async (t) => {
  const { updates, told, reach } = await connected(t, { answersPings: true });
  updates.renew();
  assert.deepEqual(told, [true, false]);
  await reach(3);
  assert.deepEqual(told, [true, false, true]);
});

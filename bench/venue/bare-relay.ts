import { createServer } from 'node:http';
import { type WebSocket, WebSocketServer } from 'ws';
import { alpacaOrder, tradeUpdates } from '../path/alpaca-order.ts';
import type { BareArguments } from './bare-arguments.ts';

const ORDER = { orderId: 'bare', clOrdId: 'bare', symbol: 'AAPL', side: 'buy', qty: '1', createdNs: 0n };

/** Answers every order and tells of it in bytes made beforehand: what the sockets alone cost. */
export async function bareRelay({ port }: BareArguments): Promise<void> {
  const answer = Buffer.from(JSON.stringify(alpacaOrder(ORDER, '0')));
  const [added = answer, filled = answer] = tradeUpdates(ORDER);
  const received = Buffer.from(added.toString().replace('"event":"new"', '"event":"pending_new"'));
  const frames = [received, added, filled];
  const listeners = new Set<WebSocket>();
  const server = createServer((request, response) => {
    request.resume();
    request.on('end', () => {
      response.writeHead(200, { 'content-type': 'application/json', 'content-length': answer.length });
      response.end(answer);
      for (const listener of listeners) for (const frame of frames) listener.send(frame);
    });
  });
  const sockets = new WebSocketServer({ server, perMessageDeflate: false });
  sockets.on('connection', (socket) => {
    socket.on('message', (data) => {
      if (!String(data).includes('listen')) return;
      listeners.add(socket);
      socket.send(Buffer.from(JSON.stringify({ stream: 'listening', data: { streams: ['trade_updates'] } })));
    });
    socket.on('close', () => listeners.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
}

import { createServer } from 'node:http';
import { type WebSocket, WebSocketServer } from 'ws';
import { timeText } from '../path/ticks.ts';
import type { BareArguments } from './bare-arguments.ts';

const FRAME_TICKS = 256;
const SYMBOLS = 50;
const TRADE_SHARE = 0.35;
const HIGH_WATER_BYTES = 1_000_000;
/** It begins when so many have subscribed. */
export const TICK_CLIENTS = 2;

/** Ticks as objects, `JSON.stringify`, `ws.send`: the least that a market-data server in Node does, as fast as it is read. */
export async function bareTicks({ port }: BareArguments): Promise<void> {
  const server = createServer();
  const sockets = new WebSocketServer({ server, perMessageDeflate: false });
  const readers = new Set<WebSocket>();
  const frames = ticksInFrames();
  const pump = () => {
    if (readers.size < TICK_CLIENTS) return;
    let mayGoOn = true;
    const frame = Buffer.from(JSON.stringify(frames.next().value));
    for (const reader of readers) {
      reader.send(frame, { binary: false });
      if (reader.bufferedAmount > HIGH_WATER_BYTES) mayGoOn = false;
    }
    if (mayGoOn) setImmediate(pump);
    else setTimeout(pump, 1);
  };
  sockets.on('connection', (socket) => {
    const say = (message: object) => socket.send(JSON.stringify([message]));
    socket.on('message', () => {
      say({ T: 'subscription', trades: ['*'], quotes: ['*'] });
      readers.add(socket);
      if (readers.size === TICK_CLIENTS) setImmediate(pump);
    });
    socket.on('close', () => readers.delete(socket));
    say({ T: 'success', msg: 'authenticated' });
  });
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
}

function* ticksInFrames(): Generator<readonly object[], never> {
  const ids = Array.from({ length: SYMBOLS }, () => 0);
  for (let tick = 0; ; ) {
    const frame: object[] = [];
    const t = timeText(BigInt(Date.now()) * 1_000_000n + BigInt(tick % 1_000_000));
    while (frame.length < FRAME_TICKS) {
      const at = tick % SYMBOLS;
      const S = `SYM${at}`;
      const p = 100 + (tick % 997) / 100;
      if ((tick * 7919) % 1000 < TRADE_SHARE * 1000) {
        const i = (ids[at] ?? 0) + 1;
        ids[at] = i;
        frame.push({ T: 't', S, i, x: 'V', p, s: 1 + (tick % 300), c: ['@'], z: 'C', t });
      } else {
        frame.push({
          T: 'q',
          S,
          bx: 'V',
          bp: p,
          bs: 100 + (tick % 900),
          ax: 'V',
          ap: p + 0.02,
          as: 300,
          c: ['R'],
          z: 'C',
          t,
        });
      }
      tick += 1;
    }
    yield frame;
  }
}

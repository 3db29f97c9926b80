import { open } from 'node:fs/promises';
import { DatabaseSync } from 'node:sqlite';
import { fastify } from 'fastify';
import { alpacaOrder } from '../path/alpaca-order.ts';
import type { BareArguments } from './bare-arguments.ts';

interface OrderBody {
  readonly client_order_id: string;
  readonly symbol: string;
  readonly side: string;
  readonly qty: string;
}

/** The table of the baseline: one row an order. */
export const BARE_TABLE =
  'CREATE TABLE IF NOT EXISTS orders (seq INTEGER PRIMARY KEY, id TEXT NOT NULL, body TEXT NOT NULL) STRICT';

/** Fastify, `JSON.parse`, one row committed and on the disk, an answer of Alpaca's size. No checks, no matching, no updates. */
export async function bareOrders({ port, path = '' }: BareArguments): Promise<void> {
  const database = new DatabaseSync(path);
  database.exec(`PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; ${BARE_TABLE}`);
  const insert = database.prepare('INSERT INTO orders VALUES (?, ?, ?)');
  const wal = await open(`${path}-wal`);
  const app = fastify({ logger: false });
  let seq = 0;
  app.post<{ Body: OrderBody }>('/v2/orders', async ({ body }) => {
    seq += 1;
    const { client_order_id: clOrdId, symbol, side, qty } = body;
    const orderId = `bare-${String(seq).padStart(31, '0')}`;
    const createdNs = BigInt(Date.now()) * 1_000_000n;
    const order = alpacaOrder({ orderId, clOrdId, symbol, side, qty, createdNs }, '0');
    insert.run(seq, orderId, JSON.stringify(order));
    await wal.datasync();
    return order;
  });
  await app.listen({ port, host: '127.0.0.1' });
}

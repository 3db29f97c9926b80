import type { FastifyInstance } from 'fastify';
import { isOpen } from './core/orders/order.ts';
import { type AssetNames, assetNamed, positionSymbol } from './core/protocol/asset-names.ts';
import { type AlpacaOrder, alpacaOrder } from './core/protocol/order-entity.ts';
import { CLOSE_ALL, type Closing, closingOrder, readCloseAll, readClosing } from './core/protocol/position-closing.ts';
import { alpacaPosition, alpacaPositions, type Holding, holding, holdings } from './core/protocol/positions.ts';
import { nothingToClose, positionNotFound, refusalBody, symbolNotFound } from './core/refusal.ts';
import type { Exchange, SubmitResult } from './exchange.ts';
import { refuse } from './http-frame.ts';
import { cancelAll } from './order-routes.ts';

export interface PositionRoutesOptions {
  readonly exchange: Exchange;
  readonly assets: AssetNames;
}

type Query = Record<string, unknown>;
/** A wildcard, so that the slash of a pair need not be encoded. */
type ByName = { Params: { '*': string }; Querystring: Query };

const SHOWN_NAME_LENGTH = 40;
const MS_PER_NS = 1_000_000n;
const CANCEL_SLACK_MS = 1000;

/** What became of the closing of one position among all of them: the body is the order or the refusal. */
interface ClosedPosition {
  readonly symbol: string;
  readonly status: number;
  readonly body: AlpacaOrder | object;
}

/** Positions: what is held, and closing it. */
export function registerPositions(app: FastifyInstance, { exchange, assets }: PositionRoutesOptions): void {
  app.get('/v2/positions', (_request, reply) => reply.send(alpacaPositions(exchange.state())));

  app.get<ByName>('/v2/positions/*', (request, reply) => {
    const name = request.params['*'];
    const asset = assetNamed(assets, name);
    if (asset === undefined) return refuse(reply, symbolNotFound(name.slice(0, SHOWN_NAME_LENGTH)));
    const held = holding(exchange.state(), asset);
    return held === undefined ? refuse(reply, positionNotFound()) : reply.send(alpacaPosition(exchange.state(), held));
  });

  app.delete<ByName>('/v2/positions/*', (request, reply) => {
    const name = request.params['*'];
    const read = readClosing(request.query);
    if (!read.ok) return refuse(reply, read.refusal);
    const asset = assetNamed(assets, name);
    const held = asset === undefined ? undefined : holding(exchange.state(), asset);
    if (held === undefined) return refuse(reply, nothingToClose(name.slice(0, SHOWN_NAME_LENGTH)));
    const result = close(exchange, held, read.closing);
    return result.ok ? reply.send(alpacaOrder(result.order)) : refuse(reply, result.refusal);
  });

  app.delete<{ Querystring: Query }>('/v2/positions', async (request, reply) => {
    const read = readCloseAll(request.query);
    if (!read.ok) return refuse(reply, read.refusal);
    if (read.cancelOrders) await canceled(exchange);
    return reply.code(207).send(holdings(exchange.state()).map((held) => closedPosition(exchange, held)));
  });
}

function close(exchange: Exchange, held: Holding, closing: Closing): SubmitResult {
  const read = closingOrder(held, closing);
  return read.ok ? exchange.submit(read.order) : read;
}

function closedPosition(exchange: Exchange, held: Holding): ClosedPosition {
  const symbol = positionSymbol(held.asset);
  const result = close(exchange, held, CLOSE_ALL);
  return result.ok
    ? { symbol, status: 200, body: alpacaOrder(result.order) }
    : { symbol, status: result.refusal.status, body: refusalBody(result.refusal) };
}

/**
 * Cancels every open order and waits until they are closed, as long as the cancels may take. A tape that stands still
 * lets none arrive: what they hold is then refused by name.
 */
async function canceled(exchange: Exchange): Promise<void> {
  const ids = cancelAll(exchange).map(({ id }) => id);
  const { cancelNs, jitterNs } = exchange.state().rules.latency;
  const timeoutMs = Number((cancelNs + jitterNs) / MS_PER_NS) + CANCEL_SLACK_MS;
  const anyOpen = () =>
    ids.some((id) => {
      const order = exchange.order(id);
      return order !== undefined && isOpen(order);
    });
  if (!anyOpen()) return;
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, timeoutMs);
  const unlisten = exchange.listen(() => {
    if (!anyOpen()) resolve();
  });
  await promise;
  clearTimeout(timer);
  unlisten();
}

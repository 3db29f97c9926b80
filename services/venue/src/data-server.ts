import type { AssetClass } from '@tickpath/trading';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { History, SymbolHistory } from './core/market/history.ts';
import { isCryptoLocation } from './core/protocol/market-channels.ts';
import { type DataKind, readLatestRequest, readPastRequest } from './core/protocol/market-data-request.ts';
import { createRestWriter, latestOf, pageOf, snapshotText, stands } from './core/protocol/market-rest.ts';
import { createMarketTexts } from './core/protocol/market-texts.ts';
import type { Refusal } from './core/refusal.ts';
import { headerCredentials } from './credentials.ts';
import type { VenueMetrics } from './metrics.ts';

export interface DataOptions {
  readonly history: Pick<History, 'of'>;
  /** The market's own time: nothing newer is told. */
  readonly nowNs: () => bigint;
  readonly areValid: (keyId: string, secretKey: string) => boolean;
  readonly metrics: Pick<VenueMetrics, 'httpRequest'>;
  readonly log: { error(fields: object, message: string): void };
}

interface Asked {
  readonly Querystring: Record<string, unknown>;
  readonly Params: Partial<Record<'symbol' | 'location', string>>;
}
type Request = FastifyRequest<Asked>;

const KINDS: readonly DataKind[] = ['trades', 'quotes', 'bars'];
const ONE: Readonly<Record<DataKind, string>> = { trades: 'trade', quotes: 'quote', bars: 'bar' };
const CRYPTO = '/v1beta3/crypto/:location';

/**
 * Alpaca's market-data REST on a Fastify instance of its own: what the market has shown in this run, as far as it is
 * remembered. Errors are `{message}`. Crypto needs no key, as at Alpaca; a wrong one is refused all the same.
 */
export function registerData(app: FastifyInstance, options: DataOptions): void {
  const { history, nowNs, areValid, metrics, log } = options;
  const texts = createMarketTexts();
  const writer = createRestWriter(texts);

  app.addHook('onRequest', async (request, reply) => {
    const credentials = headerCredentials(request.headers);
    const isPublic = request.url.startsWith('/v1beta3/crypto/');
    if (credentials === null ? isPublic : areValid(credentials.keyId, credentials.secretKey)) return;
    refuse(reply, 401, 'request is not authorized');
    return reply;
  });
  app.addHook('onResponse', async (request, reply) => {
    metrics.httpRequest(`${request.method} ${request.routeOptions.url ?? 'unknown'}`, reply.statusCode);
  });
  app.setErrorHandler((error, _request, reply) => {
    const { statusCode = 500, message } = error as { statusCode?: number; message: string };
    if (statusCode >= 400 && statusCode < 500) return refuse(reply, statusCode, message);
    log.error({ err: error }, 'a request for market data failed');
    return refuse(reply, 500, 'internal server error occurred');
  });

  /** One page of the past, of the symbol in the path or of those in the query. */
  const past = (request: Request, reply: FastifyReply, kind: DataKind, assetClass: AssetClass): FastifyReply => {
    const symbol = request.params.symbol ?? null;
    const read = readPastRequest(request.query, { kind, assetClass, symbol, nowNs: nowNs() });
    if (!read.ok) return refuse(reply, 400, read.fault);
    const { rows, nextPageToken } = pageOf(read.request, { kind, of: (one) => history.of(one), writer });
    const token = nextPageToken === null ? 'null' : `"${nextPageToken}"`;
    if (symbol !== null) {
      const own = rows.get(symbol);
      const list = own === undefined ? 'null' : `[${own.join(',')}]`;
      return answer(reply, `{"${kind}":${list},"symbol":${texts.quoted(symbol)},"next_page_token":${token}}`);
    }
    const lists = [...rows].map(([one, list]) => `${texts.quoted(one)}:[${list.join(',')}]`);
    return answer(reply, `{"${kind}":{${lists.join(',')}},"next_page_token":${token}}`);
  };

  const latestText = (of: SymbolHistory | undefined, kind: DataKind): string | undefined => {
    if (of === undefined) return undefined;
    const { instrument, trades, quotes, minuteBars } = of;
    const upTo = { nowNs: nowNs() };
    if (kind === 'trades') {
      const trade = latestOf(trades, { ...upTo, counts: stands });
      return trade && writer.trade(trade, instrument);
    }
    if (kind === 'quotes') {
      const quote = latestOf(quotes, upTo);
      return quote && writer.quote(quote, instrument);
    }
    const bar = latestOf(minuteBars, upTo);
    return bar && writer.bar(bar, instrument);
  };

  /** Of each symbol asked for that has it, by symbol. */
  const bySymbol = (
    request: Request,
    reply: FastifyReply,
    { assetClass, textOf }: { assetClass: AssetClass; textOf(of: SymbolHistory): string | undefined },
  ): string | null => {
    const read = readLatestRequest(request.query, { assetClass, symbol: null });
    if (!read.ok) {
      refuse(reply, 400, read.fault);
      return null;
    }
    const found = read.request.flatMap((symbol) => {
      const of = history.of(symbol);
      const text = of === undefined ? undefined : textOf(of);
      return text === undefined ? [] : [`${texts.quoted(symbol)}:${text}`];
    });
    return `{${found.join(',')}}`;
  };

  /** The latest of the symbol in the path. */
  const ofOne = (request: Request, reply: FastifyReply, kind: DataKind): FastifyReply => {
    const symbol = request.params.symbol ?? '';
    const read = readLatestRequest(request.query, { assetClass: 'us_equity', symbol });
    if (!read.ok) return refuse(reply, 400, read.fault);
    const text = latestText(history.of(symbol), kind);
    if (text === undefined) return refuse(reply, 404, `no ${ONE[kind]} found for ${symbol}`);
    return answer(reply, `{"symbol":${texts.quoted(symbol)},"${ONE[kind]}":${text}}`);
  };

  const located = (request: Request, reply: FastifyReply): boolean => {
    const location = request.params.location ?? '';
    if (isCryptoLocation(location)) return true;
    refuse(reply, 400, `invalid location: ${location}`);
    return false;
  };

  const snapshot = (of: SymbolHistory) => snapshotText(of, { nowNs: nowNs(), writer });

  for (const kind of KINDS) {
    app.get<Asked>(`/v2/stocks/${kind}`, (request, reply) => past(request, reply, kind, 'us_equity'));
    app.get<Asked>(`/v2/stocks/:symbol/${kind}`, (request, reply) => past(request, reply, kind, 'us_equity'));
    app.get<Asked>(`${CRYPTO}/${kind}`, (request, reply) =>
      located(request, reply) ? past(request, reply, kind, 'crypto') : reply,
    );
    app.get<Asked>(`/v2/stocks/:symbol/${kind}/latest`, (request, reply) => ofOne(request, reply, kind));
    const textOf = (of: SymbolHistory) => latestText(of, kind);
    app.get<Asked>(`/v2/stocks/${kind}/latest`, (request, reply) => {
      const found = bySymbol(request, reply, { assetClass: 'us_equity', textOf });
      return found === null ? reply : answer(reply, `{"${kind}":${found}}`);
    });
    app.get<Asked>(`${CRYPTO}/latest/${kind}`, (request, reply) => {
      if (!located(request, reply)) return reply;
      const found = bySymbol(request, reply, { assetClass: 'crypto', textOf });
      return found === null ? reply : answer(reply, `{"${kind}":${found}}`);
    });
  }

  app.get<Asked>(`${CRYPTO}/latest/orderbooks`, (request, reply) => {
    if (!located(request, reply)) return reply;
    const textOf = (of: SymbolHistory) => {
      const book = of.book();
      return book && writer.book(book, of.instrument);
    };
    const found = bySymbol(request, reply, { assetClass: 'crypto', textOf });
    return found === null ? reply : answer(reply, `{"orderbooks":${found}}`);
  });

  app.get<Asked>('/v2/stocks/snapshots', (request, reply) => {
    const found = bySymbol(request, reply, { assetClass: 'us_equity', textOf: snapshot });
    return found === null ? reply : answer(reply, found);
  });
  app.get<Asked>(`${CRYPTO}/snapshots`, (request, reply) => {
    if (!located(request, reply)) return reply;
    const found = bySymbol(request, reply, { assetClass: 'crypto', textOf: snapshot });
    return found === null ? reply : answer(reply, `{"snapshots":${found}}`);
  });
  app.get<Asked>('/v2/stocks/:symbol/snapshot', (request, reply) => {
    const symbol = request.params.symbol ?? '';
    const read = readLatestRequest(request.query, { assetClass: 'us_equity', symbol });
    if (!read.ok) return refuse(reply, 400, read.fault);
    const of = history.of(symbol);
    if (of === undefined) return refuse(reply, 404, `no snapshot found for ${symbol}`);
    return answer(reply, `{"symbol":${texts.quoted(symbol)},${snapshot(of).slice(1)}`);
  });
}

function answer(reply: FastifyReply, json: string): FastifyReply {
  return reply.type('application/json; charset=utf-8').send(json);
}

/** How a limit on requests refuses here: with the message alone. */
export function refuseWithMessage(reply: FastifyReply, { status, message }: Refusal): FastifyReply {
  return refuse(reply, status, message);
}

function refuse(reply: FastifyReply, status: Refusal['status'], message: string): FastifyReply {
  return reply.code(status).type('application/json; charset=utf-8').send({ message });
}

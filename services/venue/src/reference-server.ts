import type { FastifyInstance, FastifyReply } from 'fastify';
import type { VenueRules } from './core/orders/state.ts';
import { assetNamed } from './core/protocol/asset-names.ts';
import { assetEntity, assetNotListed, isListed, readAssetListing } from './core/reference/asset-entity.ts';
import type { Assets } from './core/reference/assets.ts';
import { calendar, readCalendarListing } from './core/reference/calendar-entity.ts';
import { clockEntity } from './core/reference/clock-entity.ts';
import { marketClockEntity, marketNamed, readMarketClock, readMarketDays } from './core/reference/market-entity.ts';
import { refuse } from './http-frame.ts';

export interface ReferenceOptions {
  readonly assets: Assets;
  /** The market's own time: that of the tape while one is played. */
  readonly nowNs: () => bigint;
  readonly hours: VenueRules['hours'];
}

interface Queried {
  readonly Querystring: Record<string, unknown>;
}

/** Alpaca's reference REST on a Fastify instance: assets, the market's clock and its calendar. */
export function registerReference(app: FastifyInstance, { assets, nowNs, hours }: ReferenceOptions): void {
  const calendarEntities = calendar();

  app.get<Queried>('/v2/assets', (request, reply) => {
    const read = readAssetListing(request.query);
    if (!read.ok) return refuse(reply, read.refusal);
    const entities = assets.all().map(assetEntity);
    return reply.send(entities.filter((entity) => isListed(entity, read.listing)));
  });

  const one = (name: string, reply: FastifyReply): FastifyReply => {
    const asset = assetNamed(assets, name);
    return asset === undefined ? refuse(reply, assetNotListed(name)) : reply.send(assetEntity(asset));
  };
  app.get<{ Params: { name: string } }>('/v2/assets/:name', (request, reply) => one(request.params.name, reply));
  // A pair of currencies whose slash the client did not encode.
  app.get<{ Params: { base: string; quote: string } }>('/v2/assets/:base/:quote', (request, reply) =>
    one(`${request.params.base}/${request.params.quote}`, reply),
  );

  app.get('/v2/clock', (_request, reply) => reply.send(clockEntity(hours, nowNs())));

  app.get<Queried>('/v3/clock', (request, reply) => {
    const read = readMarketClock(request.query, nowNs());
    if (!read.ok) return refuse(reply, read.refusal);
    const { markets, tsNs } = read.value;
    return reply.send({ clocks: markets.map((market) => marketClockEntity(market, hours, tsNs)) });
  });

  app.get<Queried>('/v2/calendar', (request, reply) => {
    const read = readCalendarListing(request.query, nowNs());
    return read.ok ? reply.send(calendarEntities(read.listing)) : refuse(reply, read.refusal);
  });

  app.get<Queried & { Params: { market: string } }>('/v3/calendar/:market', (request, reply) => {
    const market = marketNamed(request.params.market);
    if (!market.ok) return refuse(reply, market.refusal);
    const days = readMarketDays(request.query, nowNs());
    return days.ok ? reply.send({ market: market.value, calendar: days.value }) : refuse(reply, days.refusal);
  });
}

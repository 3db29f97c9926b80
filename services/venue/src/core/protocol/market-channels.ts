import type { AssetClass } from '@tickpath/trading';
import type { MarketEvent } from '../market/event.ts';

/** What a client may subscribe to. Corrections and cancels come with the trades. */
export const MARKET_CHANNELS = [
  'trades',
  'quotes',
  'bars',
  'updatedBars',
  'dailyBars',
  'statuses',
  'lulds',
  'imbalances',
  'orderbooks',
] as const;
export type MarketChannel = (typeof MARKET_CHANNELS)[number];

/** A market-data stream: which instruments it shows, and on which channels. */
export interface MarketEndpoint {
  readonly path: string;
  readonly assetClass: AssetClass;
  readonly channels: readonly MarketChannel[];
  /** False for a stream that Alpaca has and this venue does not: a client gets as far as "insufficient subscription". */
  readonly isOffered: boolean;
}

const EQUITY_CHANNELS = MARKET_CHANNELS.filter((channel) => channel !== 'orderbooks');
const CRYPTO_CHANNELS: readonly MarketChannel[] = [
  'trades',
  'quotes',
  'bars',
  'updatedBars',
  'dailyBars',
  'orderbooks',
];

const EQUITY_FEEDS = ['iex', 'sip', 'delayed_sip', 'test', 'boats', 'overnight'];
const CRYPTO_LOCATIONS = ['us', 'us-1', 'us-2', 'eu-1', 'bs-1'];
const NOT_OFFERED = ['/v2/otc', '/v1beta1/indicative', '/v1beta1/opra', '/v1beta1/news'];

function equityEndpoint(path: string): MarketEndpoint {
  return { path, assetClass: 'us_equity', channels: EQUITY_CHANNELS, isOffered: true };
}

const ENDPOINTS: ReadonlyMap<string, MarketEndpoint> = new Map(
  [
    ...EQUITY_FEEDS.map((feed) => equityEndpoint(`/v2/${feed}`)),
    ...['boats', 'overnight'].map((feed) => equityEndpoint(`/v1beta1/${feed}`)),
    ...NOT_OFFERED.map((path) => ({ ...equityEndpoint(path), isOffered: false })),
    ...CRYPTO_LOCATIONS.map((location): MarketEndpoint => {
      const path = `/v1beta3/crypto/${location}`;
      return { path, assetClass: 'crypto', channels: CRYPTO_CHANNELS, isOffered: true };
    }),
  ].map((endpoint) => [endpoint.path, endpoint]),
);

/** The stream under a path; `undefined` when there is none. */
export function marketEndpointOf(path: string): MarketEndpoint | undefined {
  return ENDPOINTS.get(path);
}

/** True for a crypto location that Alpaca has: all show the same market here. */
export function isCryptoLocation(location: string): boolean {
  return CRYPTO_LOCATIONS.includes(location);
}

const CHANNEL_BY_KIND: Readonly<Record<MarketEvent['kind'], MarketChannel>> = {
  trade: 'trades',
  correction: 'trades',
  cancelError: 'trades',
  quote: 'quotes',
  bar: 'bars',
  updatedBar: 'updatedBars',
  dailyBar: 'dailyBars',
  status: 'statuses',
  luld: 'lulds',
  imbalance: 'imbalances',
  book: 'orderbooks',
};

/** The channel on which an event is shown. */
export function channelOf(event: MarketEvent): MarketChannel {
  return CHANNEL_BY_KIND[event.kind];
}

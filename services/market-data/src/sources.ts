import type { Logger } from '@tickpath/runtime';
import type { LiveSource } from './config.ts';
import { createAlpacaProtocol } from './core/feeds/alpaca.ts';
import type { WarmUpOptions } from './core/feeds/alpaca-warm-up.ts';
import { createBinanceProtocol } from './core/feeds/binance.ts';
import { createCoinbaseProtocol } from './core/feeds/coinbase.ts';
import { createKrakenProtocol } from './core/feeds/kraken.ts';
import type { FetchApi, VenueProtocol } from './core/feeds/protocol.ts';
import { RestClient, type RestClientOptions } from './rest-client.ts';

export interface SourceOptions {
  readonly source: LiveSource;
  /** Null for the usual place. */
  readonly streamUrl: string | null;
  readonly restUrl: string | null;
  readonly tradingUrl: string | null;
  readonly feed: string;
  /** Of this installation's venue, which the sources of Alpaca come from. */
  readonly venueUrl: string;
  /** What is fetched of the time before; null for nothing. Only Alpaca's sources can. */
  readonly warmUp: WarmUpOptions | null;
  readonly alpaca: { readonly keyId: string; readonly secretKey: string };
  readonly rest: Pick<
    RestClientOptions,
    'requestsPerMinute' | 'timeoutMs' | 'bodyTimeoutMs' | 'retries' | 'maxBodyBytes'
  >;
  readonly log: Logger;
}

/** Where a source is, how it speaks, and how it is asked. */
export interface FeedSource {
  readonly url: string;
  readonly createProtocol: () => VenueProtocol;
  readonly rest: Readonly<Record<FetchApi, RestClient>>;
  /** The exchange, named as in its trades, whose stream tells no best quote but by its book; null where it does. */
  readonly bookQuotesOf: string | null;
  readonly close: () => Promise<void>;
}

/** The exchanges' public places, which need no key. */
const PUBLIC = {
  binance: { stream: 'wss://stream.binance.com:9443/stream', rest: 'https://api.binance.com' },
  coinbase: { stream: 'wss://advanced-trade-ws.coinbase.com', rest: 'https://api.coinbase.com' },
  kraken: { stream: 'wss://ws.kraken.com', rest: 'https://api.kraken.com' },
} as const;
const CRYPTO_LOCATION = 'us';
/** What the sum of snapshots and the connection's budget allow at once: the whole book of a busy pair. */
const BINANCE_DEPTH = 5_000;
const KRAKEN_DEPTH = 1_000;

/** Whether the source is an exchange's own public place. */
export function isPublicExchange(source: LiveSource): boolean {
  return Object.hasOwn(PUBLIC, source);
}

export function openSource(options: SourceOptions): FeedSource {
  const { source, streamUrl, restUrl, tradingUrl, venueUrl, feed, alpaca, rest } = options;
  const isAlpaca = source === 'alpaca-stocks' || source === 'alpaca-crypto';
  const usual = isAlpaca
    ? { stream: `${venueUrl.replace('http', 'ws')}${alpacaPath(source, feed)}`, rest: venueUrl }
    : PUBLIC[source];
  const headers = isAlpaca ? { 'APCA-API-KEY-ID': alpaca.keyId, 'APCA-API-SECRET-KEY': alpaca.secretKey } : {};
  const data = new RestClient({ ...rest, baseUrl: restUrl ?? usual.rest, headers });
  const trading = tradingUrl === null ? data : new RestClient({ ...rest, baseUrl: tradingUrl, headers });
  return {
    url: streamUrl ?? usual.stream,
    createProtocol: () => protocolOf(options),
    rest: { data, trading },
    // Its `ticker` speaks with trades only: between two of them the best quote changes unsaid.
    bookQuotesOf: source === 'coinbase' ? 'COINBASE' : null,
    close: async () => {
      await Promise.all(Array.from(new Set([data, trading]), (client) => client.close()));
    },
  };
}

function alpacaPath(source: 'alpaca-stocks' | 'alpaca-crypto', feed: string): string {
  return source === 'alpaca-stocks' ? `/v2/${feed}` : `/v1beta3/crypto/${CRYPTO_LOCATION}`;
}

function protocolOf({ source, feed, alpaca, warmUp }: SourceOptions): VenueProtocol {
  const common = { ...alpaca, quoteSizeUnit: 1, recoversTrades: true, warmUp } as const;
  switch (source) {
    case 'alpaca-stocks':
      return createAlpacaProtocol({
        ...{ ...common, assetClass: 'us_equity', feed },
        channels: ['trades', 'quotes', 'statuses', 'lulds', 'imbalances'],
      });
    case 'alpaca-crypto':
      return createAlpacaProtocol({
        ...{ ...common, assetClass: 'crypto', feed: CRYPTO_LOCATION },
        channels: ['trades', 'quotes', 'orderbooks'],
      });
    case 'binance':
      return createBinanceProtocol({ market: 'spot', snapshotDepth: BINANCE_DEPTH });
    case 'coinbase':
      return createCoinbaseProtocol();
    case 'kraken':
      return createKrakenProtocol({ depth: KRAKEN_DEPTH });
  }
}

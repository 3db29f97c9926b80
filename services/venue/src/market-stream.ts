import type { ServiceContext } from '@tickpath/runtime';
import { MarketFollower, openWire, symbolOfVenue, symbolPrefix } from '@tickpath/wire';
import type { VenueConfig } from './config.ts';
import type { StreamSource } from './feed/stream-feed.ts';

/** market-data's stream, ready to be followed. */
export interface MarketStream {
  readonly follow: StreamSource['follow'];
  /** After the last follower. */
  close(): void;
}

/** Opens the transport to market-data. Throws `SecurityError` for keys that cannot be used. */
export async function openMarketStream(context: ServiceContext<VenueConfig>): Promise<MarketStream> {
  const { shared, log, clock, metrics, addresses } = context;
  const { symbols, receiveHighWaterMark, heartbeatMs } = context.config.stream;
  const nowNs = () => clock.nowNs();
  const wire = await openWire({ source: 'venue', nowNs, metrics, keysDir: shared.security.keysDir, log });
  const prefixes = symbols.flatMap((symbol) => {
    const name = symbolOfVenue(symbol);
    return name === undefined ? [] : [symbolPrefix(name)];
  });
  return {
    follow: (listener) =>
      new MarketFollower({
        ...{ ...wire, ...listener, name: 'venue', server: 'market-data', receiveHighWaterMark, heartbeatMs },
        connect: { stream: addresses.connect('marketStream'), control: addresses.connect('marketControl') },
        prefixes: prefixes.length === 0 ? [''] : prefixes,
      }),
    close: () => wire.security.close(),
  };
}

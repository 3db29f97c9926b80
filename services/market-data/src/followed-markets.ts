import type { ServiceContext } from '@tickpath/runtime';
import type { FeedIdentity, MarketPublisher } from '@tickpath/wire';
import { createFeedHomes, type FeedHomes } from './feed-homes.ts';
import type { MarketDataConfig } from './feed-plan.ts';
import type { MarketDataMetrics } from './metrics.ts';
import type { OpenedFeed } from './open-feed.ts';
import { createRecorderMetrics, openRecorder } from './recorder.ts';
import { createStreamIdentity, type StreamIdentity } from './stream-identity.ts';
import { VenueMarket } from './venue-market.ts';

/** The markets of all feeds, and which symbols are wanted of each. */
export interface FollowedMarkets {
  readonly markets: readonly VenueMarket[];
  readonly homes: FeedHomes;
  /** A recording plays what was recorded: nothing is added to it. */
  readonly isRecorded: boolean;
  /** Subscribes what is wanted now, as far as the venue can be asked already. */
  subscribe(market: VenueMarket): void;
  start(): void;
}

type Context = Pick<
  ServiceContext<MarketDataConfig>,
  'config' | 'shared' | 'log' | 'clock' | 'metrics' | 'health' | 'onFatal'
>;

export interface FollowedParts {
  readonly opened: readonly OpenedFeed[];
  readonly publisher: MarketPublisher;
  readonly measured: MarketDataMetrics;
}

/** Puts each feed behind the one stream, and says of the stream and of our health what follows from all of them. */
export function followMarkets(context: Context, { opened, publisher, measured }: FollowedParts): FollowedMarkets {
  const { config, shared, clock, metrics, health, onFatal } = context;
  const homes = createFeedHomes(opened);
  const stream = nameStream(publisher, createStreamIdentity(opened));
  const recorded = createRecorderMetrics(metrics);
  /** Markets whose venue has answered: before that, nothing is subscribed. */
  const shown = new Set<VenueMarket>();

  const subscribe = (market: VenueMarket) => {
    if (shown.has(market)) market.want(homes.wanted(market.name));
  };
  const onShown = (market: VenueMarket, what: FeedIdentity) => {
    shown.add(market);
    try {
      stream.upgraded(market.name, what);
    } catch (error) {
      return onFatal(error);
    }
    if (what.pace === 'live') return subscribe(market);
    void stream.followed.then(() => subscribe(market));
  };
  const open = (feed: OpenedFeed): VenueMarket => {
    const log = context.log.child({ feed: feed.name });
    const recorder = openRecorder({
      ...{ config: config.recorder, source: feed.name, symbols: () => homes.wanted(feed.name).symbols },
      ...{ secrets: Object.values(shared.alpaca), nowNs: () => clock.nowNs(), measured: recorded, log },
    });
    const market: VenueMarket = new VenueMarket({
      ...{ opened: feed, config, clock, log, measured, recorder },
      publish: ({ topic, kind, payload }) => publisher.publish(topic, kind, payload),
      onState: (state) => {
        if (state === 'reconnecting') stream.failed(feed.name);
        reportHealth(health, markets);
      },
      onShown: (what) => onShown(market, what),
    });
    return market;
  };

  const markets: readonly VenueMarket[] = opened.map(open);
  health.detail('feeds', () => Object.fromEntries(markets.map(({ name, state }) => [name, state])));
  health.detail('invalidData', () => markets.reduce((sum, { invalidCount }) => sum + invalidCount, 0));
  return {
    ...{ markets, homes, isRecorded: opened.some((one) => one.isRecorded), subscribe },
    start() {
      reportHealth(health, markets);
      stream.initial();
      for (const market of markets) market.start();
    },
  };
}

interface NamedStream {
  /** When the stream has a name and is received by whoever has to. */
  readonly followed: Promise<unknown>;
  initial(): void;
  /** Throws as `StreamIdentity` does. */
  upgraded(feed: string, shown: FeedIdentity): void;
  failed(feed: string): void;
}

/** Tells the publisher what the stream is, each time something is known of a feed. */
function nameStream(publisher: MarketPublisher, identity: StreamIdentity): NamedStream {
  const named = Promise.withResolvers<void>();
  const identify = (what: FeedIdentity | undefined) => {
    if (what === undefined) return;
    publisher.identify(what);
    named.resolve();
  };
  return {
    followed: Promise.all([named.promise, publisher.whenFollowed()]),
    initial: () => identify(identity.initial()),
    upgraded: (feed, shown) => identify(identity.upgraded(feed, shown)),
    failed: (feed) => identify(identity.failed(feed)),
  };
}

function reportHealth(health: Context['health'], markets: readonly VenueMarket[]): void {
  const away = markets.filter(({ state }) => state !== 'subscribed').map(({ name }) => name);
  if (away.length === 0) return health.set('healthy');
  const reasons =
    markets.length === 1 ? ['not connected to the venue'] : away.map((name) => `not connected to ${name}`);
  health.set('degraded', reasons);
}

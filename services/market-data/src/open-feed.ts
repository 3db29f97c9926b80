import { type ConfigOf, FatalStartError, type ServiceContext } from '@tickpath/runtime';
import { LIVE_SOURCES, type LiveSource, type marketDataSchema } from './config.ts';
import { FeedSocket, type FeedSocketOptions } from './feed-socket.ts';
import { RecordedFeed } from './recorded-feed.ts';
import { openRecording } from './recording.ts';
import { openSource } from './sources.ts';

/** A feed, from a socket or from a recording. */
export type MarketFeed = Pick<FeedSocket, 'nowNs' | 'start' | 'subscribe' | 'resync' | 'setPaused' | 'close'>;

/** What is told of a feed. A recorded one tells the times of its recording, and no traffic. */
export type FeedHooks = Pick<FeedSocketOptions, 'onOutputs' | 'onConnection' | 'onUpgrade' | 'onTraffic' | 'onClock'>;

export interface OpenedFeed {
  readonly exchange: LiveSource;
  /** What to subscribe. */
  readonly symbols: readonly string[];
  readonly isRecorded: boolean;
  /** Names the run of a source that names none itself. */
  readonly run: string;
  feed(hooks: FeedHooks): MarketFeed;
  close(): Promise<void>;
}

const EVERY_SYMBOL = '*';

/** Opens the source that is configured. Throws `FatalStartError` for a recording that cannot be played. */
export async function openFeed(context: ServiceContext<ConfigOf<typeof marketDataSchema>>): Promise<OpenedFeed> {
  const { config, shared, log, clock, addresses, onFatal } = context;
  const options = { ...config, log, alpaca: shared.alpaca, venueUrl: addresses.httpUrl('venue') };
  if (config.source !== 'recording') {
    const source = openSource({ ...options, source: config.source });
    return {
      ...{ exchange: config.source, symbols: config.symbols, isRecorded: false, run: new URL(source.url).host },
      feed: (hooks) =>
        new FeedSocket({ ...source, ...hooks, connection: config.connection, clock, log, random: Math.random }),
      close: source.close,
    };
  }
  const { files, pace } = config.recording;
  const recording = await openRecording(files, log);
  const exchange = LIVE_SOURCES.find((source) => source === recording.exchange);
  if (exchange === undefined) {
    const text = `${files[0]} is of ${recording.exchange}; allowed: ${LIVE_SOURCES.join(', ')}`;
    throw new FatalStartError('RECORDING_UNREADABLE', text);
  }
  const source = openSource({ ...options, source: exchange });
  const asConfigured = !config.symbols.includes(EVERY_SYMBOL) || recording.symbols.length === 0;
  return {
    ...{ exchange, isRecorded: true, run: `recording-${clock.nowNs()}` },
    symbols: asConfigured ? config.symbols : recording.symbols,
    feed: (hooks) => new RecordedFeed({ ...source, ...hooks, recording, pace, clock, log, onFailure: onFatal }),
    close: source.close,
  };
}

import { FatalStartError, type ServiceContext } from '@tickpath/runtime';
import { LIVE_SOURCES, type LiveSource } from './config.ts';
import { EVERY_SYMBOL, type FeedPlan, type MarketDataConfig } from './feed-plan.ts';
import { FeedSocket, type FeedSocketOptions } from './feed-socket.ts';
import { RecordedFeed } from './recorded-feed.ts';
import { openRecording } from './recording.ts';
import { isPublicExchange, openSource } from './sources.ts';

/** A feed, from a socket or from a recording. */
export type MarketFeed = Pick<FeedSocket, 'nowNs' | 'start' | 'subscribe' | 'resync' | 'setPaused' | 'close'>;

/** What is told of a feed. A recorded one tells the times of its recording, and no traffic. */
export type FeedHooks = Pick<
  FeedSocketOptions,
  'onOutputs' | 'onConnection' | 'onUpgrade' | 'onTraffic' | 'onClock' | 'onWanted'
>;

export interface OpenedFeed {
  /** Of the exchange whose feed it is: the source. */
  readonly name: LiveSource;
  /** What to subscribe at first. */
  readonly symbols: readonly string[];
  readonly isRecorded: boolean;
  /** Names the run of a source that names none itself. */
  readonly run: string;
  /** Whether it names no run and is live, whatever it is. */
  readonly isPublic: boolean;
  /** The exchange of which a quote is the top of its book; null where the feed has quotes. */
  readonly bookQuotesOf: string | null;
  feed(hooks: FeedHooks): MarketFeed;
  close(): Promise<void>;
}

type Context = Pick<ServiceContext<MarketDataConfig>, 'config' | 'shared' | 'log' | 'clock' | 'addresses' | 'onFatal'>;

/** Opens a source that is configured. Throws `FatalStartError` for a recording that cannot be played. */
export async function openFeed(context: Context, plan: FeedPlan): Promise<OpenedFeed> {
  return plan.source === 'recording' ? openRecorded(context, plan) : openLive(context, plan, plan.source);
}

function openLive(context: Context, plan: FeedPlan, source: LiveSource): OpenedFeed {
  const { config, clock } = context;
  const log = context.log.child({ feed: source });
  const opened = openSource({ ...sourceOptions(context, plan), log, source });
  return {
    ...{ name: source, symbols: plan.symbols, isRecorded: false },
    ...{ run: new URL(opened.url).host, isPublic: isPublicExchange(source) },
    bookQuotesOf: opened.bookQuotesOf,
    feed: (hooks) =>
      new FeedSocket({ ...opened, ...hooks, connection: config.connection, clock, log, random: Math.random }),
    close: opened.close,
  };
}

async function openRecorded(context: Context, plan: FeedPlan): Promise<OpenedFeed> {
  const { config, clock, log, onFatal } = context;
  const { files, pace } = config.recording;
  const recording = await openRecording(files, log);
  const source = LIVE_SOURCES.find((each) => each === recording.exchange);
  if (source === undefined) {
    const text = `${files[0]} is of ${recording.exchange}; allowed: ${LIVE_SOURCES.join(', ')}`;
    throw new FatalStartError('RECORDING_UNREADABLE', text);
  }
  const options = { ...sourceOptions(context, plan), log, source };
  // The captures of others have no answers to what they did not ask.
  const opened = openSource(recording.hasClock ? options : { ...options, warmUp: null });
  const only = plan.symbols.includes(EVERY_SYMBOL) ? undefined : plan.symbols;
  const isAsConfigured = only !== undefined || recording.symbols.length === 0;
  return {
    ...{ name: source, symbols: isAsConfigured ? plan.symbols : recording.symbols, isRecorded: true },
    ...{ run: `recording-${clock.nowNs()}`, isPublic: false },
    bookQuotesOf: opened.bookQuotesOf,
    feed: (hooks) => new RecordedFeed({ ...opened, ...hooks, recording, only, pace, clock, log, onFailure: onFatal }),
    close: opened.close,
  };
}

function sourceOptions({ config, shared, addresses }: Context, { streamUrl, restUrl, tradingUrl, feed }: FeedPlan) {
  const warmUp = { ...config.warmUp, intervals: config.bars.intervals };
  const places = { streamUrl, restUrl, tradingUrl, venueUrl: addresses.httpUrl('venue') };
  return { ...config, ...places, warmUp, feed, alpaca: shared.alpaca };
}

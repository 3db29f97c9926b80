import { createHash } from 'node:crypto';
import { FatalStartError, type Logger } from '@tickpath/runtime';
import { priceCents, type VenueConfig } from '../config.ts';
import { createSyntheticMarket, resume } from '../core/market/synthetic-market.ts';
import type { InstrumentOf } from '../tape/row-reader.ts';
import { openTape, type Tape } from '../tape/tape.ts';
import { TapeError } from '../tape/tape-error.ts';
import type { Feed, FeedOptions, SourcePosition, TapePosition } from './feed.ts';
import { createReplayFeed } from './replay-feed.ts';
import { createStreamFeed, type StreamSource, type StreamStats } from './stream-feed.ts';
import { createSyntheticFeed } from './synthetic-feed.ts';

/** What is played, ready to be played. */
export interface Source {
  readonly kind: VenueConfig['source'];
  /** The same for a source that shows the same: a run goes on only with the source that it began with. */
  readonly sourceId: string;
  readonly pace: 'live' | 'replay';
  /** The run that goes on; `null` when a new one begins. */
  readonly runId: string | null;
  /** The market's time before its first event. */
  readonly openedNs: bigint;
  createFeed(options: FeedOptions): Feed;
  /** What a person should know of it. */
  details(): object;
}

/** What the journal says of the last run. */
export interface LastRun {
  readonly runId: string;
  readonly sourceId: string;
  /** As the journal has it: whatever a source of that id once stated, or nothing. */
  readonly position: unknown;
}

export interface SourceSetup {
  readonly instrumentOf: InstrumentOf;
  readonly startNs: bigint;
  readonly last: LastRun | null;
  /** How to follow market-data; used by the source `stream` alone. */
  readonly follow: StreamSource['follow'];
  readonly log: Logger;
}

/** The symbols that a source shows; `null` when only its tape or stream knows. */
export function sourceSymbols({ source, stream, synthetic }: VenueConfig): readonly string[] | null {
  if (source === 'synthetic') return synthetic.symbols.map(({ symbol }) => symbol);
  return source === 'stream' && stream.symbols.length > 0 ? stream.symbols : null;
}

/** The id of a new run of a source: no two starts have the same. */
export function newRunId(sourceId: string, nowNs: bigint): string {
  return `${sourceId}-${nowNs}`;
}

/**
 * Opens the source that the configuration names. It goes on where the last run stood if that was of the same source, had not
 * ended, and may be taken up again. Throws `FatalStartError` for a tape that cannot be played.
 */
export function openSource(config: VenueConfig, setup: SourceSetup): Promise<Source> {
  if (config.source === 'replay') return replaySource(config, setup);
  return Promise.resolve(config.source === 'stream' ? streamSource(config, setup) : syntheticSource(config, setup));
}

/** Nothing of a stream can be shown again: every start is a new run. */
function streamSource({ stream }: VenueConfig, { instrumentOf, startNs, follow, log }: SourceSetup): Source {
  const { maxWaiting } = stream;
  let stats: Readonly<StreamStats> | null = null;
  return {
    kind: 'stream',
    sourceId: 'stream',
    pace: 'live',
    runId: null,
    openedNs: startNs,
    createFeed(options) {
      const feed = createStreamFeed({ instrumentOf, follow, maxWaiting, log }, options);
      stats = feed.stats;
      return feed;
    },
    details: () => ({ stream: { ...stats } }),
  };
}

function syntheticSource({ synthetic }: VenueConfig, { instrumentOf, startNs, last }: SourceSetup): Source {
  const { symbols: listed, ...rules } = synthetic;
  const { seed } = rules;
  const symbols = listed.map(({ symbol, price }) => ({
    instrument: instrumentOf(symbol),
    priceCents: priceCents(price),
  }));
  const sourceId = `sim-${seed}-${hashOf(JSON.stringify(listed))}`;
  const market = createSyntheticMarket({ ...rules, symbols, startNs });
  const position = last?.sourceId === sourceId ? positionIn(last.position) : null;
  const isResumed = position?.kind === 'synthetic';
  if (position?.kind === 'synthetic') resume(market, position);
  return {
    kind: 'synthetic',
    sourceId,
    pace: 'live',
    runId: isResumed ? (last?.runId ?? null) : null,
    openedNs: startNs,
    createFeed: (options) => createSyntheticFeed(market, options),
    details: () => ({ seed, symbols: listed.map(({ symbol }) => symbol) }),
  };
}

async function replaySource({ replay }: VenueConfig, { instrumentOf, last }: SourceSetup): Promise<Source> {
  const reopen = () => openTape(replay.files, { instrumentOf });
  const tape = await openOrFail(reopen);
  const { firstNs, sourceId } = tape;
  if (firstNs === null) throw new FatalStartError('TAPE_EMPTY', `no row in ${replay.files.join(', ')}`);
  const position = replay.resume && last?.sourceId === sourceId ? livePosition(last.position) : null;
  let feed: Feed | null = null;
  return {
    kind: 'replay',
    sourceId,
    pace: 'replay',
    runId: position === null ? null : (last?.runId ?? null),
    openedNs: position === null ? firstNs : BigInt(position.tsNs),
    createFeed(options) {
      feed = createReplayFeed({ tape, reopen, pace: replay.pace, position }, options);
      return feed;
    },
    details() {
      const { pace, files } = feed?.tape?.status() ?? { pace: replay.pace, files: tape.files };
      return { pace, files };
    },
  };
}

async function openOrFail(open: () => Promise<Tape>): Promise<Tape> {
  try {
    return await open();
  } catch (error) {
    throw unplayable(error);
  }
}

/** A tape does not get better by a restart. */
export function unplayable(error: unknown): unknown {
  return error instanceof TapeError ? new FatalStartError(error.code, error.message, { cause: error }) : error;
}

/** A tape that has ended begins anew. */
function livePosition(value: unknown): TapePosition | null {
  const position = positionIn(value);
  return position?.kind === 'tape' && !position.isEnded ? position : null;
}

/** A position as a source states it; `null` for anything else. */
function positionIn(value: unknown): SourcePosition | null {
  if (typeof value !== 'object' || value === null) return null;
  const { kind, tsNs } = value as { readonly kind?: unknown; readonly tsNs?: unknown };
  if (typeof tsNs !== 'string' || !/^\d+$/.test(tsNs)) return null;
  if (kind === 'tape') {
    const { events, shown, isEnded } = value as Partial<TapePosition>;
    const isWhole = Number.isSafeInteger(events) && Number.isSafeInteger(shown) && typeof isEnded === 'boolean';
    return isWhole ? (value as TapePosition) : null;
  }
  const { resumptions, prices } = value as { resumptions?: unknown; prices?: unknown };
  const isWhole = Number.isSafeInteger(resumptions) && typeof prices === 'object' && prices !== null;
  return kind === 'synthetic' && isWhole ? (value as SourcePosition) : null;
}

function hashOf(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 8);
}

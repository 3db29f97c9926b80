import { createHash, randomUUID } from 'node:crypto';
import { basename } from 'node:path';
import { openJournal } from '@tickpath/journal';
import {
  FatalStartError,
  failpoints,
  journalOptions,
  type Running,
  runService,
  type ServiceContext,
} from '@tickpath/runtime';
import { traceIdOf } from '@tickpath/trading';
import { openBook } from './book.ts';
import { priceCents, type VenueConfig, venueConfigFaults, venueSchema } from './config.ts';
import { accountIdentity } from './core/account.ts';
import { VENUE_EVENT_TYPES, type VenueEvents } from './core/journal-events.ts';
import { createSyntheticMarket } from './core/synthetic-market.ts';
import { createExchange } from './exchange.ts';
import { createReplayFeed, createSyntheticFeed, type Feed, type FeedOptions } from './feed.ts';
import { createVenueMetrics } from './metrics.ts';
import { createOrderTraces } from './order-traces.ts';
import { createVenueServer } from './server.ts';
import { openTape, type Tape } from './tape.ts';
import { TapeError } from './tape-error.ts';

/** What is played, ready to be played. */
interface Source {
  readonly runId: string;
  readonly pace: 'live' | 'replay';
  /** The market's time before its first event. */
  readonly openedNs: bigint;
  /** The instruments there are, `null` when only the tape knows. */
  readonly symbols: ReadonlySet<string> | null;
  createFeed(options: FeedOptions): Feed;
  details(): object;
}

function syntheticSource({ synthetic }: VenueConfig, startNs: bigint): Source {
  const { seed, ticksPerSecond } = synthetic;
  const symbols = synthetic.symbols.map(({ symbol, price }) => ({ symbol, priceCents: priceCents(price) }));
  const market = createSyntheticMarket({ seed, symbols, ticksPerSecond, startNs });
  return {
    runId: `sim-${seed}-${startNs}`,
    pace: 'live',
    openedNs: startNs,
    symbols: new Set(symbols.map(({ symbol }) => symbol)),
    createFeed: (options) => createSyntheticFeed(market, options),
    details: () => ({ seed, symbols: symbols.map(({ symbol }) => symbol) }),
  };
}

async function replaySource({ replay }: VenueConfig, startNs: bigint): Promise<Source> {
  const tape = await openTapeOrFail(replay.files);
  const { firstNs } = tape;
  if (firstNs === null) throw new FatalStartError('TAPE_EMPTY', `no trade or quote in ${replay.files.join(', ')}`);
  const names = replay.files.map((file) => basename(file)).join('\n');
  const hash = createHash('sha256').update(`${names}\n${startNs}`).digest('hex').slice(0, 16);
  return {
    runId: `tape-${hash}`,
    pace: 'replay',
    openedNs: firstNs,
    symbols: null,
    createFeed: (options) => createReplayFeed(tape, { pace: replay.pace, startNs: firstNs }, options),
    details: () => ({ pace: replay.pace, files: tape.files }),
  };
}

async function openTapeOrFail(files: readonly string[]): Promise<Tape> {
  try {
    return await openTape(files);
  } catch (error) {
    throw unplayable(error);
  }
}

/** A tape does not get better by a restart. */
function unplayable(error: unknown): unknown {
  return error instanceof TapeError ? new FatalStartError(error.code, error.message, { cause: error }) : error;
}

async function start(context: ServiceContext<VenueConfig>): Promise<Running> {
  const { config, shared, log, clock, health, addresses, tracing, onFatal } = context;
  const startNs = clock.nowNs();
  const source = await (config.source === 'replay' ? replaySource(config, startNs) : syntheticSource(config, startNs));
  const { runId, symbols, openedNs } = source;
  const journal = await openJournal<VenueEvents>({ ...journalOptions(context), types: VENUE_EVENT_TYPES });
  const book = await openBook(journal, {
    idScope: runId,
    symbols,
    newAccount: accountIdentity(runId, openedNs),
    initialCashUsd: config.initialCashUsd,
    log,
  });
  const metrics = createVenueMetrics(context.metrics, { openOrders: () => exchange.openOrderCount() });
  const exchange = createExchange({
    journal,
    book,
    nowNs: () => feed.nowNs(),
    newId: randomUUID,
    metrics,
    log,
    failpoint: failpoints('venue'),
    onFatal,
  });
  // Before the server, so that spans end before the server speaks of what they are about.
  const traces = createOrderTraces({ exchange, tracing, nowNs: () => clock.nowNs() });
  const server = createVenueServer({
    exchange,
    traces,
    nowNs: () => clock.nowNs(),
    credentials: shared.alpaca,
    run: { id: runId, pace: source.pace },
    limits: config,
    metrics,
    log,
  });
  const { frameLimit, slowClientBytes } = config;
  const feed = source.createFeed({ exchange, market: server.market, clock, frameLimit, slowClientBytes, metrics, log });
  health.detail('run', () => ({ id: runId, pace: source.pace, state: feed.state(), ...source.details() }));
  health.detail('clients', () => ({ marketDataSubscribers: server.market.subscriberCount() }));

  const port = await server.listen({ host: addresses.bindHost, port: addresses.port('venue') });
  const { id: account } = book.account;
  log.info({ run: runId, account, source: config.source, pace: source.pace, port }, 'market open');
  const stopping = new AbortController();
  const running = feed.run(stopping.signal).catch((error: unknown) => onFatal(unplayable(error)));
  return {
    async stop() {
      stopping.abort();
      await running;
      await server.close();
      await exchange.settled();
      await journal.close();
    },
  };
}

await runService({ name: 'venue', schema: venueSchema, traceIdOf, check: venueConfigFaults, start });

import { randomUUID } from 'node:crypto';
import { openJournal } from '@tickpath/journal';
import {
  failpoints,
  journalOptions,
  type Running,
  runService,
  type ServiceContext,
  venueKeys,
} from '@tickpath/runtime';
import { traceIdOf } from '@tickpath/trading';
import { type Book, openBook } from './book.ts';
import { type VenueConfig, venueConfigFaults, venueSchema } from './config.ts';
import { accountIdentity } from './core/account/identity.ts';
import { createBars } from './core/market/bars.ts';
import { createHistory } from './core/market/history.ts';
import { VENUE_EVENT_TYPES, type VenueEvents } from './core/orders/journal-events.ts';
import { createAssets } from './core/reference/assets.ts';
import { phaseAtFor } from './core/sessions.ts';
import { createExchange } from './exchange.ts';
import { type LastRun, newRunId, openSource, sourceSymbols, unplayable } from './feed/source.ts';
import { type MarketStream, openMarketStream } from './market-stream.ts';
import { createVenueMetrics } from './metrics.ts';
import { createOrderTraces } from './order-traces.ts';
import { createVenueServer } from './server.ts';
import { venueRules } from './venue-rules.ts';

/** How often it is noted where the market stands when no order makes it so. */
const POSITION_MS = 1000;

const NO_STREAM: MarketStream = {
  follow() {
    throw new Error('this source follows no stream');
  },
  close() {},
};

async function start(context: ServiceContext<VenueConfig>): Promise<Running> {
  const { config, shared, log, clock, health, addresses, tracing, onFatal } = context;
  const nowNs = () => clock.nowNs();
  const startNs = nowNs();
  const keys = venueKeys(shared, shared.data.dir);
  context.hideInLogs(Object.values(keys));
  const assets = createAssets(config.assets, { symbols: sourceSymbols(config) });
  const journal = await openJournal<VenueEvents>({ ...journalOptions(context), types: VENUE_EVENT_TYPES });
  const book = await openBook(journal, {
    idScope: randomUUID(),
    rules: venueRules(config),
    assets,
    phaseAt: phaseAtFor(config.hours),
    newAccount: accountIdentity(randomUUID(), startNs),
    initialCashUsd: config.initialCashUsd,
    log,
  });
  const { instrumentOf } = assets;
  const stream = config.source === 'stream' ? await openMarketStream(context) : NO_STREAM;
  const { follow } = stream;
  const source = await openSource(config, { instrumentOf, startNs, last: lastRunOf(book), follow, log });
  const { kind, sourceId, pace } = source;
  let runId = source.runId ?? newRunId(sourceId, startNs);
  const run = () => ({ id: runId, pace });

  const openOrders = () => exchange.state().open.size;
  const metrics = createVenueMetrics(context.metrics, { openOrders });
  const exchange = createExchange({
    journal,
    book,
    nowNs: () => feed.nowNs(),
    newId: randomUUID,
    position: () => feed.position(),
    metrics,
    log,
    failpoint: failpoints('venue'),
    onFatal,
  });
  // Before the server, so that spans end before the server speaks of what they are about.
  const traces = createOrderTraces({ exchange, tracing, nowNs });
  const history = createHistory(config.history);
  const server = createVenueServer({
    ...{ exchange, traces, assets, history, nowNs, run, config, metrics, log },
    credentials: keys,
    feed: () => feed,
  });
  const noteRun = () => exchange.beginRun({ runId, source: kind, sourceId, startedNs: nowNs() });
  const feed = source.createFeed({
    ...{ exchange, history, clock, metrics, log },
    market: server.market,
    bars: createBars(),
    frameLimit: config.frameLimit,
    slowClientBytes: config.slowClientBytes,
    beginRun() {
      runId = newRunId(sourceId, nowNs());
      log.info({ run: runId }, 'the tape was moved: a new run');
      noteRun();
    },
  });
  if (source.runId === null) noteRun();
  // What fell due while nobody was here happens before anybody is.
  exchange.onClock();
  health.detail('run', () => ({ ...run(), state: feed.state(), ...source.details() }));
  health.detail('clients', () => ({ marketDataSubscribers: server.market.subscriberCount() }));

  const port = await server.listen({ host: addresses.bindHost, port: addresses.port('venue') });
  const { id: account } = exchange.state().account;
  const goesOn = source.runId !== null;
  log.info({ run: runId, goesOn, account, source: kind, pace, port }, 'market open');
  const stopping = new AbortController();
  const running = feed.run(stopping.signal).catch((error: unknown) => onFatal(unplayable(error)));
  const noting = setInterval(() => exchange.recordPosition(), POSITION_MS);
  return {
    async stop() {
      clearInterval(noting);
      stopping.abort();
      await running;
      stream.close();
      await server.close();
      exchange.recordPosition();
      await exchange.settled();
      await journal.close();
    },
  };
}

function lastRunOf({ run, lastPosition }: Book): LastRun | null {
  return run === null ? null : { runId: run.runId, sourceId: run.sourceId, position: lastPosition };
}

await runService({ name: 'venue', schema: venueSchema, traceIdOf, check: venueConfigFaults, start });

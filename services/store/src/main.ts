import { openJournal } from '@tickpath/journal';
import { type ConfigOf, journalOptions, runService, type ServiceContext } from '@tickpath/runtime';
import { type Envelope, failure, MarketFollower, openWire, Responder } from '@tickpath/wire';
import { storeSchema } from './config.ts';
import {
  ARCHIVE_TYPES,
  ARCHIVED_LOGS,
  type ArchivedLog,
  beginRun,
  ingest,
  lastBars,
  noteLoss,
  openStore,
  streamCounts,
} from './core/index.ts';
import { type FollowedLog, followLog } from './follow-log.ts';
import { openLogArchive } from './log-archive.ts';
import { createStoreMetrics } from './metrics.ts';

/** The most bars in one answer, so that it fits in a frame. */
const MAX_BARS = 5_000;

await runService({ name: 'store', schema: storeSchema, start });

async function start(context: ServiceContext<ConfigOf<typeof storeSchema>>) {
  const { config, shared, log, clock, metrics, addresses, health } = context;
  const store = openStore(config);
  let followedRun: string | undefined;
  const followed = new Map<ArchivedLog, FollowedLog>();
  const measured = createStoreMetrics(metrics, {
    symbols: () => store.symbols.size,
    logLag: (name) => followed.get(name)?.lag() ?? 0,
  });
  const nowNs = () => clock.nowNs();
  const journal = await openJournal({ ...journalOptions(context), types: ARCHIVE_TYPES });
  const archive = openLogArchive({ journal, onArchived: measured.archived, onFatal: context.onFatal });
  const wire = await openWire({ source: 'store', nowNs, metrics, keysDir: shared.security.keysDir, log });

  const responder = await Responder.open({
    ...wire,
    bind: addresses.bind('storeQueries'),
    handle: (request) => {
      measured.query(request.kind);
      return answer(request);
    },
  });
  const follower = new MarketFollower({
    ...wire,
    name: 'store',
    server: 'market-data',
    connect: { stream: addresses.connect('marketStream'), control: addresses.connect('marketControl') },
    prefixes: [''],
    receiveHighWaterMark: config.receiveHighWaterMark,
    heartbeatMs: config.heartbeatMs,
    deliver: (topic, envelope) => {
      measured.ingest(envelope.kind, () => ingest(store, topic, envelope));
    },
    onRun: (run) => {
      if (followedRun !== undefined) beginRun(store);
      followedRun = run;
      log.info({ run }, `follows run ${run}`);
    },
    onLost: (topic, from, to, reason) => {
      noteLoss(store, topic, from, to);
      log.warn({ topic, from, to, reason }, `lost ${topic} from ${from} to ${to ?? 'the end of its epoch'}`);
    },
  });
  const { heartbeatMs } = config;
  for (const name of ARCHIVED_LOGS) {
    followed.set(name, followLog(name, { wire, addresses, archive, heartbeatMs, log }));
  }
  health.detail('archived', () => journal.lastSeq);
  health.detail('symbols', () => store.symbols.size);

  function answer(request: Envelope) {
    if (request.kind === 'barsQuery') {
      const { requestId, symbol, interval, count } = request.payload;
      if (count < 0 || count > MAX_BARS) {
        return failure(requestId, 'BAD_REQUEST', `bars asked for: ${count}, allowed: 0 to ${MAX_BARS}`);
      }
      const bars = lastBars(store, symbol, interval, count);
      return { kind: 'bars' as const, payload: { requestId, symbol, bars } };
    }
    if (request.kind === 'streamsQuery') {
      const { requestId } = request.payload;
      return { kind: 'streams' as const, payload: { requestId, topics: streamCounts(store) } };
    }
    const { requestId } = request.payload as { requestId?: string };
    return failure(requestId ?? '', 'BAD_REQUEST', `the store does not answer ${request.kind}`);
  }

  return {
    stop: async () => {
      follower.close();
      for (const each of followed.values()) each.close();
      responder.close();
      wire.security.close();
      archive.close();
      await journal.close();
    },
  };
}

import { type ConfigOf, runService, type ServiceContext } from '@tickpath/runtime';
import { MarketPublisher, openWire, type Payload } from '@tickpath/wire';
import { marketDataSchema } from './config.ts';
import { type MarketInput, type MarketObserver, openMarket, type Publication, stepMarket } from './core/index.ts';
import { isValid } from './core/quality/data-state.ts';
import { createMarketDataMetrics } from './metrics.ts';
import { openFeed } from './open-feed.ts';
import { openRecorder } from './recorder.ts';

/** Longest name of a run that is passed on in every beat. */
const MAX_RUN_LENGTH = 128;

await runService({
  name: 'market-data',
  schema: marketDataSchema,
  check: ({ maxLag, sendHighWaterMark, maxLagBytes, ringBytes, connection, source, recording }) => [
    ...(source === 'recording' && recording.files.length === 0
      ? ['market-data.source is recording, but market-data.recording.files names no file']
      : []),
    ...(maxLag * 2 > sendHighWaterMark
      ? [`market-data.maxLag ${maxLag} > half of sendHighWaterMark ${sendHighWaterMark}`]
      : []),
    ...(maxLagBytes * 2 > ringBytes ? [`market-data.maxLagBytes ${maxLagBytes} > half of ringBytes ${ringBytes}`] : []),
    ...(connection.pingMs >= connection.idleMs
      ? [`market-data.connection.pingMs ${connection.pingMs} >= connection.idleMs ${connection.idleMs}`]
      : []),
  ],
  start,
});

async function start(context: ServiceContext<ConfigOf<typeof marketDataSchema>>) {
  const { config, shared, log, clock, metrics, addresses, health } = context;
  const nowNs = () => clock.nowNs();
  const opened = await openFeed(context);
  const { isRecorded } = opened;
  const market = openMarket({ ...config, isLive: true });
  let run: string | undefined;
  let lastReceivedNs = 0n;
  let marketAtReceiptNs = 0n;
  const measured = createMarketDataMetrics(metrics, {
    symbols: () => market.symbols.size,
    invalidSymbols: () => Array.from(market.symbols.values()).filter(({ data }) => !isValid(data)).length,
    // In a recording as long ago as it was then.
    lastReceivedNs: () => (lastReceivedNs === 0n ? 0n : nowNs() - (feed.nowNs() - lastReceivedNs)),
    nowNs,
  });
  const wire = await openWire({ source: 'market-data', nowNs, metrics, keysDir: shared.security.keysDir, log });
  const publisher = await MarketPublisher.open({
    ...wire,
    bind: { stream: addresses.bind('marketStream'), control: addresses.bind('marketControl') },
    sendHighWaterMark: config.sendHighWaterMark,
    ringBytes: config.ringBytes,
    queueBytes: config.queueBytes,
    batchBytes: config.batchBytes,
    heartbeatMs: config.heartbeatMs,
    flow: config,
    onFlow: (hold) => {
      measured.paused(hold);
      feed.setPaused(hold);
    },
  });

  const recorder = openRecorder({
    ...{ config: config.recorder, source: opened.exchange, symbols: opened.symbols },
    ...{ secrets: Object.values(shared.alpaca), nowNs, metrics, log },
  });

  const observer: MarketObserver = {
    ...measured,
    rejected: ({ reason, text }) => {
      measured.rejected(reason);
      log.warn({ reason }, `venue message not published: ${text}`);
    },
    bookInvalid: (symbol, reason) => {
      measured.bookInvalid(symbol, reason);
      log.warn({ symbol, reason }, `the book of ${symbol} is not valid: ${reason}`);
    },
    dropped: (output) => {
      measured.dropped(output);
      if (output.kind === 'lost') log.warn({ ...output }, `lost ${output.topic} of ${output.symbol} at the venue`);
    },
  };
  const invalidTopics = new Set<string>();
  health.detail('invalidData', () => invalidTopics.size);
  /** That a symbol's data is valid from the first is no news. */
  const reportData = (topic: string, { valid, reasons }: Payload<'dataState'>) => {
    const wasInvalid = invalidTopics.delete(topic);
    if (!valid) {
      invalidTopics.add(topic);
      log.warn({ topic }, `data is not valid: ${reasons.join('; ')}`);
    } else if (wasInvalid) log.info({ topic }, 'data is valid again');
  };
  const step = (input: MarketInput) => {
    const outputs = stepMarket(market, input, observer);
    const steppedNs = clock.nowNs();
    for (const output of outputs) {
      if (output.kind === 'resync') continue;
      const told = isRecorded ? restamped(output, steppedNs) : output;
      publisher.publish(told.topic, told.kind, told.payload);
      recorder.published(told, steppedNs);
      if (output.kind === 'dataState') reportData(output.topic, output.payload);
    }
    measured.published(outputs);
    // Last: what the feed says to it is the next step.
    for (const output of outputs) if (output.kind === 'resync') feed.resync(output.symbol, output.reason);
    return { steppedNs, publications: outputs.length };
  };
  const stampsNow = () => {
    const now = feed.nowNs();
    return { receivedNs: now, decodedNs: now };
  };

  const feed = opened.feed({
    onOutputs: (outputs, stamps) => {
      const hasEvents = outputs.some(({ kind }) => kind === 'event');
      if (hasEvents) lastReceivedNs = stamps.receivedNs;
      // What a recorded frame takes here has nothing to do with when it was received.
      const arrivedNs = clock.nowNs();
      const times = isRecorded ? { receivedNs: arrivedNs, decodedNs: arrivedNs } : stamps;
      const { steppedNs, publications } = step({ type: 'feed', outputs, stamps });
      if (hasEvents) marketAtReceiptNs = market.marketNowNs;
      measured.frame({ messages: outputs.length, publications }, { ...times, steppedNs, publishedNs: clock.nowNs() });
    },
    onConnection: (state) => {
      measured.feed(state);
      health.detail('feed', () => state);
      if (state === 'subscribed') {
        health.set('healthy');
        log.info('subscribed to the venue');
      }
      if (state === 'reconnecting') health.set('degraded', ['not connected to the venue']);
      step({ type: 'connection', isSubscribed: state === 'subscribed', stamps: stampsNow() });
    },
    onUpgrade: (headers) => {
      const named = headers['x-tickpath-run'];
      const isLive = headers['x-tickpath-pace'] !== 'replay';
      const isName = typeof named === 'string' && named.length <= MAX_RUN_LENGTH;
      const next = isName ? named : opened.run;
      if (next !== run) step({ type: 'run', isLive, stamps: stampsNow() });
      run = next;
      // A recording goes at its followers' pace, whatever the pace at which it was made.
      const mayWait = !isLive || isRecorded;
      publisher.identify({ run, pace: mayWait ? 'replay' : 'live' });
      if (mayWait) void publisher.whenFollowed().then(() => feed.subscribe(opened.symbols));
      else feed.subscribe(opened.symbols);
    },
    onTraffic: recorder.traffic,
    // At live pace the venue's clock runs on while it is silent; in a replay only its messages move it.
    onClock: (clockNs) => {
      if (!market.config.isLive || lastReceivedNs === 0n) return;
      const stamps = { receivedNs: clockNs, decodedNs: clockNs };
      step({ type: 'clock', marketNowNs: marketAtReceiptNs + (clockNs - lastReceivedNs), stamps });
    },
  });

  health.set('degraded', ['not connected to the venue']);
  feed.start();

  return {
    stop: async () => {
      feed.close();
      await opened.close();
      await recorder.close();
      publisher.close();
      wire.security.close();
    },
  };
}

/** What is played of a recording is received now, as far as those behind us are concerned. */
function restamped(publication: Publication, nowNs: bigint): Publication {
  const { payload } = publication;
  if (!('receivedNs' in payload)) return publication;
  return { ...publication, payload: { ...payload, receivedNs: nowNs, decodedNs: nowNs } } as Publication;
}

import { type ConfigOf, runService, type ServiceContext } from '@tickpath/runtime';
import { MarketPublisher, openWire } from '@tickpath/wire';
import { AlpacaFeed } from './alpaca-feed.ts';
import { marketDataSchema } from './config.ts';
import { openMarket, type Publication, type Rejected, stepMarket } from './core/index.ts';
import { createMarketDataMetrics } from './metrics.ts';

/** How often bars are closed by the clock when no tick does it. */
const CLOCK_MS = 250;

await runService({
  name: 'market-data',
  schema: marketDataSchema,
  check: ({ maxLag, sendHighWaterMark, maxLagBytes, ringBytes }) => [
    ...(maxLag * 2 > sendHighWaterMark
      ? [`market-data.maxLag ${maxLag} > half of sendHighWaterMark ${sendHighWaterMark}`]
      : []),
    ...(maxLagBytes * 2 > ringBytes ? [`market-data.maxLagBytes ${maxLagBytes} > half of ringBytes ${ringBytes}`] : []),
  ],
  start,
});

async function start(context: ServiceContext<ConfigOf<typeof marketDataSchema>>) {
  const { config, shared, log, clock, metrics, addresses, health } = context;
  const nowNs = () => clock.nowNs();
  const market = openMarket(['1s', '1m']);
  let live = false;
  let run: string | undefined;
  let lastReceivedNs = 0n;
  let marketAtReceiptNs = 0n;
  const measured = createMarketDataMetrics(metrics, {
    symbols: () => market.symbols.size,
    lastReceivedNs: () => lastReceivedNs,
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

  const observer = {
    rejected: (fault: Rejected) => {
      measured.rejected(fault.reason);
      log.warn({ reason: fault.reason }, `venue message not published: ${fault.text}`);
    },
    lateTrade: () => measured.lateTrade(),
  };
  const publish = (publications: readonly Publication[]) => {
    for (const { topic, kind, payload } of publications) publisher.publish(topic, kind, payload);
    measured.published(publications);
  };

  const feed = new AlpacaFeed({
    url: `${addresses.httpUrl('venue').replace('http', 'ws')}/v2/${config.feed}`,
    ...shared.alpaca,
    symbols: config.symbols,
    clock,
    log,
    onFrame: (messages, receivedNs) => {
      lastReceivedNs = receivedNs;
      const decodedNs = clock.nowNs();
      const publications = stepMarket(market, { type: 'frame', messages, stamps: { receivedNs, decodedNs } }, observer);
      const steppedNs = clock.nowNs();
      publish(publications);
      marketAtReceiptNs = market.marketNowNs;
      const counts = { messages: messages.length, publications: publications.length };
      measured.frame(counts, { receivedNs, decodedNs, steppedNs, publishedNs: clock.nowNs() });
    },
    onConnection: (state) => {
      measured.feed(state);
      health.detail('feed', () => state);
      if (state === 'subscribed') health.set('healthy');
      if (state === 'disconnected') health.set('degraded', ['not connected to the venue']);
    },
    onIdentity: (identity) => {
      live = identity.pace === 'live';
      if (run !== undefined && run !== identity.run) {
        publish(stepMarket(market, { type: 'run' }, observer));
        marketAtReceiptNs = 0n;
      }
      ({ run } = identity);
      publisher.identify(identity);
      if (live) feed.subscribe();
      else void publisher.whenFollowed().then(() => feed.subscribe());
    },
    onFault: (reason) => {
      measured.rejected(reason);
      log.warn({ reason }, `venue frame not read: ${reason}`);
    },
  });

  // At live pace the venue's clock runs on while it is silent; in a replay only its messages move it.
  const clockTimer = setInterval(() => {
    if (!live || lastReceivedNs === 0n) return;
    const nowNs = clock.nowNs();
    const marketNowNs = marketAtReceiptNs + (nowNs - lastReceivedNs);
    publish(
      stepMarket(market, { type: 'clock', marketNowNs, stamps: { receivedNs: nowNs, decodedNs: nowNs } }, observer),
    );
  }, CLOCK_MS);

  feed.connect();
  health.set('degraded', ['not connected to the venue']);

  return {
    stop: async () => {
      clearInterval(clockTimer);
      feed.close();
      publisher.close();
      wire.security.close();
    },
  };
}

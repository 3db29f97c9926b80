import { type ConfigOf, runService, type ServiceContext } from '@tickpath/runtime';
import { MarketPublisher, openWire } from '@tickpath/wire';
import { AlpacaFeed } from './alpaca-feed.ts';
import { marketDataSchema } from './config.ts';
import { openMarket, type Publication, stepMarket } from './core/index.ts';

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
  const ticks = metrics.counter('tickpath_market_data_ticks_total', 'Ticks published', ['kind']);
  const rejected = metrics.counter('tickpath_market_data_rejected_total', 'Venue messages not published', ['reason']);
  const late = metrics.counter('tickpath_market_data_late_trades_total', 'Trades that came after their bar had closed');
  const paused = metrics.gauge('tickpath_market_data_paused', '1 while a replay waits for a follower');
  const connected = metrics.gauge('tickpath_market_data_subscribed', '1 while subscribed to the venue');

  const nowNs = () => clock.nowNs();
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
      paused.set(hold ? 1 : 0);
      feed.setPaused(hold);
    },
  });

  const market = openMarket(['1s', '1m']);
  const observer = {
    rejected: (fault: { reason: string; text: string }) => {
      rejected.inc({ reason: fault.reason });
      log.warn({ reason: fault.reason }, `venue message not published: ${fault.text}`);
    },
    lateTrade: () => late.inc(),
  };
  const publish = (publications: readonly Publication[]) => {
    for (const publication of publications) {
      publisher.publish(publication.topic, publication.kind, publication.payload);
      if (publication.kind !== 'bar') ticks.inc({ kind: publication.kind });
    }
  };

  let live = false;
  let lastReceivedNs = 0n;
  let marketAtReceiptNs = 0n;
  const feed = new AlpacaFeed({
    url: `${addresses.httpUrl('venue').replace('http', 'ws')}/v2/${config.feed}`,
    ...shared.alpaca,
    symbols: config.symbols,
    clock,
    log,
    onFrame: (messages, receivedNs) => {
      lastReceivedNs = receivedNs;
      const stamps = { receivedNs, decodedNs: clock.nowNs() };
      publish(stepMarket(market, { type: 'frame', messages, stamps }, observer));
      marketAtReceiptNs = market.marketNowNs;
    },
    onConnection: (state) => {
      connected.set(state === 'subscribed' ? 1 : 0);
      health.detail('feed', () => state);
      if (state === 'subscribed') health.set('healthy');
      if (state === 'disconnected') health.set('degraded', ['not connected to the venue']);
    },
    onIdentity: (identity) => {
      live = identity.pace === 'live';
      publisher.identify(identity);
      if (live) feed.subscribe();
      else void publisher.whenFollowed().then(() => feed.subscribe());
    },
    onFault: (reason) => {
      rejected.inc({ reason });
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

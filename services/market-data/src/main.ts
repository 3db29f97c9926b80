import { runService, type ServiceContext } from '@tickpath/runtime';
import { MarketPublisher, openWire } from '@tickpath/wire';
import { marketDataSchema } from './config.ts';
import { feedFaults, feedPlans, type MarketDataConfig } from './feed-plan.ts';
import { followMarkets } from './followed-markets.ts';
import { createMarketDataMetrics } from './metrics.ts';
import { openFeed } from './open-feed.ts';
import { symbolsRoute } from './symbols-route.ts';

await runService({
  name: 'market-data',
  schema: marketDataSchema,
  check: (config) => {
    const { maxLag, sendHighWaterMark, maxLagBytes, ringBytes, connection, source, recording } = config;
    return [
      ...feedFaults(config),
      ...(source === 'recording' && recording.files.length === 0
        ? ['market-data.source is recording, but market-data.recording.files names no file']
        : []),
      ...(maxLag * 2 > sendHighWaterMark
        ? [`market-data.maxLag ${maxLag} > half of sendHighWaterMark ${sendHighWaterMark}`]
        : []),
      ...(maxLagBytes * 2 > ringBytes
        ? [`market-data.maxLagBytes ${maxLagBytes} > half of ringBytes ${ringBytes}`]
        : []),
      ...(connection.pingMs >= connection.idleMs
        ? [`market-data.connection.pingMs ${connection.pingMs} >= connection.idleMs ${connection.idleMs}`]
        : []),
    ];
  },
  start,
});

async function start(context: ServiceContext<MarketDataConfig>) {
  const { config, shared, log, clock, metrics, addresses, operations } = context;
  const nowNs = () => clock.nowNs();
  const opened = await Promise.all(feedPlans(config).map((plan) => openFeed(context, plan)));
  const measured = createMarketDataMetrics(metrics);
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
      for (const market of followed.markets) market.setPaused(hold);
    },
  });
  const followed = followMarkets(context, { opened, publisher, measured });
  operations.route('/symbols', symbolsRoute(followed));
  followed.start();

  return {
    stop: async () => {
      await Promise.all(followed.markets.map((market) => market.close()));
      publisher.close();
      wire.security.close();
    },
  };
}

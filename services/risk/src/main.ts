import {
  type ConfigOf,
  createStepRecorder,
  failpoints,
  journalOptions,
  runService,
  type ServiceContext,
  StallWatch,
} from '@tickpath/runtime';
import { traceIdOf } from '@tickpath/trading';
import { LogPublisher, openWire, type Payload, Responder } from '@tickpath/wire';
import { riskSchema } from './config.ts';
import { snapshotOf, tradingState } from './core/index.ts';
import { DurableRisk } from './durable-risk.ts';
import { ExecutionLogReader } from './execution-log.ts';
import { MarketPrices } from './market-prices.ts';
import { exportRiskMetrics } from './metrics.ts';
import { answerRequests } from './requests.ts';

/** Less than it takes for what risk knows of the account to be old. */
const STALL_MS = 500;

await runService({ name: 'risk', schema: riskSchema, traceIdOf, start });

async function start(context: ServiceContext<ConfigOf<typeof riskSchema>>) {
  const { config, shared, log, clock, metrics, addresses, health, tracing, onFatal } = context;
  const nowNs = () => clock.nowNs();
  const startedNs = nowNs();
  const { limits } = config;
  const journal = journalOptions(context);
  const risk = await DurableRisk.open({ journal, limits, onFatal, failpoint: failpoints('risk') });
  const common = await openWire({ source: 'risk', nowNs, metrics, keysDir: shared.security.keysDir, log });
  const riskMetrics = exportRiskMetrics(metrics, risk.state);
  const publisher = await LogPublisher.open({
    ...common,
    log: risk.log,
    bind: { pub: addresses.bind('riskLog') },
    heartbeatMs: config.heartbeatMs,
    hintCapacity: config.hintCapacity,
  });
  const market = new MarketPrices({ deliver: (input) => risk.step(input), log });
  const announce = ({ state: trading, reasons }: Payload<'TradingStateChanged'>) => {
    health.trading(trading, reasons);
    if (trading === 'HALTED') health.set('unhealthy', reasons);
    else health.set(trading === 'ACTIVE' ? 'healthy' : 'degraded', reasons);
    // A replay starts when risk follows the market: not before it can approve what comes of it.
    if (trading === 'ACTIVE') followMarket();
    log.info({ trading }, `trading is ${trading}${reasons.length > 0 ? `: ${reasons.join('; ')}` : ''}`);
  };
  const followMarket = () =>
    market.follow({
      ...common,
      connect: { stream: addresses.connect('marketStream'), control: addresses.connect('marketControl') },
      receiveHighWaterMark: config.receiveHighWaterMark,
      heartbeatMs: config.heartbeatMs,
    });
  let toldNs = startedNs;
  const { config: coreConfig } = risk.state;
  const recorder = createStepRecorder(config.recordTo, { config: coreConfig, snapshot: snapshotOf(risk.state) });
  risk.attach(recorder, (events) => {
    toldNs = nowNs();
    publisher.hint(...events.map((event) => risk.log.record(event)));
    if (events.some(({ type }) => type === 'TradingStateChanged')) announce(tradingState(risk.state));
  });

  // Whoever reads our log must not take what it said before for what is.
  const { said } = risk.state;
  risk.step({ type: 'started' });
  if (said === risk.state.said) announce(said);
  const execution = new ExecutionLogReader({
    ...{ risk, log, tracing, nowNs, startedNs },
    metrics: riskMetrics,
    toldNs: () => toldNs,
  });
  const stalls = new StallWatch({
    nowMs: Date.now,
    boundMs: STALL_MS,
    onStall: (stalledMs) => {
      log.warn(
        { stalledMs },
        `stood still for ${stalledMs} ms: nothing is approved until execution's log has been read`,
      );
      execution.renew();
    },
  });
  const answer = answerRequests({ risk, publisher, execution, metrics: riskMetrics, log, tracing, nowNs });
  const responder = await Responder.open({
    ...common,
    bind: addresses.bind('riskRequests'),
    handle: (request) => {
      stalls.check();
      return answer(request);
    },
    answers: risk.answers,
    onError: (error, { kind }) => {
      // The state may be ahead of the journal.
      if (kind === 'riskCheck' || kind === 'rebase') onFatal(error);
      log.error({ err: error }, `${kind} was not answered`);
    },
  });
  execution.follow({
    ...common,
    connect: addresses.connect('executionRequests'),
    hints: { type: 'pull', connect: addresses.connect('executionPush') },
    heartbeatMs: config.heartbeatMs,
  });

  return {
    stop: async () => {
      risk.settle();
      stalls.close();
      market.close();
      execution.close();
      responder.close();
      publisher.close();
      common.security.close();
      await risk.close();
    },
  };
}

import { randomUUID } from 'node:crypto';
import { type ConfigOf, createStepRecorder, runService, type ServiceContext } from '@tickpath/runtime';
import { type OrderIntent, traceIdOf, traceparentOf } from '@tickpath/trading';
import {
  type Envelope,
  LogFollower,
  type LogPosition,
  MarketFollower,
  openWire,
  Requester,
  symbolOfTopic,
  symbolPrefix,
} from '@tickpath/wire';
import { signalSchema } from './config.ts';
import { openSignal, type SignalInput, type SignalOutput, signalTradingState, stepSignal } from './core/index.ts';
import { exportSignalMetrics } from './metrics.ts';
import { askSpan, type Cause, OrderTraces } from './order-traces.ts';
import { loadStrategy } from './strategy-file.ts';

const RETRY_MS = 250;

type MarketEnvelope = Extract<Envelope, { readonly kind: 'trade' | 'quote' | 'bar' }>;

await runService({
  name: 'signal',
  schema: signalSchema,
  traceIdOf,
  check: ({ momentum }) =>
    momentum.fastBars < momentum.slowBars
      ? []
      : [`signal.momentum.fastBars ${momentum.fastBars} >= signal.momentum.slowBars ${momentum.slowBars}`],
  start,
});

async function start(context: ServiceContext<ConfigOf<typeof signalSchema>>) {
  const { config, shared, log, clock, metrics, addresses, health, tracing, onFatal } = context;
  const nowNs = () => clock.nowNs();
  const common = await openWire({ source: 'signal', nowNs, metrics, keysDir: shared.security.keysDir, log });
  const strategy = await loadStrategy(config.strategy, config.momentum);
  const intentTtlNs = BigInt(config.intentTtlMs) * 1_000_000n;
  const coreConfig = { prefix: shared.installation.prefix, symbols: config.symbols, intentTtlNs };
  const state = openSignal(coreConfig, strategy);
  const recorder = createStepRecorder(config.recordTo, coreConfig);
  const signalMetrics = exportSignalMetrics(metrics, state);
  const traces = new OrderTraces(tracing, strategy.name);
  let stopping = false;
  let announced = '';

  const requester = (server: 'risk' | 'store', endpoint: 'riskRequests' | 'storeQueries') =>
    new Requester({
      ...common,
      server,
      connect: addresses.connect(endpoint),
      timeoutMs: config.riskTimeoutMs,
      retries: 0,
    });
  const checks = requester('risk', 'riskRequests');
  const queries = requester('risk', 'riskRequests');
  const history = requester('store', 'storeQueries');

  const step = (input: SignalInput): readonly SignalOutput[] => {
    const outputs = stepSignal(state, input);
    recorder.record(input, outputs);
    if (input.type !== 'market' && input.type !== 'position') announce();
    return outputs;
  };
  const onMarket = (topic: string, symbol: string, envelope: MarketEnvelope): void => {
    const deliveredNs = nowNs();
    const { kind, payload } = envelope;
    const outputs = step({ type: 'market', symbol, nowNs: deliveredNs, kind, payload } as SignalInput);
    if (kind !== 'bar' && outputs.length === 0) return;
    const decidedNs = nowNs();
    if (kind === 'bar') signalMetrics.bar(Number(decidedNs - deliveredNs) / 1e9);
    const { receivedNs, decodedNs } = payload;
    const cause = { topic, receivedNs, decodedNs, publishedNs: envelope.tsNs, deliveredNs, decidedNs };
    for (const output of outputs) ask(output, cause);
  };
  const ask = ({ intent, features }: SignalOutput, cause: Cause): void => {
    const { clOrdId, side, orderQty, symbol } = intent;
    askRisk(intent).catch(onFatal);
    signalMetrics.decided(Number(cause.decidedNs - cause.receivedNs) / 1e9);
    traces.decided(intent, cause, features);
    // The question leaves first: a line of log takes longer than the decision.
    setImmediate(() =>
      log.info({ clOrdId, features: shortened(features), cause: intent.cause }, `wants ${side} ${orderQty} ${symbol}`),
    );
  };
  const announce = () => {
    const { state: trading, reasons } = signalTradingState(state);
    health.trading(trading, reasons);
    const line = `trading is ${trading}${reasons.length > 0 ? `: ${reasons.join('; ')}` : ''}`;
    if (line !== announced) log.info({ trading }, line);
    announced = line;
  };

  /** Asks until there is an answer: silence of risk leaves the order unknown, and the same clOrdId asks again. */
  const askRisk = async (intent: OrderIntent): Promise<void> => {
    const { clOrdId } = intent;
    const requestId = randomUUID();
    for (let attempt = 1; !stopping; attempt += 1) {
      const startNs = nowNs();
      const result = await checks.ask('riskCheck', { requestId, ...intent }, traceparentOf(clOrdId, askSpan(attempt)));
      const endNs = nowNs();
      if (result.ok && result.reply.kind === 'riskDecision') {
        const decision = result.reply.payload;
        const outcome = decision.reason ?? 'APPROVED';
        signalMetrics.answered(outcome);
        signalMetrics.roundTrip(Number(endNs - startNs) / 1e9);
        traces.asked(clOrdId, attempt, { startNs, endNs }, outcome);
        traces.answered(decision, endNs);
        return void step({ type: 'decision', decision });
      }
      signalMetrics.answered('UNKNOWN');
      traces.asked(clOrdId, attempt, { startNs, endNs }, result.ok ? result.reply.kind : result.code);
      if (!result.ok && result.code !== 'CLOSED')
        log.warn({ clOrdId }, `risk did not answer, asking again: ${result.text}`);
      await pause();
    }
  };

  /** Repeats a question that another service cannot answer yet. */
  const until = async <T>(ask: () => Promise<T | undefined>): Promise<T | undefined> => {
    while (!stopping) {
      const answer = await ask();
      if (answer !== undefined) return answer;
      await pause();
    }
    return undefined;
  };

  let market: MarketFollower | undefined;
  /** A replay starts when signal follows the market: not before it knows what it holds. */
  const followMarket = (): void => {
    market ??= new MarketFollower({
      ...common,
      name: 'signal',
      server: 'market-data',
      connect: { stream: addresses.connect('marketStream'), control: addresses.connect('marketControl') },
      prefixes: config.symbols.map(symbolPrefix),
      receiveHighWaterMark: config.receiveHighWaterMark,
      heartbeatMs: config.heartbeatMs,
      deliver: (topic, envelope) => {
        const symbol = symbolOfTopic(topic);
        if (symbol === undefined) return;
        const { kind } = envelope;
        if (kind === 'trade' || kind === 'quote' || kind === 'bar') onMarket(topic, symbol, envelope);
      },
      onRun: (run) => {
        // The beat that names the first run proves that the subscriptions are in force: no bar falls between them and history.
        if (state.run === undefined) for (const symbol of config.symbols) warmUp(symbol).catch(onFatal);
        step({ type: 'run', run });
      },
      onLost: (topic, from, to, reason) =>
        log.warn({ topic, from, to, reason }, `lost ${topic} from ${from} to ${to ?? 'the end of its epoch'}`),
    });
  };

  let riskLog: LogFollower | undefined;
  const reload = (): void => {
    riskLog?.close();
    step({ type: 'risk-log-changed' });
    loadPortfolio().catch(onFatal);
  };
  const followRisk = (from: LogPosition) => {
    riskLog = new LogFollower({
      ...common,
      name: 'signal',
      server: 'risk',
      hints: { type: 'sub', connect: addresses.connect('riskLog') },
      requester: queries,
      newRequestId: randomUUID,
      from,
      heartbeatMs: config.heartbeatMs,
      apply: applyRiskEvent,
      onCaughtUp: () => {},
      onNewLog: (known, stated) => {
        log.warn({ known, stated }, 'risk has begun a new log: positions and open orders are loaded again');
        reload();
        return 'stop';
      },
      onCompacted: (position, firstSeq) => {
        log.warn(
          { position, firstSeq },
          'risk has removed what was not read yet: positions and open orders are loaded again',
        );
        reload();
      },
      onSilence: (silent) => log.warn(silent ? 'no heartbeat from risk' : 'risk is back'),
    });
  };
  const applyRiskEvent = (event: Envelope): void => {
    if (event.kind === 'OrderApproved') {
      step({ type: 'approved', clOrdId: event.payload.clOrdId, symbol: event.payload.symbol });
    } else if (event.kind === 'PositionUpdated') {
      step({ type: 'position', symbol: event.payload.symbol, qty: event.payload.qty });
    } else if (event.kind === 'OrderAdopted') {
      step({ type: 'approved', clOrdId: event.payload.clOrdId, symbol: event.payload.symbol });
    } else if (event.kind === 'ReservationFreed') {
      step({ type: 'order-closed', clOrdId: event.payload.clOrdId });
      traces.closed(event.payload, nowNs());
    }
  };

  const loadPortfolio = async (): Promise<void> => {
    const portfolio = await until(async () => {
      const result = await queries.ask('portfolioQuery', { requestId: randomUUID() });
      const loaded = result.ok && result.reply.kind === 'portfolio' ? result.reply.payload : undefined;
      // Until risk has caught up with execution, what it says it holds is not what the account holds.
      return loaded?.state === 'CATCHING_UP' ? undefined : loaded;
    });
    if (portfolio === undefined) return;
    step({ type: 'portfolio', portfolio });
    traces.reloaded(new Set(portfolio.openOrders.map(({ clOrdId }) => clOrdId)), nowNs());
    followMarket();
    followRisk({ uuid: portfolio.uuid, generation: portfolio.generation, seq: portfolio.lastSeq });
  };
  const warmUp = async (symbol: string): Promise<void> => {
    const { interval, bars: count } = strategy.warmup;
    const bars = await until(async () => {
      const result = await history.ask('barsQuery', { requestId: randomUUID(), symbol, interval, count });
      return result.ok && result.reply.kind === 'bars' ? result.reply.payload.bars : undefined;
    });
    if (bars !== undefined) step({ type: 'warm-up', symbol, bars });
  };
  announce();
  loadPortfolio().catch(onFatal);

  return {
    stop: async () => {
      stopping = true;
      market?.close();
      riskLog?.close();
      for (const socket of [checks, queries, history]) socket.close();
      common.security.close();
      recorder.close();
    },
  };
}

function pause(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, RETRY_MS).unref());
}

/** Numbers for people: seven digits tell what a float knows. */
function shortened(features: Readonly<Record<string, number>>): Record<string, number> {
  return Object.fromEntries(Object.entries(features).map(([name, value]) => [name, Number(value.toPrecision(7))]));
}

import { randomUUID } from 'node:crypto';
import { type ConfigOf, createStepRecorder, runService, type ServiceContext } from '@tickpath/runtime';
import { type OrderIntent, traceparentOf } from '@tickpath/trading';
import {
  type AnyReply,
  type Envelope,
  failure,
  LogFollower,
  LogPublisher,
  MarketFollower,
  MemoryLog,
  openWire,
  type Payload,
  Requester,
  Responder,
  symbolOfTopic,
} from '@tickpath/wire';
import { riskSchema } from './config.ts';
import { type Decision, type ExecutionEvent, openRisk, portfolioOf, type RiskInput, stepRisk } from './core/index.ts';
import { exportRiskMetrics } from './metrics.ts';

await runService({ name: 'risk', schema: riskSchema, start });

async function start(context: ServiceContext<ConfigOf<typeof riskSchema>>) {
  const { config, shared, log, clock, metrics, addresses, health } = context;
  const nowNs = () => clock.nowNs();
  const common = await openWire({ source: 'risk', nowNs, metrics, keysDir: shared.security.keysDir, log });
  const state = openRisk(config);
  const recorder = createStepRecorder(config.recordTo);
  const riskMetrics = exportRiskMetrics(metrics, state);
  const riskLog = new MemoryLog({ source: 'risk', identity: { uuid: randomUUID(), generation: 1 } });
  const publisher = await LogPublisher.open({
    ...common,
    log: riskLog,
    bind: { pub: addresses.bind('riskLog') },
    heartbeatMs: config.heartbeatMs,
    hintCapacity: config.hintCapacity,
  });

  /** Runs the core; what it appends is in the log before its reply is returned. */
  const step = (input: RiskInput): Decision | undefined => {
    const outputs = stepRisk(state, input);
    recorder.record(input, outputs);
    let decision: Decision | undefined;
    for (const output of outputs) {
      if (output.type === 'reply') {
        decision = output.decision;
        continue;
      }
      const traceparent = output.clOrdId === null ? null : traceparentOf(output.clOrdId, 'risk');
      publisher.hint(riskLog.append(output.kind, output.payload as never, nowNs(), traceparent));
      if (output.kind === 'TradingStateChanged') announce(output.payload);
    }
    return decision;
  };
  const announce = ({ state: trading, reasons }: Payload<'TradingStateChanged'>) => {
    health.trading(trading, reasons);
    if (trading === 'HALTED') health.set('unhealthy', reasons);
    log.info({ trading }, `trading is ${trading}${reasons.length > 0 ? `: ${reasons.join('; ')}` : ''}`);
  };

  const check = (request: Payload<'riskCheck'>): AnyReply => {
    const { requestId, ...intent } = request;
    const startedNs = nowNs();
    const decision = step({ type: 'check', requestId, intent: intent satisfies OrderIntent, nowNs: startedNs });
    if (decision === undefined) return failure(requestId, 'INTERNAL', `no decision on ${intent.clOrdId}`);
    riskMetrics.decided(decision.reason ?? 'APPROVED', Number(nowNs() - startedNs) / 1e9);
    const { clOrdId, side, orderQty, symbol } = intent;
    // The answer leaves first: a line of log takes longer than the check.
    queueMicrotask(() => {
      if (decision.approved) log.info({ clOrdId }, `approved ${side} ${orderQty} ${symbol}`);
      else log.warn({ clOrdId, reason: decision.reason }, `refused ${side} ${orderQty} ${symbol}: ${decision.text}`);
    });
    return { kind: 'riskDecision', payload: decision, traceparent: traceparentOf(clOrdId, 'risk') };
  };
  const answer = (request: Envelope): AnyReply => {
    if (request.kind === 'riskCheck') return check(request.payload);
    if (request.kind === 'since') return publisher.answerSince(request.payload);
    if (request.kind === 'portfolioQuery') {
      const { requestId } = request.payload;
      const payload = { requestId, ...riskLog.identity, lastSeq: riskLog.lastSeq, ...portfolioOf(state) };
      return { kind: 'portfolio', payload };
    }
    const { requestId } = request.payload as { requestId?: string };
    return failure(requestId ?? '', 'BAD_REQUEST', `risk does not answer ${request.kind}`);
  };
  const responder = await Responder.open({ ...common, bind: addresses.bind('riskRequests'), handle: answer });

  const market = new MarketFollower({
    ...common,
    name: 'risk',
    server: 'market-data',
    connect: { stream: addresses.connect('marketStream'), control: addresses.connect('marketControl') },
    prefixes: [''],
    receiveHighWaterMark: config.receiveHighWaterMark,
    heartbeatMs: config.heartbeatMs,
    deliver: (topic, envelope) => {
      const symbol = symbolOfTopic(topic);
      if (symbol === undefined) return;
      if (envelope.kind === 'trade') step({ type: 'trade', symbol, px: envelope.payload.price });
      else if (envelope.kind === 'quote') {
        const { bidPx, askPx } = envelope.payload;
        step({ type: 'quote', symbol, bidPx, askPx });
      }
    },
    onRun: (run) => log.info({ run }, `follows run ${run}`),
    onLost: (topic, from, to, reason) =>
      log.warn({ topic, from, to, reason }, `lost ${topic} from ${from} to ${to ?? 'the end of its epoch'}`),
  });

  const executionRequests = new Requester({
    ...common,
    server: 'execution',
    connect: addresses.connect('executionRequests'),
    timeoutMs: 1000,
    retries: 0,
  });
  const execution = new LogFollower({
    ...common,
    name: 'risk',
    server: 'execution',
    hints: { type: 'pull', connect: addresses.connect('executionPush') },
    requester: executionRequests,
    newRequestId: randomUUID,
    from: undefined,
    heartbeatMs: config.heartbeatMs,
    apply: (event) => {
      step({ type: 'execution', event: event as unknown as ExecutionEvent });
      if (event.kind !== 'OrderFilled') return;
      const { clOrdId, side, lastQty, lastPx, symbol } = event.payload;
      const position = state.ledger.positions.get(symbol);
      log.debug({ clOrdId, position: position?.qty.toFixed() }, `applied ${side} ${lastQty} ${symbol} @ ${lastPx}`);
    },
    onCaughtUp: ({ uuid, generation, seq }) => {
      log.info({ seq }, `caught up with the execution log at ${seq}`);
      step({ type: 'execution-caught-up', executionLog: `${uuid}/${generation}` });
    },
    onUnknownLog: (known, stated) => {
      const reason = `execution states log ${stated.uuid}/${stated.generation}, known is ${known.uuid}/${known.generation}`;
      log.error({ known, stated }, reason);
      step({ type: 'halt', reason });
    },
    onSilence: (silent) => step({ type: 'execution-silent', silent }),
  });
  announce({ state: 'CATCHING_UP', reasons: ['waiting for the execution log'] });

  return {
    stop: async () => {
      market.close();
      execution.close();
      executionRequests.close();
      responder.close();
      publisher.close();
      common.security.close();
      recorder.close();
    },
  };
}

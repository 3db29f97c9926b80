import { randomUUID } from 'node:crypto';
import { type ConfigOf, createStepRecorder, runService, type ServiceContext, StallWatch } from '@tickpath/runtime';
import { type OrderIntent, traceIdOf, traceparentOf } from '@tickpath/trading';
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
import {
  type CheckMade,
  type ExecutionEvent,
  openRisk,
  portfolioOf,
  type RiskInput,
  type RiskOutput,
  stepRisk,
} from './core/index.ts';
import { exportRiskMetrics } from './metrics.ts';
import { checkSpans, executionSpans, logSpan, type OrderEvent, type StampedCheck } from './order-spans.ts';

/** Less than a venue takes to be killed and to be up again with another book. */
const STALL_MS = 500;

await runService({ name: 'risk', schema: riskSchema, traceIdOf, start });

async function start(context: ServiceContext<ConfigOf<typeof riskSchema>>) {
  const { config, shared, log, clock, metrics, addresses, health, tracing } = context;
  const nowNs = () => clock.nowNs();
  const secondsSince = (startNs: bigint) => Number(nowNs() - startNs) / 1e9;
  const common = await openWire({ source: 'risk', nowNs, metrics, keysDir: shared.security.keysDir, log });
  const riskLog = new MemoryLog({ source: 'risk', identity: { uuid: randomUUID(), generation: 1 } });
  const { uuid, generation } = riskLog.identity;
  const coreConfig = { limits: config.limits, log: `${uuid}/${generation}` };
  const state = openRisk(coreConfig);
  const recorder = createStepRecorder(config.recordTo, coreConfig);
  const riskMetrics = exportRiskMetrics(metrics, state);
  const publisher = await LogPublisher.open({
    ...common,
    log: riskLog,
    bind: { pub: addresses.bind('riskLog') },
    heartbeatMs: config.heartbeatMs,
    hintCapacity: config.hintCapacity,
  });

  const startedNs = nowNs();
  /** The execution log whose event is being applied. */
  let executionLog = '';
  /** The stamp of the latest event of our log, taken before followers are told of it. */
  let loggedNs = 0n;
  /** What the core appended is in the log, and told to followers, when this returns. */
  const commit = (input: RiskInput, outputs: readonly RiskOutput[]): void => {
    recorder.record(input, outputs);
    for (const output of outputs) {
      if (output.type === 'reply') continue;
      const traceparent = output.clOrdId === null ? null : traceparentOf(output.clOrdId, logSpan(output, executionLog));
      loggedNs = nowNs();
      publisher.hint(riskLog.append(output.kind, output.payload as never, loggedNs, traceparent));
      if (output.kind === 'TradingStateChanged') announce(output.payload);
    }
  };
  const step = (input: RiskInput): void => commit(input, stepRisk(state, input));
  const announce = ({ state: trading, reasons }: Payload<'TradingStateChanged'>) => {
    health.trading(trading, reasons);
    if (trading === 'HALTED') health.set('unhealthy', reasons);
    else health.set(trading === 'ACTIVE' ? 'healthy' : 'degraded', reasons);
    if (trading === 'ACTIVE') followMarket();
    log.info({ trading }, `trading is ${trading}${reasons.length > 0 ? `: ${reasons.join('; ')}` : ''}`);
  };

  const check = (request: Payload<'riskCheck'>, traceparent: string | null): AnyReply => {
    const { requestId, ...intent } = request;
    const startNs = nowNs();
    const checks: StampedCheck[] = [];
    const observe = tracing.enabled ? (made: CheckMade) => void checks.push({ ...made, tsNs: nowNs() }) : undefined;
    const input = { type: 'check', requestId, intent: intent satisfies OrderIntent, nowNs: startNs } as const;
    const outputs = stepRisk(state, input, observe);
    riskMetrics.checked(secondsSince(startNs));
    commit(input, outputs);
    const endNs = nowNs();
    const reply = outputs.at(-1);
    if (reply?.type !== 'reply') return failure(requestId, 'INTERNAL', `no decision on ${intent.clOrdId}`);
    const { decision } = reply;
    riskMetrics.decided(decision.reason ?? 'APPROVED');
    tracing.emit(() => checkSpans({ decision, traceparent, checks }, { startNs, endNs }, outputs));
    const { clOrdId, side, orderQty, symbol } = intent;
    // The answer leaves first: a line of log takes longer than the check.
    queueMicrotask(() => {
      if (decision.approved) log.info({ clOrdId }, `approved ${side} ${orderQty} ${symbol}`);
      else log.warn({ clOrdId, reason: decision.reason }, `refused ${side} ${orderQty} ${symbol}: ${decision.text}`);
    });
    return { kind: 'riskDecision', payload: decision, traceparent: traceparentOf(clOrdId, 'risk') };
  };
  const answer = (request: Envelope): AnyReply => {
    if (request.kind === 'riskCheck') {
      stalls.check();
      return check(request.payload, request.traceparent);
    }
    if (request.kind === 'since') return publisher.answerSince(request.payload);
    if (request.kind === 'portfolioQuery') {
      const { requestId } = request.payload;
      const payload = { requestId, ...riskLog.identity, lastSeq: riskLog.lastSeq, ...portfolioOf(state) };
      return { kind: 'portfolio', payload };
    }
    const { requestId } = request.payload as { requestId?: string };
    return failure(requestId ?? '', 'BAD_REQUEST', `risk does not answer ${request.kind}`);
  };

  let market: MarketFollower | undefined;
  /** A replay starts when risk follows the market: not before it can approve what comes of it. */
  const followMarket = (): void => {
    market ??= new MarketFollower({
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
  };

  announce({ state: 'CATCHING_UP', reasons: ['waiting for the execution log'] });
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
    apply: (envelope, { uuid, generation }) => {
      const event = envelope as unknown as ExecutionEvent;
      executionLog = `${uuid}/${generation}`;
      const startNs = nowNs();
      const input = { type: 'execution', event } as const;
      const outputs = stepRisk(state, input);
      riskMetrics.applied(event.kind, secondsSince(startNs));
      commit(input, outputs);
      if (!('clOrdId' in event.payload)) return;
      const orderEvent = event as OrderEvent;
      // What was published may have ended the order, and its trace, before this line.
      const endNs = outputs.length > 0 ? loggedNs : nowNs();
      const from = { executionLog, traceparent: envelope.traceparent };
      // What was logged before this risk started, one before it has told of.
      if (envelope.tsNs >= startedNs) tracing.emit(() => executionSpans(orderEvent, from, { startNs, endNs }, outputs));
      if (event.kind !== 'OrderFilled') return;
      const { clOrdId, side, lastQty, lastPx, symbol } = event.payload;
      const position = state.ledger.positions.get(symbol);
      log.debug({ clOrdId, position: position?.qty.toFixed() }, `applied ${side} ${lastQty} ${symbol} @ ${lastPx}`);
    },
    onCaughtUp: ({ uuid, generation, seq }) => {
      log.info({ seq }, `caught up with the execution log at ${seq}`);
      step({ type: 'execution-caught-up', executionLog: `${uuid}/${generation}` });
    },
    onNewLog: (known, stated) => {
      // Generation 0 is that of an execution that has not read the account yet: so begins every start.
      const level = known.uuid === stated.uuid && known.generation === 0 ? 'debug' : 'warn';
      log[level]({ known, stated }, 'execution has begun its log anew: nothing is approved until it has been read');
      step({ type: 'execution-log-changed' });
    },
    onCut: () => step({ type: 'execution-cut' }),
    onSilence: (silent) => step({ type: 'execution-silent', silent }),
  });
  /** Requests that waited for us may be read before execution's word that its account is no more. */
  const stalls = new StallWatch({
    nowMs: Date.now,
    boundMs: STALL_MS,
    onStall: (stalledMs) => {
      log.warn({ stalledMs }, `stood still for ${stalledMs} ms: the execution log is read to its end again`);
      execution.renew();
    },
  });
  const responder = await Responder.open({ ...common, bind: addresses.bind('riskRequests'), handle: answer });

  return {
    stop: async () => {
      stalls.close();
      market?.close();
      execution.close();
      executionRequests.close();
      responder.close();
      publisher.close();
      common.security.close();
      recorder.close();
    },
  };
}

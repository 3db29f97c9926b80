import { randomUUID } from 'node:crypto';
import { type ConfigOf, createStepRecorder, runService, type ServiceContext } from '@tickpath/runtime';
import { traceparentOf } from '@tickpath/trading';
import { failure, LogFollower, LogPublisher, MemoryLog, openWire, Requester, Responder } from '@tickpath/wire';
import { AlpacaOrders, type VenueAnswer } from './alpaca-orders.ts';
import { executionSchema } from './config.ts';
import {
  type ExecutionInput,
  type ExecutionOutput,
  executionTradingState,
  type LookupOutcome,
  openExecution,
  readVenueOrder,
  readVenueUpdate,
  stepExecution,
} from './core/index.ts';
import { TradeUpdates } from './trade-updates.ts';

const SUBMIT_BUCKETS = [5e-5, 1e-4, 2e-4, 5e-4, 1e-3, 2e-3, 5e-3, 1e-2, 5e-2];
/** Alpaca's words for an order id it has seen before: no rejection, but a reason to look. */
const DUPLICATE = 'client_order_id must be unique';

const COMPARE_RETRY_MS = 250;

await runService({
  name: 'execution',
  schema: executionSchema,
  check: ({ maxInFlightMs, requestTimeoutMs }) =>
    maxInFlightMs < requestTimeoutMs
      ? [`execution.maxInFlightMs ${maxInFlightMs} < execution.requestTimeoutMs ${requestTimeoutMs}`]
      : [],
  start,
});

async function start(context: ServiceContext<ConfigOf<typeof executionSchema>>) {
  const { config, shared, log, clock, metrics, addresses, health, onFatal } = context;
  const nowNs = () => clock.nowNs();
  const common = await openWire({ source: 'execution', nowNs, metrics, keysDir: shared.security.keysDir, log });
  const orders = metrics.counter('tickpath_execution_orders_total', 'Orders written to the venue');
  const fills = metrics.counter('tickpath_execution_fills_total', 'Executions');
  const closed = metrics.counter('tickpath_execution_closed_total', 'Orders closed without a complete fill', ['kind']);
  const faults = metrics.counter('tickpath_execution_venue_faults_total', 'Venue messages not read', ['reason']);
  const submitSeconds = metrics.histogram(
    'tickpath_execution_submit_seconds',
    'From the approval in the risk log to the request written',
    SUBMIT_BUCKETS,
  );

  const identity = { uuid: randomUUID(), generation: 1 };
  const executionLog = new MemoryLog({ source: 'execution', identity });
  const state = openExecution({
    log: `${identity.uuid}/${identity.generation}`,
    prefix: shared.installation.prefix,
    maxInFlightNs: BigInt(config.maxInFlightMs) * 1_000_000n,
  });
  const recorder = createStepRecorder(config.recordTo);
  const venue = new AlpacaOrders({
    url: addresses.httpUrl('venue'),
    ...shared.alpaca,
    connections: config.connections,
    timeoutMs: config.requestTimeoutMs,
  });
  const timers = new Set<NodeJS.Timeout>();

  const publisher = await LogPublisher.open({
    ...common,
    log: executionLog,
    bind: { pub: addresses.bind('executionLog'), push: addresses.bind('executionPush') },
    heartbeatMs: config.heartbeatMs,
    hintCapacity: config.hintCapacity,
  });
  const responder = await Responder.open({
    ...common,
    bind: addresses.bind('executionRequests'),
    handle: (request) => {
      if (request.kind === 'since') return publisher.answerSince(request.payload);
      const { requestId } = request.payload as { requestId?: string };
      return failure(requestId ?? '', 'BAD_REQUEST', `execution does not answer ${request.kind}`);
    },
  });

  const step = (input: ExecutionInput): void => {
    const outputs = stepExecution(state, input);
    recorder.record(input, outputs);
    for (const output of outputs) act(output);
    if (input.type === 'caught-up' || input.type === 'listening') announce();
  };
  const act = (output: ExecutionOutput): void => {
    if (output.type === 'submit') {
      const { clOrdId } = output.approval;
      const answer = venue.submit(output.approval, traceparentOf(clOrdId, 'execution'));
      orders.inc();
      answer.then((result) => step(answerOf(clOrdId, result, nowNs()))).catch(onFatal);
    } else if (output.type === 'append') {
      const traceparent = 'clOrdId' in output.payload ? traceparentOf(output.payload.clOrdId, 'execution') : null;
      publisher.hint(executionLog.append(output.kind, output.payload as never, nowNs(), traceparent));
      if (output.kind === 'TradingStateChanged') announce();
      else report(output);
    } else if (output.type === 'lookup') scheduleLookup(output.clOrdId, output.notBeforeNs);
    else log.error({ clOrdId: output.clOrdId }, output.text);
  };
  type OrderEvent = Exclude<Extract<ExecutionOutput, { type: 'append' }>, { kind: 'TradingStateChanged' }>;
  const report = (output: OrderEvent): void => {
    const { clOrdId, symbol } = output.payload;
    if (output.kind === 'OrderFilled') {
      const { side, lastQty, lastPx, cumQty, leavesQty } = output.payload;
      fills.inc();
      log.info({ clOrdId, cumQty, leavesQty }, `fill ${side} ${lastQty} ${symbol} @ ${lastPx}`);
    } else if (output.kind === 'OrderSubmitted' || output.kind === 'OrderAccepted') {
      log.debug({ clOrdId }, `${output.kind} ${symbol}`);
    } else {
      closed.inc({ kind: output.kind });
      const reason = 'reason' in output.payload ? `: ${output.payload.reason}` : '';
      log.warn({ clOrdId }, `${output.kind} ${symbol}${reason}`);
    }
  };
  const announce = (): void => {
    const { state: trading, reasons } = executionTradingState(state);
    health.trading(trading, reasons);
    if (trading === 'HALTED') health.set('unhealthy', reasons);
    const line = `trading is ${trading}${reasons.length > 0 ? `: ${reasons.join('; ')}` : ''}`;
    if (trading === 'HALTED') log.error({ trading }, line);
    else log.info({ trading }, line);
  };

  /** Before anything is sent over a new stream of updates, the venue's orders are held against our log. */
  const compareOrders = async (): Promise<void> => {
    const clOrdIds = await venue.latestClOrdIds();
    if (!updatesUp) return;
    if (clOrdIds !== undefined) {
      step({ type: 'venue-orders', clOrdIds });
      return step({ type: 'listening', up: true });
    }
    const timer = setTimeout(() => {
      timers.delete(timer);
      compareOrders().catch(onFatal);
    }, COMPARE_RETRY_MS);
    timers.add(timer);
  };
  let updatesUp = false;

  const scheduleLookup = (clOrdId: string, notBeforeNs: bigint): void => {
    const delayMs = Math.max(0, Number(notBeforeNs - nowNs()) / 1e6);
    const timer = setTimeout(() => {
      timers.delete(timer);
      lookUp(clOrdId).catch(onFatal);
    }, delayMs);
    timers.add(timer);
  };
  const lookUp = async (clOrdId: string): Promise<void> => {
    const begunNs = nowNs();
    const answer = await venue.byClientOrderId(clOrdId);
    step({ type: 'looked-up', clOrdId, begunNs, outcome: lookupOutcomeOf(answer) });
  };

  const updates = new TradeUpdates({
    url: `${addresses.httpUrl('venue').replace('http', 'ws')}/stream`,
    ...shared.alpaca,
    log,
    onListening: (up) => {
      updatesUp = up;
      if (up) compareOrders().catch(onFatal);
      else step({ type: 'listening', up });
    },
    onUpdate: (data) => {
      const update = readVenueUpdate(data);
      if (update !== undefined) return step({ type: 'update', update });
      faults.inc({ reason: 'shape' });
      log.error('an order update of the venue cannot be read');
    },
    onFault: (reason) => faults.inc({ reason }),
  });
  updates.connect();

  const riskRequests = new Requester({
    ...common,
    server: 'risk',
    connect: addresses.connect('riskRequests'),
    timeoutMs: 1000,
    retries: 0,
  });
  const riskLog = new LogFollower({
    ...common,
    name: 'execution',
    server: 'risk',
    hints: { type: 'sub', connect: addresses.connect('riskLog') },
    requester: riskRequests,
    newRequestId: randomUUID,
    from: undefined,
    heartbeatMs: config.heartbeatMs,
    apply: (event, position) => {
      if (event.kind !== 'OrderApproved') return;
      step({ type: 'approved', riskSeq: position.seq, approval: event.payload, nowNs: nowNs() });
      submitSeconds.observe(Number(nowNs() - event.tsNs) / 1e9);
    },
    onCaughtUp: () => step({ type: 'caught-up' }),
    onUnknownLog: (known, stated) => {
      log.error({ known, stated }, 'risk states another log than the one followed');
      step({ type: 'halt', reason: `risk states log ${stated.uuid}, known is ${known.uuid}` });
    },
    onSilence: (silent) => log.warn(silent ? 'no heartbeat from risk' : 'risk is back'),
  });
  announce();

  return {
    stop: async () => {
      for (const timer of timers) clearTimeout(timer);
      updates.close();
      riskLog.close();
      riskRequests.close();
      responder.close();
      publisher.close();
      common.security.close();
      await venue.close();
      recorder.close();
    },
  };
}

function answerOf(clOrdId: string, answer: VenueAnswer, nowNs: bigint): ExecutionInput {
  if (answer.type === 'unanswered') return { type: 'unanswered', clOrdId, reason: answer.reason, nowNs };
  const { status, body } = answer;
  const order = status < 300 ? readVenueOrder(body) : undefined;
  if (order !== undefined) return { type: 'accepted', clOrdId, order };
  const reason = `${status}: ${(body as { message?: unknown } | null)?.message ?? JSON.stringify(body)}`;
  const conclusive = status >= 400 && status < 500 && !reason.includes(DUPLICATE);
  return conclusive ? { type: 'rejected', clOrdId, reason } : { type: 'unanswered', clOrdId, reason, nowNs };
}

function lookupOutcomeOf(answer: VenueAnswer): LookupOutcome {
  if (answer.type === 'unanswered') return { type: 'failed', text: answer.reason };
  if (answer.status === 404) return { type: 'not-found' };
  const order = answer.status === 200 ? readVenueOrder(answer.body) : undefined;
  return order === undefined ? { type: 'failed', text: `status ${answer.status}` } : { type: 'found', order };
}

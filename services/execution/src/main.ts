import { randomUUID } from 'node:crypto';
import {
  type ConfigOf,
  createStepRecorder,
  type Logger,
  runService,
  type ServiceContext,
  StallWatch,
} from '@tickpath/runtime';
import { traceIdOf, traceparentOf } from '@tickpath/trading';
import {
  failure,
  LogFollower,
  LogPublisher,
  MemoryLog,
  openWire,
  type Payload,
  Requester,
  Responder,
} from '@tickpath/wire';
import { openOrderIds, readAccount, readLatestOrders } from './alpaca-account.ts';
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
import { exportExecutionMetrics } from './metrics.ts';
import { type Handled, isOrderEvent, logSpan, OrderJourneys, SUBMIT_SPAN } from './order-journeys.ts';
import { TradeUpdates } from './trade-updates.ts';

/** Alpaca's words for an order id it has seen before: no rejection, but a reason to look. */
const DUPLICATE = 'client_order_id must be unique';

/** The pause before the venue is asked again for its account or its orders. */
const READ_RETRY_NS = 250_000_000n;

/** Less than a venue takes to be killed and to be up again with another book. */
const STALL_MS = 500;
/** Readings that may fail before our resting orders are canceled, so that the account stands still. */
const CANCEL_EVERY_READS = 8;

await runService({
  name: 'execution',
  schema: executionSchema,
  traceIdOf,
  check: ({ maxInFlightMs, requestTimeoutMs }) =>
    maxInFlightMs < requestTimeoutMs
      ? [`execution.maxInFlightMs ${maxInFlightMs} < execution.requestTimeoutMs ${requestTimeoutMs}`]
      : [],
  start,
});

async function start(context: ServiceContext<ConfigOf<typeof executionSchema>>) {
  const { config, shared, log, clock, metrics, addresses, health, tracing, onFatal } = context;
  const nowNs = () => clock.nowNs();
  const common = await openWire({ source: 'execution', nowNs, metrics, keysDir: shared.security.keysDir, log });
  const executionLog = new MemoryLog({ source: 'execution', identity: { uuid: randomUUID(), generation: 0 } });
  const { prefix } = shared.installation;
  const coreConfig = {
    uuid: executionLog.identity.uuid,
    prefix,
    maxInFlightNs: BigInt(config.maxInFlightMs) * 1_000_000n,
    startedNs: nowNs(),
  };
  const state = openExecution(coreConfig);
  const executionMetrics = exportExecutionMetrics(metrics, state);
  const journeys = new OrderJourneys({ stages: executionMetrics.stages, tracing });
  const recorder = createStepRecorder(config.recordTo, coreConfig);
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

  /** The stamp of the latest event of our log, taken before risk is told of it. */
  let loggedNs = 0n;
  const step = (input: ExecutionInput): readonly ExecutionOutput[] => {
    const outputs = stepExecution(state, input);
    recorder.record(input, outputs);
    for (const output of outputs) act(output);
    return outputs;
  };
  /** What was published may have ended the order, and its trace, by now: the handling ended when it was logged. */
  const handled = (receivedNs: bigint, outputs: readonly ExecutionOutput[]): Handled => ({
    receivedNs,
    doneNs: outputs.some(isOrderEvent) ? loggedNs : nowNs(),
    outputs,
  });
  const act = (output: ExecutionOutput): void => {
    switch (output.type) {
      case 'submit':
        return submit(output.approval);
      case 'append':
        return append(output);
      case 'begin-log':
        journeys.forget();
        return void executionLog.beginGeneration();
      case 'lookup':
        return later(output.notBeforeNs, () => lookUp(output.clOrdId));
      case 'list-orders':
        return later(0n, () => listOrders(output.connection));
      case 'read-account':
        log[state.generation === 0 ? 'info' : 'warn'](`takes the account from the venue: ${output.reason}`);
        return later(settledNs(output.notBeforeNs), () => takeAccount(output, 1));
      case 'warn':
        return log.error({ clOrdId: output.clOrdId }, output.text);
    }
  };
  const submit = (approval: Payload<'OrderApproved'>): void => {
    const { clOrdId } = approval;
    journeys.submitting(clOrdId, nowNs());
    const answer = venue.submit(approval, traceparentOf(clOrdId, SUBMIT_SPAN));
    executionMetrics.submitted();
    answer
      .then((result) => {
        const answeredNs = nowNs();
        if (result.type === 'unanswered') givenUpNs = answeredNs;
        journeys.answered(clOrdId, answeredNs, spanResultOf(result));
        const outputs = step(answerOf(clOrdId, result, answeredNs));
        journeys.logged(clOrdId, handled(answeredNs, outputs));
      })
      .catch(onFatal);
  };
  const append = (output: Extract<ExecutionOutput, { type: 'append' }>): void => {
    const traceparent = isOrderEvent(output) ? traceparentOf(output.payload.clOrdId, logSpan(output)) : null;
    loggedNs = nowNs();
    publisher.hint(executionLog.append(output.kind, output.payload as never, loggedNs, traceparent));
    executionMetrics.appended(output.kind);
    if (isOrderEvent(output)) reportOrder(log, output);
    else if (output.kind === 'TradingStateChanged') announce(output.payload);
    else if (output.kind === 'AccountRebased') reportAccount(log, output.payload);
  };
  const announce = ({ state: trading, reasons }: Payload<'TradingStateChanged'>): void => {
    health.trading(trading, reasons);
    if (trading === 'HALTED') health.set('unhealthy', reasons);
    else health.set(trading === 'ACTIVE' ? 'healthy' : 'degraded', reasons);
    const line = `trading is ${trading}${reasons.length > 0 ? `: ${reasons.join('; ')}` : ''}`;
    if (trading === 'HALTED') log.error({ trading }, line);
    else log.info({ trading }, line);
  };

  /** Runs it not before the time given; what it leads to after a stop is nobody's business any more. */
  const later = (notBeforeNs: bigint, run: () => Promise<unknown>): void => {
    const delayMs = Math.max(0, Number(notBeforeNs - nowNs()) / 1e6);
    const timer = setTimeout(() => {
      timers.delete(timer);
      run().catch(onFatal);
    }, delayMs);
    timers.add(timer);
  };
  /** When the last order was given up: until then it may have been written, if it had to wait for a connection. */
  let givenUpNs = 0n;
  const abandonOrders = (reason: string): void => {
    if (venue.abandon(reason)) givenUpNs = nowNs();
  };
  const settledNs = (notBeforeNs: bigint): bigint => {
    abandonOrders('the account is taken anew');
    const sinceGivenUpNs = givenUpNs + coreConfig.maxInFlightNs;
    return sinceGivenUpNs > notBeforeNs ? sinceGivenUpNs : notBeforeNs;
  };
  const isCurrent = (connection: number) => state.connected && state.connection === connection;
  const get = (path: string) => venue.get(path);
  const listOrders = async (connection: number): Promise<void> => {
    const latest = await readLatestOrders(get);
    if (!isCurrent(connection)) return;
    if (latest !== undefined) step({ type: 'venue-orders', connection, ...latest });
    else later(nowNs() + READ_RETRY_NS, () => listOrders(connection));
  };
  type AccountAsked = Extract<ExecutionOutput, { type: 'read-account' }>;
  const takeAccount = async (asked: AccountAsked, attempt: number): Promise<void> => {
    const { connection, reason } = asked;
    const account = isCurrent(connection) ? await readAccount(get, prefix) : undefined;
    if (!isCurrent(connection)) return;
    if (account !== undefined) return void step({ type: 'account', connection, reason, account });
    if (attempt % CANCEL_EVERY_READS === 0) await calmDown(attempt);
    later(nowNs() + READ_RETRY_NS, () => takeAccount(asked, attempt + 1));
  };
  /** Only our own resting orders make an account of ours move: one that never stands still is made to. */
  const calmDown = async (attempt: number): Promise<void> => {
    const orderIds = await openOrderIds(get, prefix);
    log.warn(
      { attempt, orderIds },
      `the venue's account moves while it is read, or cannot be read: cancels ${orderIds.length} open orders of ours`,
    );
    await Promise.all(orderIds.map((orderId) => venue.cancel(orderId)));
  };
  const lookUp = async (clOrdId: string): Promise<void> => {
    const begunNs = nowNs();
    const answer = await venue.byClientOrderId(clOrdId);
    const receivedNs = nowNs();
    journeys.lookedUp(clOrdId, { startNs: begunNs, endNs: receivedNs }, spanResultOf(answer));
    const outputs = step({ type: 'looked-up', clOrdId, begunNs, outcome: lookupOutcomeOf(answer) });
    journeys.logged(clOrdId, handled(receivedNs, outputs));
  };

  const updates = new TradeUpdates({
    url: `${addresses.httpUrl('venue').replace('http', 'ws')}/stream`,
    ...shared.alpaca,
    log,
    onListening: (up) => {
      executionMetrics.updatesUp(up);
      if (!up) abandonOrders("the venue's order updates broke off");
      step({ type: up ? 'connected' : 'disconnected' });
    },
    onUpdate: (data) => {
      const receivedNs = nowNs();
      const update = readVenueUpdate(data);
      if (update !== undefined) {
        const outputs = step({ type: 'update', update });
        return journeys.updated(update.order.clOrdId, update.type, handled(receivedNs, outputs));
      }
      executionMetrics.venueFault('shape');
      log.error('an order update of the venue cannot be read');
    },
    onFault: (reason) => executionMetrics.venueFault(reason),
  });
  updates.connect();
  /** Meanwhile the venue may have begun anew: an approval that waited for us must not be the first thing it gets. */
  const stalls = new StallWatch({
    nowMs: Date.now,
    boundMs: STALL_MS,
    onStall: (stalledMs) => {
      log.warn({ stalledMs }, `stood still for ${stalledMs} ms: the venue's orders are held against ours again`);
      updates.renew();
    },
  });

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
      stalls.check();
      const receivedNs = nowNs();
      const approval = event.payload;
      const outputs = step({ type: 'approved', riskSeq: position.seq, approval, nowNs: receivedNs });
      journeys.approved(approval, event.traceparent, handled(receivedNs, outputs));
    },
    onCaughtUp: ({ uuid, generation }) => step({ type: 'caught-up', riskLog: { uuid, generation } }),
    onNewLog: (known, stated) => {
      log.warn({ known, stated }, 'risk has begun a new log: it is followed from its first event');
      step({ type: 'risk-log-changed' });
    },
    onSilence: (silent) => log.warn(silent ? 'no heartbeat from risk' : 'risk is back'),
  });
  announce(executionTradingState(state));

  return {
    stop: async () => {
      for (const timer of timers) clearTimeout(timer);
      stalls.close();
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

type OrderEvent = Extract<ExecutionOutput, { readonly payload: { readonly clOrdId: string } }>;

function reportOrder(log: Logger, output: OrderEvent): void {
  const { clOrdId, symbol } = output.payload;
  if (output.kind === 'OrderFilled') {
    const { side, lastQty, lastPx, cumQty, leavesQty } = output.payload;
    log.info({ clOrdId, cumQty, leavesQty }, `fill ${side} ${lastQty} ${symbol} @ ${lastPx}`);
  } else if (output.kind === 'OrderSubmitted' || output.kind === 'OrderAccepted') {
    log.debug({ clOrdId }, `${output.kind} ${symbol}`);
  } else {
    const reason = 'reason' in output.payload ? `: ${output.payload.reason}` : '';
    log.warn({ clOrdId }, `${output.kind} ${symbol}${reason}`);
  }
}

function reportAccount(log: Logger, account: Payload<'AccountRebased'>): void {
  const { accountId, cash, positions, openOrders } = account;
  const held = `${positions.length} positions, ${openOrders.length} open orders of ours`;
  log.info({ accountId, cash, positions }, `account taken from the venue: ${cash} USD, ${held}`);
}

function spanResultOf(answer: VenueAnswer): { readonly status?: number; readonly error?: string } {
  if (answer.type === 'unanswered') return { error: answer.reason };
  const { status } = answer;
  return status < 400 ? { status } : { status, error: `status ${status}` };
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

import { randomUUID } from 'node:crypto';
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
import {
  type AnyReply,
  type Envelope,
  failure,
  LogFollower,
  type LogIdentity,
  LogPublisher,
  openWire,
  Requester,
  Responder,
} from '@tickpath/wire';
import { AlpacaOrders } from './alpaca-orders.ts';
import { executionSchema } from './config.ts';
import { executionTradingState, readVenueUpdate, snapshotOf } from './core/index.ts';
import { DurableExecution } from './durable-execution.ts';
import { exportExecutionMetrics } from './metrics.ts';
import { OrderJourneys } from './order-journeys.ts';
import { announce, report } from './reports.ts';
import { TradeUpdates } from './trade-updates.ts';
import { VenueCalls } from './venue-calls.ts';

/** Less than a venue takes to be killed and to be up again with another book. */
const STALL_MS = 500;

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
  const { prefix } = shared.installation;
  const maxInFlightNs = BigInt(config.maxInFlightMs) * 1_000_000n;
  const execution = await DurableExecution.open({
    journal: journalOptions(context),
    core: { prefix, maxInFlightNs, startedNs: nowNs() },
    onFatal,
    failpoint: failpoints('execution'),
  });
  const { state } = execution;
  const executionMetrics = exportExecutionMetrics(metrics, state);
  const journeys = new OrderJourneys({ stages: executionMetrics.stages, tracing });
  const recorder = createStepRecorder(config.recordTo, { ...state.config, snapshot: snapshotOf(state) });
  const venue = new AlpacaOrders({
    url: addresses.httpUrl('venue'),
    ...shared.alpaca,
    connections: config.connections,
    timeoutMs: config.requestTimeoutMs,
  });
  const calls = new VenueCalls({ execution, venue, journeys, log, nowNs, onFatal });

  const publisher = await LogPublisher.open({
    ...common,
    log: execution.log,
    bind: { pub: addresses.bind('executionLog'), push: addresses.bind('executionPush') },
    heartbeatMs: config.heartbeatMs,
    hintCapacity: config.hintCapacity,
  });
  execution.attach(recorder, {
    submit: ({ approval }) => {
      calls.submit(approval);
      executionMetrics.submitted();
    },
    publish: (records) => publisher.hint(...records),
    appended: (output) => {
      executionMetrics.appended(output.kind);
      if (output.kind === 'AccountRebased') journeys.forget();
      report(log, health, output);
    },
    ask: (output) => calls.ask(output),
  });
  const answer = (request: Envelope): AnyReply => {
    if (request.kind === 'since') return publisher.answerSince(request.payload);
    if (request.kind === 'rebase') return rebase(request.payload);
    const { requestId } = request.payload as { requestId?: string };
    return failure(requestId ?? '', 'BAD_REQUEST', `execution does not answer ${request.kind}`);
  };
  /** The log that risk states and that was not taken: a person has to say so. */
  let refusedLog: LogIdentity | undefined;
  const rebase = ({ requestId, reason }: { readonly requestId: string; readonly reason: string }): AnyReply => {
    const done = [`the account is taken anew from the venue: ${reason}`];
    if (refusedLog !== undefined) done.push(`risk's log ${refusedLog.uuid} is followed from its first event`);
    if (state.halted !== undefined) done.push(`the halt is lifted: ${state.halted}`);
    const followsAnew = () => {
      refusedLog = undefined;
      riskLog.accept();
    };
    const step = execution.effectOf({ type: 'rebase', reason: `asked for: ${reason}` }, followsAnew);
    const effect = () => {
      if (refusedLog !== undefined) execution.reached({ ...refusedLog, seq: 0 });
      step();
    };
    return { kind: 'rebaseReply', payload: { requestId, text: done.join('; ') }, effect };
  };
  const responder = await Responder.open({
    ...common,
    bind: addresses.bind('executionRequests'),
    answers: execution.answers,
    onError: (error, request) => log.error({ err: error }, `${request.kind} was not answered: ${error}`),
    handle: answer,
  });

  const updates = new TradeUpdates({
    url: `${addresses.httpUrl('venue').replace('http', 'ws')}/stream`,
    ...shared.alpaca,
    log,
    onListening: (up) => {
      executionMetrics.updatesUp(up);
      if (!up) calls.abandon("the venue's order updates broke off");
      execution.step({ type: up ? 'connected' : 'disconnected' });
    },
    onUpdate: (data) => {
      const receivedNs = nowNs();
      const update = readVenueUpdate(data);
      if (update !== undefined) {
        const { clOrdId } = update.order;
        // The call ends with the venue's first word, whenever that is committed.
        journeys.answered(clOrdId, receivedNs, {});
        const decidedBefore = execution.isDecided(clOrdId);
        return execution.gather({ type: 'update', update, decidedBefore }, (outputs) =>
          journeys.updated(clOrdId, update.type, calls.handled(receivedNs, outputs)),
        );
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
    from: execution.position,
    heartbeatMs: config.heartbeatMs,
    apply: (event, position) => {
      execution.reached(position);
      if (event.kind !== 'OrderApproved') return;
      stalls.check();
      const receivedNs = nowNs();
      const approval = event.payload;
      const decidedBefore = execution.isDecided(approval.clOrdId);
      const input = { type: 'approved', riskSeq: position.seq, approval, decidedBefore, nowNs: receivedNs } as const;
      execution.gather(input, (outputs) =>
        journeys.approved(approval, event.traceparent, calls.handled(receivedNs, outputs)),
      );
    },
    onCaughtUp: (position) => {
      refusedLog = undefined;
      execution.reached(position);
      const { uuid, generation } = position;
      execution.step({ type: 'caught-up', riskLog: { uuid, generation } });
    },
    onNewLog: (known, stated) => {
      const isFollowed = known.uuid === stated.uuid;
      log.warn(
        { known, stated },
        `risk states another log: it is ${isFollowed ? 'followed from its first event' : 'not followed'}`,
      );
      if (isFollowed) execution.reached({ ...stated, seq: 0 });
      else refusedLog = stated;
      execution.step({ type: 'risk-log-changed', known, stated });
      return isFollowed ? 'follow' : 'stop';
    },
    onCompacted: (position, firstSeq) => {
      log.warn({ position, firstSeq }, `risk's log begins at ${firstSeq}: it is followed from there`);
      execution.reached({ ...position, seq: firstSeq - 1 });
      execution.step({ type: 'risk-log-compacted', firstSeq });
      // Whatever has gone was approved for the taking of the account that ends here.
      riskLog.accept();
    },
    onSilence: (silent) => log.warn(silent ? 'no heartbeat from risk' : 'risk is back'),
  });
  announce(log, health, executionTradingState(state));

  return {
    stop: async () => {
      // While what follows from it can still be done.
      execution.settle();
      calls.close();
      stalls.close();
      updates.close();
      riskLog.close();
      riskRequests.close();
      responder.close();
      publisher.close();
      common.security.close();
      await venue.close();
      await execution.close();
    },
  };
}

import type { Logger, Tracing } from '@tickpath/runtime';
import { traceparentOf } from '@tickpath/trading';
import { type AnyReply, type Envelope, failure, type LogPublisher, type Payload } from '@tickpath/wire';
import { type CheckInput, type CheckMade, type Decision, portfolioOf, stepRisk } from './core/index.ts';
import type { DurableRisk } from './durable-risk.ts';
import type { ExecutionLogReader } from './execution-log.ts';
import { isName } from './journal-events.ts';
import type { RiskMetrics } from './metrics.ts';
import { checkSpans, type StampedCheck } from './order-spans.ts';

export interface RiskRequestsOptions {
  readonly risk: DurableRisk;
  readonly publisher: LogPublisher;
  readonly execution: ExecutionLogReader;
  readonly metrics: RiskMetrics;
  readonly log: Logger;
  readonly tracing: Tracing;
  readonly nowNs: () => bigint;
}

/** Answers what risk is asked. What a request changes is the `effect` of its reply. */
export function answerRequests(options: RiskRequestsOptions): (request: Envelope) => AnyReply {
  const { risk, publisher } = options;
  return (request) => {
    const { requestId = '' } = request.payload as { readonly requestId?: string };
    switch (request.kind) {
      case 'since':
        return publisher.answerSince(request.payload);
      case 'portfolioQuery': {
        // `lastSeq` is the journal's: it says which events are in what follows.
        risk.settle();
        const { identity, lastSeq } = risk.log;
        return { kind: 'portfolio', payload: { requestId, ...identity, lastSeq, ...portfolioOf(risk.state) } };
      }
      case 'riskCheck':
      case 'rebase':
        // Its answer is kept under this name.
        if (!isName(requestId)) {
          return failure(requestId, 'BAD_REQUEST', 'a requestId has 1 to 256 characters, none a control character');
        }
        return request.kind === 'rebase' ? rebase(options, request.payload) : check(options, request);
      default:
        return failure(requestId, 'BAD_REQUEST', `risk does not answer ${request.kind}`);
    }
  };
}

function check(options: RiskRequestsOptions, request: Extract<Envelope, { kind: 'riskCheck' }>): AnyReply {
  const { risk, metrics, log, tracing, nowNs } = options;
  const { requestId, ...intent } = request.payload;
  const { clOrdId, side, orderQty, symbol } = intent;
  const startNs = nowNs();
  const checks: StampedCheck[] = [];
  const observe = tracing.enabled ? (made: CheckMade) => void checks.push({ ...made, tsNs: nowNs() }) : undefined;
  const decidedBefore = risk.isDecided(clOrdId);
  const input: CheckInput = { type: 'check', requestId, intent, nowNs: startNs, decidedBefore };
  const outputs = stepRisk(risk.state, input, observe);
  metrics.checked(Number(nowNs() - startNs) / 1e9);
  const reply = outputs.at(-1);
  if (reply?.type !== 'reply') throw new Error(`no decision on ${clOrdId}`);
  const { decision } = reply;
  const committed = () => {
    const endNs = nowNs();
    metrics.decided(decision.reason ?? 'APPROVED');
    const { traceparent } = request;
    tracing.emit(() => checkSpans({ decision, traceparent, checks }, { startNs, endNs }, outputs));
    // The answer leaves first: a line of log takes longer than the check.
    queueMicrotask(() => report(log, decision, `${side} ${orderQty} ${symbol}`));
  };
  const step = { input, outputs, committed };
  const answer = { kind: 'riskDecision', payload: decision, traceparent: traceparentOf(clOrdId, 'risk') } as const;
  if (outputs.length > 1) return { ...answer, effect: risk.effectOf(step) };
  risk.unchanged(step);
  return answer;
}

function report(log: Logger, { approved, clOrdId, reason, text }: Decision, order: string): void {
  if (approved) log.info({ clOrdId }, `approved ${order}`);
  else log.warn({ clOrdId, reason }, `refused ${order}: ${text}`);
}

/** Ends a halt and takes up the log that execution has now, whichever it is. Execution is asked for the account itself. */
function rebase({ risk, execution, log }: RiskRequestsOptions, asked: Payload<'rebase'>): AnyReply {
  const { requestId, reason } = asked;
  const { halted } = risk.state;
  const taken = execution.refused;
  const input = { type: 'rebase' } as const;
  const outputs = stepRisk(risk.state, input);
  const done = [
    ...(halted === undefined ? [] : [`the halt has ended: ${halted}`]),
    ...(taken === undefined ? [] : [`execution's log ${taken.uuid}/${taken.generation} is followed from now on`]),
  ];
  const text = done.length === 0 ? 'risk is not halted and follows the log of execution' : done.join('; ');
  const payload = { requestId, text };
  const committed = () => {
    execution.acceptRefused();
    log.warn(`rebase (${reason}): ${text}`);
  };
  // From its first event on, also after a death between now and then.
  const position = taken === undefined ? undefined : { ...taken, seq: 0 };
  return { kind: 'rebaseReply', payload, effect: risk.effectOf({ input, outputs, position, committed }) };
}

import type { Logger } from '@tickpath/runtime';
import { traceparentOf } from '@tickpath/trading';
import type { Payload } from '@tickpath/wire';
import { openOrderIds, readAccount, readLatestOrders } from './alpaca-account.ts';
import { readFills } from './alpaca-fills.ts';
import type { AlpacaOrders, VenueAnswer } from './alpaca-orders.ts';
import {
  type ExecutionInput,
  type ExecutionOutput,
  type FillsAsked,
  type LookupOutcome,
  readVenueOrder,
} from './core/index.ts';
import type { Asked, DurableExecution } from './durable-execution.ts';
import { type Handled, isOrderEvent, type OrderJourneys, SUBMIT_SPAN } from './order-journeys.ts';

/** Alpaca's words for an order id it has seen before: no rejection, but a reason to look. */
const DUPLICATE = 'client_order_id must be unique';
/** The pause before the venue is asked again for its account or its orders. */
const READ_RETRY_NS = 250_000_000n;
/** Readings that may fail before our resting orders are canceled, so that the account stands still. */
const CANCEL_EVERY_READS = 8;

export interface VenueCallsOptions {
  readonly execution: DurableExecution;
  readonly venue: AlpacaOrders;
  readonly journeys: OrderJourneys;
  readonly log: Logger;
  readonly nowNs: () => bigint;
  readonly onFatal: (error: unknown) => never;
}

type AccountAsked = Extract<Asked, { type: 'read-account' }>;

/** Does at the venue what the core says, and hands it what comes back. */
export class VenueCalls {
  readonly #options: VenueCallsOptions;
  readonly #timers = new Set<NodeJS.Timeout>();
  readonly #get: (path: string) => Promise<unknown>;
  /** When the last order was given up: until then it may have been written, if it had to wait for a connection. */
  #givenUpNs = 0n;
  #closed = false;

  constructor(options: VenueCallsOptions) {
    this.#options = options;
    this.#get = (path) => options.venue.get(path);
  }

  /** Writes the order in this turn of the event loop, when a connection is free. */
  submit(approval: Payload<'OrderApproved'>): void {
    const { execution, venue, journeys, nowNs, onFatal } = this.#options;
    const { clOrdId } = approval;
    journeys.submitting(clOrdId, nowNs());
    const answer = venue.submit(approval, traceparentOf(clOrdId, SUBMIT_SPAN));
    journeys.written(clOrdId, nowNs());
    answer
      .then((result) => {
        const answeredNs = nowNs();
        if (result.type === 'unanswered') this.#givenUpNs = answeredNs;
        journeys.answered(clOrdId, answeredNs, spanResultOf(result));
        if (this.#closed) return;
        execution.gather(answerOf(clOrdId, result, answeredNs), (outputs) =>
          journeys.logged(clOrdId, this.handled(answeredNs, outputs)),
        );
      })
      .catch(onFatal);
  }

  ask(output: Asked): void {
    const { log } = this.#options;
    switch (output.type) {
      case 'lookup':
        return this.#later(output.notBeforeNs, () => this.#lookUp(output.clOrdId));
      case 'fetch-fills':
        return this.#later(output.notBeforeNs, () => this.#fetchFills(output));
      case 'list-orders':
        return this.#later(0n, () => this.#listOrders(output.connection));
      case 'read-account':
        log[this.#execution.rebase === 0 ? 'info' : 'warn'](`takes the account from the venue: ${output.reason}`);
        return this.#later(this.#settledNs(output.notBeforeNs), () => this.#takeAccount(output, 1));
      case 'warn':
        return log.error({ clOrdId: output.clOrdId }, output.text);
    }
  }

  /** Gives up what has not been written: whatever venue is there next must not get it. */
  abandon(reason: string): void {
    if (this.#options.venue.abandon(reason)) this.#givenUpNs = this.#options.nowNs();
  }

  /** What was published may have ended the order, and its trace, by now: the handling ended when it was committed. */
  handled(receivedNs: bigint, outputs: readonly ExecutionOutput[]): Handled {
    const { execution, nowNs } = this.#options;
    return { receivedNs, doneNs: outputs.some(isOrderEvent) ? execution.committedNs : nowNs(), outputs };
  }

  /** What still comes back is nobody's business any more: after a start it is looked up. */
  close(): void {
    this.#closed = true;
    for (const timer of this.#timers) clearTimeout(timer);
  }

  get #execution() {
    return this.#options.execution.state;
  }

  #step(input: ExecutionInput): readonly ExecutionOutput[] {
    return this.#closed ? [] : this.#options.execution.step(input);
  }

  #later(notBeforeNs: bigint, run: () => Promise<unknown>): void {
    const delayMs = Math.max(0, Number(notBeforeNs - this.#options.nowNs()) / 1e6);
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      run().catch(this.#options.onFatal);
    }, delayMs);
    this.#timers.add(timer);
  }

  #settledNs(notBeforeNs: bigint): bigint {
    this.abandon('the account is taken anew');
    const sinceGivenUpNs = this.#givenUpNs + this.#execution.config.maxInFlightNs;
    return sinceGivenUpNs > notBeforeNs ? sinceGivenUpNs : notBeforeNs;
  }

  #isCurrent(connection: number): boolean {
    const { connected, connection: current } = this.#execution;
    return !this.#closed && connected && current === connection;
  }

  async #listOrders(connection: number): Promise<void> {
    const latest = await readLatestOrders(this.#get);
    if (!this.#isCurrent(connection)) return;
    const again = () => this.#listOrders(connection);
    if (latest === undefined) return this.#later(this.#options.nowNs() + READ_RETRY_NS, again);
    const { accountId } = latest;
    const orders = latest.orders.map((order) => ({
      ...order,
      decidedBefore: this.#options.execution.isDecided(order.clOrdId),
    }));
    const receivedNs = this.#options.nowNs();
    this.#logged(receivedNs, this.#step({ type: 'venue-orders', connection, accountId, orders }));
  }

  async #takeAccount(asked: AccountAsked, attempt: number): Promise<void> {
    const { connection, reason } = asked;
    const { prefix } = this.#execution.config;
    const account = this.#isCurrent(connection) ? await readAccount(this.#get, prefix) : undefined;
    if (!this.#isCurrent(connection)) return;
    if (account !== undefined) return void this.#step({ type: 'account', connection, reason, account });
    if (attempt % CANCEL_EVERY_READS === 0) await this.#calmDown(attempt);
    this.#later(this.#options.nowNs() + READ_RETRY_NS, () => this.#takeAccount(asked, attempt + 1));
  }

  /** Only our own resting orders make an account of ours move: one that never stands still is made to. */
  async #calmDown(attempt: number): Promise<void> {
    const { venue, log } = this.#options;
    const orderIds = await openOrderIds(this.#get, this.#execution.config.prefix);
    log.warn(
      { attempt, orderIds },
      `the venue's account moves while it is read, or cannot be read: cancels ${orderIds.length} open orders of ours`,
    );
    await Promise.all(orderIds.map((orderId) => venue.cancel(orderId)));
  }

  async #lookUp(clOrdId: string): Promise<void> {
    const { venue, journeys, nowNs } = this.#options;
    const begunNs = nowNs();
    const answer = await venue.byClientOrderId(clOrdId);
    const receivedNs = nowNs();
    journeys.lookedUp(clOrdId, { startNs: begunNs, endNs: receivedNs }, spanResultOf(answer));
    const outputs = this.#step({ type: 'looked-up', clOrdId, begunNs, outcome: lookupOutcomeOf(answer) });
    journeys.logged(clOrdId, this.handled(receivedNs, outputs));
  }

  async #fetchFills(asked: FillsAsked): Promise<void> {
    const { log, nowNs } = this.#options;
    const begunNs = nowNs();
    const fills = await readFills(this.#get, asked);
    const receivedNs = nowNs();
    const outputs = this.#step({ type: 'fills', asked, begunNs, fills });
    const booked = outputs.filter((output) => output.type === 'append' && output.kind === 'OrderFilled').length;
    const of = asked.orders.map(({ clOrdId }) => clOrdId).join(', ');
    log.info({ fetched: fills?.length, booked }, `executions of ${of} looked for among the activities of the account`);
    this.#logged(receivedNs, outputs);
  }

  /** What one answer told of several orders belongs to the traces of all of them. */
  #logged(receivedNs: bigint, outputs: readonly ExecutionOutput[]): void {
    const handled = this.handled(receivedNs, outputs);
    for (const [clOrdId, events] of Map.groupBy(outputs.filter(isOrderEvent), ({ payload }) => payload.clOrdId)) {
      this.#options.journeys.logged(clOrdId, { ...handled, outputs: events });
    }
  }
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

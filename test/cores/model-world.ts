import assert from 'node:assert/strict';
import {
  type ExecutionInput,
  type ExecutionOutput,
  executionTradingState,
  openExecution,
  stepExecution,
  type VenueUpdate,
} from '@tickpath/execution/core';
import {
  type ExecutionEvent,
  openRisk,
  portfolioOf,
  type RiskInput,
  type RiskOutput,
  stepRisk,
  tradingState,
} from '@tickpath/risk/core';
import type { Payload } from '@tickpath/wire';
import { ModelVenue } from './model-venue.ts';

/** Nothing takes longer on its way than half of this, and a call is given up before it. */
const MAX_IN_FLIGHT_NS = 1_000n;
const LIMITS = {
  maxOrderNotionalUsd: '1000000',
  maxPositionQty: '100000',
  maxPositionNotionalUsd: '10000000',
  maxGrossNotionalUsd: '100000000',
};

type ExecutionAppend = Extract<ExecutionOutput, { type: 'append' }>;
type RiskAppend = Extract<RiskOutput, { type: 'append' }>;

/** A log in memory as a follower reads it; `name` is `uuid/generation`. */
interface Log<E> {
  readonly uuid: string;
  readonly generation: number;
  readonly events: E[];
}

/** How far a follower has come in which log. */
interface Following<E> {
  log: Log<E>;
  applied: number;
  caughtUp: boolean;
}

export interface Approved {
  readonly clOrdId: string;
  readonly executionLog: string;
  /** Ordinal of the risk that gave it. */
  readonly risk: number;
  /** Whether an execution has read it before that risk was gone. */
  isRead: boolean;
}

export function nameOf({ uuid, generation }: { readonly uuid: string; readonly generation: number }): string {
  return `${uuid}/${generation}`;
}

/**
 * Execution, risk and a model venue on one clock. What travels between them takes a while, each for itself; what follows
 * a log reads it in turn, and all of it at first. Any of the three can be started anew at any moment.
 */
export class ModelWorld {
  readonly venue: ModelVenue;
  /** Every execution log there ever was, by name. */
  readonly executionLogs = new Map<string, Log<ExecutionAppend>>();
  readonly approvals: Approved[] = [];
  /** Why the account was taken anew, as execution said. */
  readonly rebases: string[] = [];
  nowNs = 10_000n;
  /** How many risks there have been. */
  risks = 0;
  /** Whether what the venue says next never comes. */
  losesUpdate = false;
  losesAnswer = false;
  lostUpdates = 0;
  readonly #random: (below: number) => number;
  #agenda: { readonly atNs: bigint; readonly what: () => void }[] = [];
  #executions = 0;
  #connection = 0;
  #streamNs = 0n;
  #execution!: ReturnType<typeof openExecution>;
  #executionLog!: Log<ExecutionAppend>;
  #ofRisk: Following<RiskAppend> | undefined;
  #risk!: ReturnType<typeof openRisk>;
  #riskLog!: Log<RiskAppend>;
  #ofExecution: Following<ExecutionAppend> | undefined;

  constructor(random: (below: number) => number) {
    this.#random = random;
    this.venue = new ModelVenue((update) => this.#stream(update));
    this.restartExecution();
    this.restartRisk();
  }

  get risk(): ReturnType<typeof openRisk> {
    return this.#risk;
  }

  states(): [execution: string, risk: string] {
    return [executionTradingState(this.#execution).state, tradingState(this.#risk).state];
  }

  restartExecution(): void {
    this.#executions += 1;
    const uuid = `execution-${this.#executions}`;
    const config = { uuid, prefix: 'tp', maxInFlightNs: MAX_IN_FLIGHT_NS, startedNs: this.nowNs };
    this.#execution = openExecution(config);
    this.#beginLog(0);
    this.#ofRisk = undefined;
    this.#connection += 1;
    this.#soon(() => this.reconnect());
  }

  restartRisk(): void {
    this.risks += 1;
    this.#riskLog = { uuid: `risk-${this.risks}`, generation: 1, events: [] };
    this.#risk = openRisk({ log: nameOf(this.#riskLog), limits: LIMITS });
    this.#ofExecution = undefined;
    for (const [symbol, px] of Object.entries({ IBM: '100', SPY: '50' })) this.#feedRisk({ type: 'trade', symbol, px });
  }

  restartVenue(): void {
    this.venue.restart();
    this.reconnect();
  }

  /** The updates of the venue break off, and flow again after a while; those on their way are gone. */
  reconnect(): void {
    this.#connection += 1;
    const connection = this.#connection;
    this.#feedExecution({ type: 'disconnected' });
    this.#soon(() => {
      if (connection === this.#connection) this.#feedExecution({ type: 'connected' });
    });
  }

  ask(intent: { clOrdId: string; symbol: string; side: 'BUY' | 'SELL'; orderQty: string }): void {
    const rest = { ordType: 'MARKET', timeInForce: 'DAY', strategy: 's', cause: 'c' } as const;
    const times = { receivedNs: this.nowNs, expiresNs: this.nowNs + 2_000n };
    const requestId = `${intent.clOrdId} of ${this.risks}`;
    this.#feedRisk({ type: 'check', requestId, intent: { ...intent, ...rest, ...times }, nowNs: this.nowNs });
  }

  /** One read of each log by its follower. Says whether anything was new. */
  poll(): boolean {
    const read = this.executionReads();
    return this.riskReads() || read;
  }

  /** What is next by the clock; false when nothing is under way. */
  next(): boolean {
    this.#agenda.sort((a, b) => Number(a.atNs - b.atNs));
    const next = this.#agenda.shift();
    if (next === undefined) return false;
    if (next.atNs > this.nowNs) this.nowNs = next.atNs;
    next.what();
    return true;
  }

  #soon(what: () => void, notBeforeNs = 0n): void {
    const base = notBeforeNs > this.nowNs ? notBeforeNs : this.nowNs;
    this.#agenda.push({ atNs: base + BigInt(1 + this.#random(300)), what });
  }

  /** Updates come in the order in which the venue sent them, or are lost with their connection. */
  #stream(update: VenueUpdate): void {
    const lost = this.losesUpdate;
    this.losesUpdate = false;
    if (lost) this.lostUpdates += 1;
    if (lost) return;
    const connection = this.#connection;
    const atNs = this.nowNs + BigInt(1 + this.#random(300));
    this.#streamNs = atNs > this.#streamNs ? atNs : this.#streamNs + 1n;
    const arrive = () => {
      if (connection === this.#connection) this.#feedExecution({ type: 'update', update });
    };
    this.#agenda.push({ atNs: this.#streamNs, what: arrive });
  }

  #beginLog(generation: number): void {
    this.#executionLog = { uuid: this.#execution.config.uuid, generation, events: [] };
    this.executionLogs.set(nameOf(this.#executionLog), this.#executionLog);
  }

  #feedExecution(input: ExecutionInput): void {
    for (const output of stepExecution(this.#execution, input)) this.#act(output);
    assert.equal(this.#execution.halted, undefined);
  }

  /** What comes back is for the execution that asked; an order on its way arrives even when that one is gone. */
  #act(output: ExecutionOutput): void {
    const asker = this.#execution;
    const answer = (input: ExecutionInput) =>
      this.#soon(() => {
        if (asker === this.#execution) this.#feedExecution(input);
      });
    switch (output.type) {
      case 'append':
        this.#executionLog.events.push(output);
        if (output.kind === 'AccountRebased') this.rebases.push(output.payload.reason);
        return;
      case 'begin-log':
        return this.#beginLog(output.generation);
      case 'submit':
        return this.#submit(output.approval, answer);
      case 'lookup':
        return this.#soon(() => {
          const begunNs = this.nowNs;
          this.#soon(() => {
            const order = this.venue.find(output.clOrdId);
            const outcome =
              order === undefined ? ({ type: 'not-found' } as const) : ({ type: 'found', order } as const);
            answer({ type: 'looked-up', clOrdId: output.clOrdId, begunNs, outcome });
          });
        }, output.notBeforeNs);
      case 'list-orders':
        return this.#soon(() => {
          const { connection } = output;
          answer({
            type: 'venue-orders',
            connection,
            accountId: this.venue.accountId(),
            clOrdIds: this.venue.latest(),
          });
        });
      case 'read-account':
        return this.#soon(() => {
          const { connection, reason } = output;
          answer({ type: 'account', connection, reason, account: this.venue.account() });
        }, output.notBeforeNs);
      case 'warn':
    }
  }

  #submit(approval: Payload<'OrderApproved'>, answer: (input: ExecutionInput) => void): void {
    assert.equal(approval.executionLog, nameOf(this.#executionLog), 'only what is meant for this log is sent');
    const { clOrdId } = approval;
    const lost = this.losesAnswer;
    this.losesAnswer = false;
    const sentNs = this.nowNs;
    this.#soon(() => {
      const order = this.venue.submit(approval);
      if (!lost) return answer({ type: 'accepted', clOrdId, order });
      const asker = this.#execution;
      const timedOut = () => {
        if (asker === this.#execution) {
          this.#feedExecution({ type: 'unanswered', clOrdId, reason: 'ETIMEDOUT', nowNs: this.nowNs });
        }
      };
      this.#agenda.push({ atNs: sentNs + 900n, what: timedOut });
    });
  }

  #feedRisk(input: RiskInput): void {
    const ready = tradingState(this.#risk).state === 'ACTIVE';
    for (const output of stepRisk(this.#risk, input)) {
      if (output.type !== 'append') continue;
      this.#riskLog.events.push(output);
      if (output.kind !== 'OrderApproved') continue;
      assert.ok(ready);
      this.#checkApproval(output.payload.executionLog);
      const { clOrdId, executionLog } = output.payload;
      this.approvals.push({ clOrdId, executionLog: executionLog ?? '', risk: this.risks, isRead: false });
    }
    assert.equal(portfolioOf(this.#risk).imbalance, '0');
    assert.equal(this.#risk.halted, undefined);
  }

  /** From what risk has read of execution alone: execution trades, on an account it has read, and follows our log. */
  #checkApproval(executionLog: string | null): void {
    const following = this.#ofExecution;
    assert.ok(following?.caughtUp && nameOf(following.log) === executionLog);
    const said = following.log.events.slice(0, following.applied);
    assert.equal(said[0]?.kind, 'AccountRebased');
    const trading = said.findLast(({ kind }) => kind === 'TradingStateChanged')?.payload;
    assert.equal((trading as Payload<'TradingStateChanged'>).state, 'ACTIVE');
    const seen = said.findLast(({ kind }) => kind === 'RiskGenerationSeen')?.payload;
    assert.equal(nameOf(seen as Payload<'RiskGenerationSeen'>), nameOf(this.#riskLog));
  }

  executionReads(): boolean {
    return this.#read(this.#ofRisk, this.#riskLog, {
      begin: (following) => {
        this.#ofRisk = following;
      },
      changed: () => this.#feedExecution({ type: 'risk-log-changed' }),
      apply: ({ kind, payload }, riskSeq) => {
        if (kind !== 'OrderApproved') return;
        const given = this.approvals.find(({ clOrdId, risk }) => clOrdId === payload.clOrdId && risk === this.risks);
        assert.ok(given !== undefined);
        given.isRead = true;
        this.#feedExecution({ type: 'approved', riskSeq, approval: payload, nowNs: this.nowNs });
      },
      caughtUp: ({ uuid, generation }) => this.#feedExecution({ type: 'caught-up', riskLog: { uuid, generation } }),
    });
  }

  riskReads(): boolean {
    return this.#read(this.#ofExecution, this.#executionLog, {
      begin: (following) => {
        this.#ofExecution = following;
      },
      changed: () => this.#feedRisk({ type: 'execution-log-changed' }),
      apply: ({ kind, payload }, seq) => {
        this.#feedRisk({ type: 'execution', event: { kind, seq, payload } as unknown as ExecutionEvent });
        if (kind === 'AccountRebased') this.#checkTaken(payload);
      },
      caughtUp: (log) => this.#feedRisk({ type: 'execution-caught-up', executionLog: nameOf(log) }),
    });
  }

  /** Right after a rebase the book is the account, and holds nothing for an order that is not open. */
  #checkTaken(account: Payload<'AccountRebased'>): void {
    const { cash, positions, openOrders } = portfolioOf(this.#risk);
    assert.equal(cash, account.cash);
    assert.deepEqual(heldOf(positions), heldOf(account.positions));
    const open = account.openOrders.map(({ clOrdId }) => clOrdId);
    assert.deepEqual(openOrders.map(({ clOrdId }) => clOrdId).toSorted(), open.toSorted());
  }

  /** As `LogFollower` does: everything there is until caught up, then one event at a time, anew when the log is another. */
  #read<E>(
    following: Following<E> | undefined,
    log: Log<E>,
    on: {
      begin: (following: Following<E>) => void;
      changed: () => void;
      apply: (event: E, seq: number) => void;
      caughtUp: (log: Log<E>) => void;
    },
  ): boolean {
    if (following?.log !== log) {
      if (following !== undefined) on.changed();
      on.begin({ log, applied: 0, caughtUp: false });
      return true;
    }
    const count = following.caughtUp ? 1 : log.events.length;
    const events = log.events.slice(following.applied, following.applied + count);
    for (const event of events) {
      following.applied += 1;
      on.apply(event, following.applied);
    }
    if (following.caughtUp) return events.length > 0;
    following.caughtUp = true;
    on.caughtUp(log);
    return true;
  }
}

/** What is held, as text by symbol; what is flat is left out. */
export function heldOf(
  positions: readonly { readonly symbol: string; readonly qty: string; readonly cost: string }[],
): string[] {
  const held = positions.filter(({ qty }) => qty !== '0');
  return held.map(({ symbol, qty, cost }) => `${qty} ${symbol} for ${cost}`).toSorted();
}

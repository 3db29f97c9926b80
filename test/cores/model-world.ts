import assert from 'node:assert/strict';
import {
  type ExecutionInput,
  type ExecutionOutput,
  executionTradingState,
  type VenueUpdate,
} from '@tickpath/execution/core';
import {
  type ExecutionEvent,
  portfolioOf,
  type RiskAppend,
  type RiskInput,
  type RiskState,
  tradingState,
} from '@tickpath/risk/core';
import type { Payload } from '@tickpath/wire';
import { type Death, Died, type ExecutionAppend, type ExecutionLog, ModelExecution } from './model-execution.ts';
import { ModelRisk } from './model-risk.ts';
import { ModelVenue } from './model-venue.ts';

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
  /** Whether execution has read it. */
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
  /** Orders that came to the venue when the process that had sent them was gone, or listened anew. */
  orphans = 0;
  /** Where execution dies when it writes the next order. */
  dies: Death | undefined;
  readonly #random: (below: number) => number;
  #agenda: { readonly atNs: bigint; readonly what: () => void }[] = [];
  #connection = 0;
  #streamNs = 0n;
  readonly #execution = new ModelExecution(10_000n);
  #ofRisk: Following<RiskAppend> | undefined;
  readonly #risk = new ModelRisk();
  #ofExecution: Following<ExecutionAppend> | undefined;

  constructor(random: (below: number) => number) {
    this.#random = random;
    this.venue = new ModelVenue((update) => this.#stream(update));
    this.#connectSoon();
  }

  get executionLog(): ExecutionLog {
    return this.#execution.log;
  }

  /** As approvals name it now. */
  get taking(): string {
    return `${nameOf(this.#execution.log)}/${this.#execution.state.rebase}`;
  }

  get risk(): RiskState {
    return this.#risk.state;
  }

  states(): [execution: string, risk: string] {
    return [executionTradingState(this.#execution.state).state, tradingState(this.#risk.state).state];
  }

  /** It has its state again, and goes on in the risk log where its own log says; what was under way is not waited for. */
  restartExecution(): void {
    this.#execution.checkRecovery();
    if (this.#random(2) === 0) this.#execution.takeSnapshot();
    this.#recoverExecution((nowNs) => this.#execution.restart(nowNs));
  }

  /** The machine of execution dies. */
  loseExecutionEnd(events: number): void {
    this.#recoverExecution((nowNs) => this.#execution.loseEnd(events, nowNs));
  }

  #recoverExecution(recover: (nowNs: bigint) => void): void {
    recover(this.nowNs);
    const applied = this.#execution.position;
    this.#ofRisk = applied === undefined ? undefined : { log: this.#risk.log, applied, caughtUp: false };
    this.#connection += 1;
    this.#connectSoon();
  }

  #connectSoon(): void {
    this.#soon(() => this.reconnect());
  }

  /** It has its state again, and goes on in the execution log where it was. */
  restartRisk(): void {
    this.risks += 1;
    if (this.#random(2) === 0) this.#risk.takeSnapshot();
    this.#risk.restart();
    if (this.#ofExecution !== undefined) this.#ofExecution.caughtUp = false;
  }

  /** Another book under another account id. */
  resetVenue(): void {
    this.venue.reset();
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
    const asked = { intent: { ...intent, ...rest, ...times }, decidedBefore: this.#risk.isDecided(intent.clOrdId) };
    this.#feedRisk({ type: 'check', requestId, ...asked, nowNs: this.nowNs });
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
      if (connection !== this.#connection) return;
      const decidedBefore = this.#execution.isDecided(update.order.clOrdId);
      this.#feedExecution({ type: 'update', update, decidedBefore });
    };
    this.#agenda.push({ atNs: this.#streamNs, what: arrive });
  }

  #feedExecution(input: ExecutionInput): void {
    for (const output of this.#execution.step(input, this.dies)) this.#act(output);
  }

  /** What comes back is for the execution that asked; an order on its way arrives even when that one is gone. */
  #act(output: ExecutionOutput): void {
    const asker = this.#execution.state;
    const answer = (input: ExecutionInput) =>
      this.#soon(() => {
        if (asker === this.#execution.state) this.#feedExecution(input);
      });
    switch (output.type) {
      case 'append':
        if (output.kind === 'AccountRebased') this.rebases.push(output.payload.reason);
        return;
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
      case 'fetch-fills':
        return this.#soon(() => {
          const begunNs = this.nowNs;
          this.#soon(() => {
            answer({ type: 'fills', asked: output, begunNs, fills: this.venue.fillsOf(output.orders) });
          });
        }, output.notBeforeNs);
      case 'list-orders':
        return this.#soon(() => {
          const { connection } = output;
          const orders = this.venue.latest().map((shown) => {
            const { clOrdId } = shown;
            return { clOrdId, decidedBefore: this.#execution.isDecided(clOrdId), shown };
          });
          answer({ type: 'venue-orders', connection, accountId: this.venue.accountId(), orders });
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
    assert.equal(approval.executionLog, this.taking, 'only what is meant for this taking is sent');
    const { clOrdId } = approval;
    const lost = this.losesAnswer;
    this.losesAnswer = false;
    const sentNs = this.nowNs;
    const connection = this.#connection;
    this.#soon(() => {
      if (connection !== this.#connection) this.orphans += 1;
      const order = this.venue.submit(approval);
      if (!lost) return answer({ type: 'accepted', clOrdId, order });
      const asker = this.#execution.state;
      const timedOut = () => {
        if (asker === this.#execution.state) {
          this.#feedExecution({ type: 'unanswered', clOrdId, reason: 'ETIMEDOUT', nowNs: this.nowNs });
        }
      };
      this.#agenda.push({ atNs: sentNs + 900n, what: timedOut });
    });
  }

  #feedRisk(input: RiskInput): void {
    const ready = tradingState(this.#risk.state).state === 'ACTIVE';
    for (const output of this.#risk.step(input)) {
      if (output.kind !== 'OrderApproved') continue;
      assert.ok(ready);
      this.#checkApproval(output.payload.executionLog);
      const { clOrdId, executionLog } = output.payload;
      this.approvals.push({ clOrdId, executionLog: executionLog ?? '', isRead: false });
    }
  }

  /** From what risk has read of execution alone: execution trades, on an account it has read, and follows our log. */
  #checkApproval(executionLog: string | null): void {
    const following = this.#ofExecution;
    assert.ok(following?.caughtUp);
    const said = following.log.events.slice(0, following.applied);
    const account = said.findLast(({ kind }) => kind === 'AccountRebased')?.payload as Payload<'AccountRebased'>;
    assert.equal(executionLog, `${nameOf(following.log)}/${account.rebase}`);
    const trading = said.findLast(({ kind }) => kind === 'TradingStateChanged')?.payload;
    assert.equal((trading as Payload<'TradingStateChanged'>).state, 'ACTIVE');
    const seen = said.findLast(({ kind }) => kind === 'RiskGenerationSeen')?.payload;
    assert.equal(nameOf(seen as Payload<'RiskGenerationSeen'>), nameOf(this.#risk.log));
  }

  executionReads(): boolean {
    try {
      return this.#executionReads();
    } catch (error) {
      if (!(error instanceof Died)) throw error;
      this.dies = undefined;
      for (const output of error.outputs) this.#act(output);
      this.#recoverExecution((nowNs) => this.#execution.restart(nowNs));
      return true;
    }
  }

  #executionReads(): boolean {
    return this.#read(this.#ofRisk, this.#risk.log, {
      begin: (following) => {
        this.#ofRisk = following;
      },
      changed: () => assert.fail('the risk log is always the same one'),
      apply: ({ kind, payload }, riskSeq) => {
        this.#execution.reached(riskSeq);
        if (kind !== 'OrderApproved') return;
        const given = this.approvals.find(({ clOrdId }) => clOrdId === payload.clOrdId);
        assert.ok(given !== undefined);
        given.isRead = true;
        const decidedBefore = this.#execution.isDecided(payload.clOrdId);
        this.#feedExecution({ type: 'approved', riskSeq, approval: payload, decidedBefore, nowNs: this.nowNs });
      },
      caughtUp: ({ uuid, generation, events }) => {
        this.#execution.reached(events.length);
        this.#feedExecution({ type: 'caught-up', riskLog: { uuid, generation } });
      },
    });
  }

  riskReads(): boolean {
    return this.#read(this.#ofExecution, this.#execution.log, {
      begin: (following) => {
        this.#ofExecution = following;
      },
      changed: () => this.#feedRisk({ type: 'execution-log-changed' }),
      apply: ({ kind, payload }, seq) => {
        const event = { kind, seq, payload } as unknown as ExecutionEvent;
        const decidedBefore = 'clOrdId' in payload && this.#risk.isDecided(payload.clOrdId);
        const { uuid, generation } = this.#ofExecution?.log ?? this.#execution.log;
        this.#feedRisk({ type: 'execution', log: { uuid, generation }, event, decidedBefore });
        // Of a log that is read anew, what was taken before its end was lost is passed over.
        if (kind === 'AccountRebased' && payload.generation === generation) this.#checkTaken(payload);
      },
      caughtUp: ({ uuid, generation }) => this.#feedRisk({ type: 'execution-caught-up', log: { uuid, generation } }),
    });
  }

  /** Right after a rebase the book is the account, and holds nothing for an order that is not open. */
  #checkTaken(account: Payload<'AccountRebased'>): void {
    const { cash, positions, openOrders } = portfolioOf(this.#risk.state);
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

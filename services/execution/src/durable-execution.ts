import { type Committed, type Journal, openJournal, type Transaction } from '@tickpath/journal';
import type { failpoints, journalOptions, StepRecorder } from '@tickpath/runtime';
import { type AnswerStore, JournalAnswers, JournalLog, type LogPosition, type LogRecord } from '@tickpath/wire';
import {
  type ExecutionConfig,
  type ExecutionInput,
  type ExecutionOutput,
  type ExecutionSnapshot,
  type ExecutionState,
  replayExecution,
  restoreExecution,
  snapshotOf,
  stepExecution,
} from './core/index.ts';
import {
  EXECUTION_EVENTS,
  type ExecutionEvents,
  type ExecutionJournalEvent,
  fromJournal,
  orderStream,
  streamOf,
  toJournal,
  traceparentOfEvent,
} from './journal-events.ts';

/** The name under which the journal keeps how far we have come in the risk log. */
const RISK = 'risk';
const SNAPSHOT = { everyEvents: 20_000, everyMs: 600_000 } as const;
/** Nobody repeats a request after a day; its order would be refused as a duplicate even then. */
const RETENTION = { maxAnswerAgeMs: 86_400_000 } as const;
/**
 * How long a step waits for others to share its transaction. One order is some four steps, each about as dear as the
 * whole; and whoever is to read what was just written, on a machine without a core to spare, gets one meanwhile.
 */
const GATHER_MS = 1;
/** So many do not wait. */
const GATHER_STEPS = 256;

export type Appended = Extract<ExecutionOutput, { readonly type: 'append' }>;
export type Submission = Extract<ExecutionOutput, { readonly type: 'submit' }>;
/** What is asked of the venue, or said, once the step is committed. */
export type Asked = Exclude<ExecutionOutput, Appended | Submission>;

/** What the shell does with what the core says. */
export interface Effects {
  /** Writes the order to the venue in this turn; before the commit, since the approval is in the risk log already. */
  readonly submit: (submission: Submission) => void;
  /** Tells followers of events that are committed, in order. */
  readonly publish: (records: readonly LogRecord[]) => void;
  /** After followers have been told. */
  readonly appended: (output: Appended) => void;
  readonly ask: (output: Asked) => void;
}

export interface DurableExecutionOptions {
  readonly journal: ReturnType<typeof journalOptions>;
  readonly core: Omit<ExecutionConfig, 'uuid' | 'generation'>;
  /** A commit has failed: the state is ahead of the journal, so the process must end. */
  readonly onFatal: (error: unknown) => never;
  readonly failpoint: ReturnType<typeof failpoints>;
}

/** What follows a step once it is committed and followers have been told. */
type AfterStep = (outputs: readonly ExecutionOutput[]) => void;

/** A step that is not committed yet. */
interface Entry {
  readonly input: ExecutionInput;
  readonly outputs: readonly ExecutionOutput[];
  /** How far the risk log had been read. */
  readonly reached: LogPosition | undefined;
  readonly after: AfterStep;
}

/**
 * The core and its journal. What steps of the core append is committed in one transaction, with how far the risk log has
 * been read and, for a request, its answer, before anyone is told or anything but an order is asked of the venue.
 */
export class DurableExecution {
  readonly state: ExecutionState;
  readonly log: JournalLog<ExecutionJournalEvent>;
  /** Where the responder commits the answers to `effectOf`. */
  readonly answers: AnswerStore;
  readonly #journal: Journal<ExecutionEvents>;
  readonly #options: DurableExecutionOptions;
  readonly #transaction: () => Transaction<ExecutionEvents>;
  #recorder: StepRecorder = { record: () => {}, close: () => {} };
  #effects: Effects = { submit: () => {}, publish: () => {}, appended: () => {}, ask: () => {} };
  /** In the order of the steps; the first has something to append. */
  #entries: Entry[] = [];
  /** Where they append. */
  readonly #streams = new Set<string>();
  #gathering: NodeJS.Timeout | undefined;
  /** How far the risk log has been read, if the journal does not have it yet. */
  #reached: LogPosition | undefined;
  /** What follows the responder's transaction. */
  #afterAnswer: ((committed: Committed<void, ExecutionJournalEvent>) => void) | undefined;
  #committedNs = 0n;

  private constructor(journal: Journal<ExecutionEvents>, state: ExecutionState, options: DurableExecutionOptions) {
    this.#journal = journal;
    this.#options = options;
    this.state = state;
    this.log = new JournalLog({ source: 'execution', journal, traceparentOf: traceparentOfEvent });
    const answers = new JournalAnswers<Transaction<ExecutionEvents>, Committed<void, ExecutionJournalEvent>>(
      journal,
      (committed) => this.#afterAnswer?.(committed),
    );
    this.#transaction = () => answers.transaction;
    this.answers = {
      find: (requestId) => answers.find(requestId),
      commit: (requestId, answer, effect) => this.#orDie(() => answers.commit(requestId, answer, effect)),
    };
  }

  /**
   * Opens the journal, takes up the state as it was, and has the log say what is so now. Rejects with a `JournalError`.
   */
  static async open(options: DurableExecutionOptions): Promise<DurableExecution> {
    const journal = await openJournal<ExecutionEvents>({
      ...options.journal,
      types: EXECUTION_EVENTS,
      snapshot: SNAPSHOT,
      retention: RETENTION,
    });
    try {
      const config = { ...options.core, ...journal.identity };
      let state = restoreExecution(config);
      await journal.recover({
        snapshot: (snapshot) => {
          state = restoreExecution(config, snapshot.state as ExecutionSnapshot);
        },
        event: (event) => replayExecution(state, fromJournal(event)),
      });
      const execution = new DurableExecution(journal, state, options);
      execution.step({ type: 'started' });
      journal.snapshotWhenDue(() => execution.#settledSnapshot());
      return execution;
    } catch (error) {
      await journal.close();
      throw error;
    }
  }

  /** How far the risk log has been read, and what that led to is committed. */
  get position(): LogPosition | undefined {
    return this.#journal.positionOf(RISK);
  }

  /** When the latest step was committed, before anyone was told. */
  get committedNs(): bigint {
    return this.#committedNs;
  }

  /** Whether our log has an event of the order, or is about to have one. */
  isDecided(clOrdId: string): boolean {
    const stream = orderStream(clOrdId);
    return stream !== undefined && (this.#streams.has(stream) || this.#journal.versionOf(stream) > 0);
  }

  /** From now on steps have effects, and are recorded. */
  attach(recorder: StepRecorder, effects: Effects): void {
    this.#recorder = recorder;
    this.#effects = effects;
  }

  /** The risk log has been read so far; it is kept with the next step that appends anything. */
  reached(position: LogPosition): void {
    this.#reached = position;
  }

  /** One step of the core, committed and told of when this returns, and all steps before it. */
  step(input: ExecutionInput): readonly ExecutionOutput[] {
    const outputs = this.#enter(input, () => {});
    this.settle();
    return outputs;
  }

  /**
   * One step of the core that is committed together with those of the next moment, and then told of; an order that it
   * submits is written at once. Until then a death leaves what the venue knows and the journal does not: an approval
   * in doubt, an update to be fetched.
   */
  gather(input: ExecutionInput, after: AfterStep): void {
    this.#enter(input, after);
    if (this.#entries.length >= GATHER_STEPS) this.settle();
    else if (this.#entries.length > 0) this.#gathering ??= setTimeout(() => this.settle(), GATHER_MS);
  }

  /** Commits the steps that wait for it; they have been told of when this returns. */
  settle(): void {
    if (this.#entries.length === 0) return;
    this.#committed(this.#orDie(() => this.#journal.transact((transaction) => this.#write(transaction))));
  }

  /** A step that is committed together with the answer to the request that asks for it; `committed` runs after both. */
  effectOf(input: ExecutionInput, committed: () => void): () => void {
    return () => {
      const outputs = stepExecution(this.state, input);
      this.#recorder.record(input, outputs);
      this.#hold(input, outputs, committed);
      this.#write(this.#transaction());
      this.#afterAnswer = (proof) => {
        this.#afterAnswer = undefined;
        this.#committed(proof);
      };
    };
  }

  /** Commits what waits for it, and flushes; takes the disk's time. */
  async close(): Promise<void> {
    this.settle();
    this.#recorder.close();
    await this.#journal.close();
  }

  #enter(input: ExecutionInput, after: AfterStep): readonly ExecutionOutput[] {
    const { failpoint } = this.#options;
    const outputs = stepExecution(this.state, input);
    this.#recorder.record(input, outputs);
    for (const output of outputs) {
      if (output.type !== 'submit') continue;
      failpoint('before-venue-call');
      this.#effects.submit(output);
      failpoint('after-venue-call');
    }
    // Behind a step that waits even one that appends nothing waits: what it asks may follow from the other.
    if (this.#entries.length > 0 || outputs.some(isAppended)) this.#hold(input, outputs, after);
    else {
      this.#ask(outputs);
      after(outputs);
    }
    return outputs;
  }

  #hold(input: ExecutionInput, outputs: readonly ExecutionOutput[], after: AfterStep): void {
    this.#entries.push({ input, outputs, reached: this.#reached, after });
    for (const output of outputs) if (isAppended(output)) this.#streams.add(streamOf(output));
  }

  #write(transaction: Transaction<ExecutionEvents>): void {
    for (const { input, outputs, reached } of this.#entries) {
      const causation = input.type === 'approved' ? reached : undefined;
      for (const event of outputs.filter(isAppended)) {
        transaction.append(streamOf(event), [toJournal(event, causation)], 'any');
      }
    }
    if (this.#reached !== undefined) transaction.position(RISK, this.#reached);
    this.#options.failpoint('before-commit');
  }

  #committed({ events }: Committed<void, ExecutionJournalEvent>): void {
    const { failpoint, journal } = this.#options;
    const entries = this.#entries;
    this.#entries = [];
    this.#streams.clear();
    clearTimeout(this.#gathering);
    this.#gathering = undefined;
    this.#reached = undefined;
    this.#committedNs = journal.nowNs();
    failpoint('after-commit');
    this.#effects.publish(events.map((event) => this.log.record(event)));
    failpoint('after-publish');
    for (const { outputs, after } of entries) {
      for (const output of outputs) if (isAppended(output)) this.#effects.appended(output);
      this.#ask(outputs);
      after(outputs);
    }
  }

  /** A snapshot has every event of the state that is in it. */
  #settledSnapshot(): ExecutionSnapshot {
    this.settle();
    return snapshotOf(this.state);
  }

  #ask(outputs: readonly ExecutionOutput[]): void {
    for (const output of outputs) {
      if (output.type !== 'append' && output.type !== 'submit') this.#effects.ask(output);
    }
  }

  #orDie<R>(work: () => R): R {
    try {
      return work();
    } catch (error) {
      return this.#options.onFatal(error);
    }
  }
}

function isAppended(output: ExecutionOutput): output is Appended {
  return output.type === 'append';
}

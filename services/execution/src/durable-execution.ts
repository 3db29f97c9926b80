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

export type Appended = Extract<ExecutionOutput, { readonly type: 'append' }>;
export type Submission = Extract<ExecutionOutput, { readonly type: 'submit' }>;
/** What is asked of the venue, or said, once the step is committed. */
export type Asked = Exclude<ExecutionOutput, Appended | Submission>;

/** What the shell does with what the core says. */
export interface Effects {
  /** Writes the order to the venue in this turn; before the commit, since the approval is in the risk log already. */
  readonly submit: (submission: Submission) => void;
  /** Tells followers of an event that is committed. */
  readonly publish: (record: LogRecord) => void;
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

/**
 * The core and its journal. What a step of the core appends is committed in one transaction, with how far the risk log has
 * been read and, for a request, its answer, before anyone is told.
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
      journal.snapshotWhenDue(() => snapshotOf(state));
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

  /** Whether our log has an event of the order. */
  isDecided(clOrdId: string): boolean {
    const stream = orderStream(clOrdId);
    return stream !== undefined && this.#journal.versionOf(stream) > 0;
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

  /** One step of the core, committed and told of when this returns. */
  step(input: ExecutionInput): readonly ExecutionOutput[] {
    const { failpoint } = this.#options;
    const outputs = stepExecution(this.state, input);
    this.#recorder.record(input, outputs);
    for (const output of outputs) {
      if (output.type !== 'submit') continue;
      failpoint('before-venue-call');
      this.#effects.submit(output);
      failpoint('after-venue-call');
    }
    if (!outputs.some(isAppended)) this.#ask(outputs);
    else {
      const write = (transaction: Transaction<ExecutionEvents>) => this.#write(transaction, input, outputs);
      this.#committed(
        this.#orDie(() => this.#journal.transact(write)),
        outputs,
      );
    }
    return outputs;
  }

  /** A step that is committed together with the answer to the request that asks for it; `committed` runs after both. */
  effectOf(input: ExecutionInput, committed: () => void): () => void {
    return () => {
      const outputs = stepExecution(this.state, input);
      this.#recorder.record(input, outputs);
      this.#write(this.#transaction(), input, outputs);
      this.#afterAnswer = (proof) => {
        this.#afterAnswer = undefined;
        this.#committed(proof, outputs);
        committed();
      };
    };
  }

  /** Flushes what is committed; takes the disk's time. */
  async close(): Promise<void> {
    this.#recorder.close();
    await this.#journal.close();
  }

  #write(transaction: Transaction<ExecutionEvents>, input: ExecutionInput, outputs: readonly ExecutionOutput[]): void {
    const causation = input.type === 'approved' ? this.#reached : undefined;
    for (const event of outputs.filter(isAppended)) {
      transaction.append(streamOf(event), [toJournal(event, causation)], 'any');
    }
    if (this.#reached !== undefined) transaction.position(RISK, this.#reached);
    this.#options.failpoint('before-commit');
  }

  #committed({ events }: Committed<void, ExecutionJournalEvent>, outputs: readonly ExecutionOutput[]): void {
    const { failpoint, journal } = this.#options;
    this.#reached = undefined;
    this.#committedNs = journal.nowNs();
    failpoint('after-commit');
    for (const event of events) this.#effects.publish(this.log.record(event));
    failpoint('after-publish');
    for (const output of outputs) if (output.type === 'append') this.#effects.appended(output);
    this.#ask(outputs);
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

import { type Committed, type Journal, type JournalOptions, openJournal, type Transaction } from '@tickpath/journal';
import type { failpoints, StepRecorder } from '@tickpath/runtime';
import { type AnswerStore, JournalAnswers, JournalLog, type LogPosition } from '@tickpath/wire';
import {
  openRisk,
  type RiskConfig,
  type RiskInput,
  type RiskOutput,
  type RiskSnapshot,
  type RiskState,
  replayRisk,
  restoreRisk,
  snapshotOf,
  stepRisk,
} from './core/index.ts';
import {
  causationOf,
  fromJournal,
  orderStream,
  RISK_EVENTS,
  type RiskEvents,
  type RiskJournalEvent,
  streamOf,
  toJournal,
  traceparentOfEvent,
} from './journal-events.ts';

/** The name under which the journal keeps how far we have come in the execution log. */
const EXECUTION = 'execution';
const SNAPSHOT = { everyEvents: 20_000, everyMs: 600_000 } as const;
/** Nobody repeats a request after a day; its order would be refused as a duplicate even then. */
const RETENTION = { maxAnswerAgeMs: 86_400_000 } as const;
/** How long a step that nobody waits for waits for others to share its transaction: those of one order come together. */
const GATHER_MS = 1;
/** So many do not wait. */
const GATHER_STEPS = 256;

/** What is written with a step of the core, and what follows once it is committed. */
export interface Step {
  readonly input: RiskInput;
  readonly outputs: readonly RiskOutput[];
  /** How far the execution log has been applied with it. */
  readonly position?: LogPosition | undefined;
  /** Runs after followers have been told, before the answer leaves. */
  readonly committed?: () => void;
}

export interface DurableRiskOptions {
  readonly journal: Omit<JournalOptions<RiskEvents>, 'types' | 'snapshot'>;
  readonly limits: RiskConfig['limits'];
  /** A commit has failed: the state is ahead of the journal, so the process must end. */
  readonly onFatal: (error: unknown) => never;
  readonly failpoint: ReturnType<typeof failpoints>;
}

/** Told of events that are committed, in order. */
export type TellEvents = (events: readonly RiskJournalEvent[]) => void;

/**
 * The core and its journal. What steps of the core say is committed in one transaction, with what must not be parted
 * from it (the position in the execution log, the answer to a request), before anyone is told.
 */
export class DurableRisk {
  readonly state: RiskState;
  readonly log: JournalLog<RiskJournalEvent>;
  /** Where the responder commits the answers to `effectOf`. */
  readonly answers: AnswerStore;
  readonly #journal: Journal<RiskEvents>;
  readonly #options: DurableRiskOptions;
  #recorder: StepRecorder = { record: () => {}, close: () => {} };
  #tell: TellEvents = () => {};
  /** Not committed yet, in their order. */
  #steps: Step[] = [];
  /** Where they append. */
  readonly #streams = new Set<string>();
  #gathering: NodeJS.Timeout | undefined;

  private constructor(journal: Journal<RiskEvents>, state: RiskState, options: DurableRiskOptions) {
    this.#journal = journal;
    this.#options = options;
    this.state = state;
    this.log = new JournalLog({ source: 'risk', journal, traceparentOf: traceparentOfEvent });
    const answers = new JournalAnswers<Transaction<RiskEvents>, Committed<void, RiskJournalEvent>>(
      journal,
      (committed) => this.#committed(committed, true),
    );
    this.#transaction = () => answers.transaction;
    this.answers = {
      find: (requestId) => answers.find(requestId),
      commit: (requestId, answer, effect) =>
        this.#orDie(() => {
          answers.commit(requestId, answer, effect);
        }),
    };
  }

  readonly #transaction: () => Transaction<RiskEvents>;

  /** Opens the journal and takes up the state as it was. Rejects with a `JournalError`. */
  static async open(options: DurableRiskOptions): Promise<DurableRisk> {
    const journal = await openJournal<RiskEvents>({
      ...options.journal,
      types: RISK_EVENTS,
      snapshot: SNAPSHOT,
      retention: RETENTION,
    });
    try {
      const { uuid, generation } = journal.identity;
      const config: RiskConfig = { limits: options.limits, log: `${uuid}/${generation}` };
      let state = openRisk(config);
      await journal.recover({
        snapshot: (snapshot) => {
          state = restoreRisk(config, snapshot.state as RiskSnapshot);
        },
        event: (event) => replayRisk(state, fromJournal(event)),
      });
      const risk = new DurableRisk(journal, restoreRisk(config, snapshotOf(state)), options);
      journal.snapshotWhenDue(() => risk.#settledSnapshot());
      return risk;
    } catch (error) {
      await journal.close();
      throw error;
    }
  }

  /** How far the execution log had been applied. */
  get position(): LogPosition | undefined {
    return this.#journal.positionOf(EXECUTION);
  }

  /** Whether our log has an event of the order, or is about to have one. */
  isDecided(clOrdId: string): boolean {
    const stream = orderStream(clOrdId);
    return stream !== undefined && (this.#streams.has(stream) || this.#journal.versionOf(stream) > 0);
  }

  /** From now on `tell` is told of what is committed, and `recorder` of each step. */
  attach(recorder: StepRecorder, tell: TellEvents): void {
    this.#recorder = recorder;
    this.#tell = tell;
  }

  /** One step of the core, committed and told of when this returns. */
  step(input: RiskInput): void {
    this.commit({ input, outputs: stepRisk(this.state, input) });
  }

  /** Commits a step that nobody waits for an answer to, and all steps before it, unless it has led to nothing. */
  commit(step: Step): void {
    if (this.#take(step)) this.settle();
  }

  /**
   * As `commit`, in the next moment, or with the next step that is committed. The state is ahead of the journal until
   * then: who answers from both has to `settle`. After a death the log that is followed says it again.
   */
  gather(step: Step): void {
    if (!this.#take(step)) return;
    if (this.#steps.length >= GATHER_STEPS) this.settle();
    else this.#gathering ??= setTimeout(() => this.settle(), GATHER_MS);
  }

  /** Commits the steps that wait for it; they have been told of when this returns. */
  settle(): void {
    if (this.#steps.length === 0) return;
    const committed = this.#orDie(() => this.#journal.transact((transaction) => this.#write(transaction)));
    this.#committed(committed, false);
  }

  /** What the responder commits a step by, together with its answer and all steps before it. */
  effectOf(step: Step): () => void {
    this.#recorder.record(step.input, step.outputs);
    return () => {
      this.#steps.push(step);
      this.#write(this.#transaction());
      this.#options.failpoint('before-commit');
    };
  }

  /** A step for whose answer nothing has to be kept. */
  unchanged({ input, outputs, committed }: Step): void {
    this.#recorder.record(input, outputs);
    committed?.();
  }

  /** True if it has to be committed. */
  #take(step: Step): boolean {
    this.#recorder.record(step.input, step.outputs);
    if (step.outputs.length === 0) return false;
    this.#steps.push(step);
    for (const output of step.outputs) if (output.type === 'append') this.#streams.add(streamOf(output));
    return true;
  }

  #write(transaction: Transaction<RiskEvents>): void {
    for (const step of this.#steps) write(transaction, step);
    if (this.#steps.some(applies)) this.#options.failpoint('before-apply-commit');
  }

  #committed({ events }: Committed<void, RiskJournalEvent>, isAnswer: boolean): void {
    const { failpoint } = this.#options;
    const steps = this.#steps;
    this.#steps = [];
    this.#streams.clear();
    clearTimeout(this.#gathering);
    this.#gathering = undefined;
    if (steps.some(applies)) failpoint('after-apply-commit');
    if (isAnswer) failpoint('after-commit');
    this.#tell(events);
    if (isAnswer) failpoint('after-publish');
    for (const step of steps) step.committed?.();
  }

  /** A snapshot has every event of the state that is in it. */
  #settledSnapshot(): RiskSnapshot {
    this.settle();
    return snapshotOf(this.state);
  }

  #orDie<R>(work: () => R): R {
    try {
      return work();
    } catch (error) {
      return this.#options.onFatal(error);
    }
  }

  /** Commits what waits for it, and flushes; takes the disk's time. */
  async close(): Promise<void> {
    this.settle();
    this.#recorder.close();
    await this.#journal.close();
  }
}

function applies({ input }: Step): boolean {
  return input.type === 'execution';
}

function write(transaction: Transaction<RiskEvents>, { input, outputs, position }: Step): void {
  const causation = causeOf(input);
  for (const output of outputs) {
    if (output.type === 'append') transaction.append(streamOf(output), [toJournal(output, causation)], 'any');
  }
  if (position !== undefined) transaction.position(EXECUTION, position);
}

function causeOf(input: RiskInput): string | null {
  if (input.type === 'check') return input.intent.cause;
  return input.type === 'execution' ? causationOf({ ...input.log, seq: input.event.seq }) : null;
}

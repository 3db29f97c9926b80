import { EMPTY_FOLD, type Fold, folded, type PlannedEvent, plannedEvents, type Workload } from './workload.ts';

export interface ExpectedEvent extends PlannedEvent {
  readonly seq: number;
  readonly version: number;
}

/** A transaction as it must lie in the log: all of it, at these numbers. */
interface ExpectedTransaction {
  readonly number: number;
  readonly firstSeq: number;
  readonly lastSeq: number;
  /** Of everything up to its end. */
  readonly fold: Fold;
}

/** The naive log: every transaction of a workload after the other. Grows as it is asked; forgets what was compacted. */
export class ExpectedLog {
  readonly #workload: Workload;
  readonly #versions = new Map<string, number>();
  #events: ExpectedEvent[] = [];
  #transactions: ExpectedTransaction[] = [];
  #lastNumber = 0;
  #lastSeq = 0;
  #fold: Fold = EMPTY_FOLD;

  constructor(workload: Workload) {
    this.#workload = workload;
  }

  event(seq: number): ExpectedEvent | undefined {
    this.#growTo(seq);
    return this.#events[seq - (this.#events[0]?.seq ?? 1)];
  }

  /** The transaction that ends with this event; undefined if it ends none, so that the log breaks off within one. */
  endingAt(seq: number): ExpectedTransaction | undefined {
    if (seq === 0) return { number: 0, firstSeq: 0, lastSeq: 0, fold: EMPTY_FOLD };
    this.#growTo(seq);
    return this.#transactions.findLast(({ lastSeq }) => lastSeq === seq);
  }

  forgetBelow(firstSeq: number): void {
    this.#events = this.#events.filter(({ seq }) => seq >= firstSeq);
    this.#transactions = this.#transactions.filter(({ lastSeq }) => lastSeq >= firstSeq);
  }

  #growTo(seq: number): void {
    while (this.#lastSeq < seq) {
      this.#lastNumber += 1;
      const firstSeq = this.#lastSeq + 1;
      for (const planned of plannedEvents(this.#workload, this.#lastNumber)) {
        this.#lastSeq += 1;
        const version = (this.#versions.get(planned.stream) ?? 0) + 1;
        this.#versions.set(planned.stream, version);
        this.#fold = folded(this.#fold, planned);
        this.#events.push({ ...planned, seq: this.#lastSeq, version });
      }
      this.#transactions.push({ number: this.#lastNumber, firstSeq, lastSeq: this.#lastSeq, fold: this.#fold });
    }
  }
}

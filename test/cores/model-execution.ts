import assert from 'node:assert/strict';
import {
  type ExecutionInput,
  type ExecutionOutput,
  type ExecutionSnapshot,
  type ExecutionState,
  replayExecution,
  restoreExecution,
  snapshotOf,
  stepExecution,
} from '@tickpath/execution/core';

/** Nothing takes longer on its way than half of this, and a call is given up before it. */
const MAX_IN_FLIGHT_NS = 1_000n;

export type ExecutionAppend = Extract<ExecutionOutput, { type: 'append' }>;

export interface ExecutionLog {
  readonly uuid: string;
  readonly generation: number;
  readonly events: ExecutionAppend[];
}

/** Where a process dies in a step that writes an order. */
export type Death = 'before the call' | 'after the call';

/** The process has died in a step of which nothing was committed. */
export class Died extends Error {
  /** What got out before. */
  readonly outputs: readonly ExecutionOutput[];

  constructor(outputs: readonly ExecutionOutput[]) {
    super('execution has died');
    this.outputs = outputs;
  }
}

/** The core of execution with its log and its place in the risk log, which outlive every restart of it. */
export class ModelExecution {
  #log: ExecutionLog = { uuid: 'execution', generation: 1, events: [] };
  /** Events of the risk log that have been read, and of those how many the journal knows of. */
  #reached: number | undefined;
  #kept: number | undefined;
  #decided = new Set<string>();
  #snapshot: { readonly state: ExecutionSnapshot; readonly seq: number } | undefined;
  #state!: ExecutionState;

  constructor(nowNs: bigint) {
    this.#recover(nowNs);
  }

  /** Another object after each loss of its end. */
  get log(): ExecutionLog {
    return this.#log;
  }

  get state(): ExecutionState {
    return this.#state;
  }

  /** Where to go on in the risk log after a start; undefined if it has never been followed. */
  get position(): number | undefined {
    return this.#kept;
  }

  isDecided(clOrdId: string): boolean {
    return this.#decided.has(clOrdId);
  }

  /** So much of the risk log has been read; it is kept with what is appended next. */
  reached(seq: number): void {
    this.#reached = seq;
  }

  /** What it appends is in the log when this returns. A step that writes an order may be one in which it dies. */
  step(input: ExecutionInput, death?: Death): readonly ExecutionOutput[] {
    const outputs = stepExecution(this.#state, input);
    const submissions = outputs.filter(({ type }) => type === 'submit');
    if (death !== undefined && submissions.length > 0) throw new Died(death === 'after the call' ? submissions : []);
    this.#append(outputs.filter((output) => output.type === 'append'));
    assert.equal(this.#state.halted, undefined);
    return outputs;
  }

  takeSnapshot(): void {
    this.#snapshot = { state: JSON.parse(JSON.stringify(snapshotOf(this.#state))), seq: this.#log.events.length };
  }

  /** Dies and comes back: nothing that was committed is lost, and nothing else is kept. */
  restart(nowNs: bigint): void {
    this.#recover(nowNs);
  }

  /** What the log says is what the state was before. */
  checkRecovery(): void {
    const { state, seq } = this.#snapshot ?? { state: undefined, seq: 0 };
    const recovered = restoreExecution(this.#state.config, state);
    for (const event of this.#log.events.slice(seq)) replayExecution(recovered, event);
    assert.deepEqual(snapshotOf(recovered), snapshotOf(this.#state));
  }

  /** The machine dies: the last events are gone, and those who read them may know of them. */
  loseEnd(events: number, nowNs: bigint): void {
    const left = this.#log.events.slice(0, Math.max(0, this.#log.events.length - events));
    this.#log = { uuid: this.#log.uuid, generation: this.#log.generation + 1, events: left };
    this.#decided = new Set(left.flatMap(clOrdIdOf));
    if (this.#snapshot !== undefined && this.#snapshot.seq > left.length) this.#snapshot = undefined;
    // The place in the risk log is lost with the events it was kept with.
    this.#kept = undefined;
    this.#recover(nowNs);
  }

  #recover(startedNs: bigint): void {
    const { uuid, generation } = this.#log;
    const config = { uuid, generation, prefix: 'tp', maxInFlightNs: MAX_IN_FLIGHT_NS, startedNs };
    const { state, seq } = this.#snapshot ?? { state: undefined, seq: 0 };
    this.#state = restoreExecution(config, state);
    for (const event of this.#log.events.slice(seq)) replayExecution(this.#state, event);
    this.#reached = this.#kept;
    this.step({ type: 'started' });
  }

  #append(appends: readonly ExecutionAppend[]): void {
    if (appends.length === 0) return;
    for (const append of appends) {
      this.#log.events.push(append);
      for (const clOrdId of clOrdIdOf(append)) this.#decided.add(clOrdId);
    }
    this.#kept = this.#reached;
  }
}

function clOrdIdOf({ payload }: ExecutionAppend): string[] {
  return 'clOrdId' in payload ? [payload.clOrdId] : [];
}

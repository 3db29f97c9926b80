import { seededNumbers, wholeNumber } from './seeded.ts';

/** What the writer appends, and what a reader must find: a pure function of the seed and the transaction's number. */
export interface PlannedEvent {
  readonly stream: string;
  readonly type: 'StepTaken' | 'StepNoted';
  readonly payload: StepPayload;
}

/** An event says which transaction made it and how many are in it, so that half of one shows. */
export interface StepPayload {
  readonly transaction: number;
  readonly index: number;
  readonly count: number;
  readonly filler: string;
}

export interface Workload {
  readonly seed: number;
  /** Longest filler of an event in characters. */
  readonly fillerChars: number;
}

const STREAMS = ['orders', 'account/1', 'account/2', 'quoted "stream"', 'strömung'];
const MOST_EVENTS = 6;
const STRIDE = 0x9e37_79b1;

/** The events of transaction `number` (1, 2, …), in the order in which they are appended. */
export function plannedEvents({ seed, fillerChars }: Workload, number: number): PlannedEvent[] {
  const random = seededNumbers(seed ^ Math.imul(number, STRIDE));
  const count = wholeNumber(random, 1, MOST_EVENTS);
  const first = wholeNumber(random, 0, STREAMS.length - 1);
  const streams = wholeNumber(random, 1, 3);
  return Array.from({ length: count }, (_, index) => ({
    // Whole runs of one stream, since a transaction appends to each of its streams once.
    stream: STREAMS[(first + Math.floor((index * streams) / count)) % STREAMS.length] ?? '',
    type: random() < 0.5 ? 'StepTaken' : 'StepNoted',
    payload: { transaction: number, index, count, filler: filler(random, wholeNumber(random, 0, fillerChars)) },
  }));
}

/** What the request of a transaction was answered with. */
export function plannedAnswer({ seed }: Workload, number: number): { readonly text: string } {
  return { text: `answer ${number} of ${seed} ü` };
}

/** A state that depends on every event before it, in order: what snapshot and tail together must give. */
export interface Fold {
  readonly events: number;
  readonly digest: number;
}

export const EMPTY_FOLD: Fold = { events: 0, digest: 0 };

export function folded({ events, digest }: Fold, { payload }: { readonly payload: StepPayload }): Fold {
  const word = payload.transaction * 31 + payload.index * 7 + payload.filler.length;
  return { events: events + 1, digest: (Math.imul(digest, 0x0100_0193) ^ word) >>> 0 };
}

function filler(random: () => number, length: number): string {
  const letter = () => String.fromCharCode(wholeNumber(random, 32, 126));
  // One random stretch, repeated: cheap to make, and no two transactions alike.
  const stretch = Array.from({ length: Math.min(length, 24) }, letter).join('');
  return stretch.repeat(Math.ceil(length / Math.max(1, stretch.length))).slice(0, length);
}

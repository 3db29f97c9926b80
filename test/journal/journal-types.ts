import type { EventTypes } from '@tickpath/journal';
import type { StepPayload } from './workload.ts';

/** What the journals of these tests hold. A type, since an interface has no index. */
export type StepEvents = {
  readonly StepTaken: StepPayload;
  readonly StepNoted: StepPayload;
};

export const EVENT_TYPES: EventTypes<StepEvents> = { StepTaken: { schema: 1 }, StepNoted: { schema: 1 } };

/** Who keeps its position in the writer's transactions: the number of the last one. */
export const FOLLOWER = 'writer';

export function requestIdOf(transaction: number): string {
  return `request-${transaction}`;
}

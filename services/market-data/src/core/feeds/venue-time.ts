import type { SourcedTime, TimeSource } from './protocol.ts';

/** The time that a venue's messages have told, for those that bear none. */
export interface VenueTime {
  /** A message told the time. */
  seen(venueTsNs: bigint): void;
  /**
   * The time told last, or before there is one that of our own clock. Not the newest: after one message with a wrong
   * time far ahead all the others would have it for ever.
   */
  now(): SourcedTime;
}

export function createVenueTime(nowNs: () => bigint): VenueTime {
  let lastNs: bigint | undefined;
  return {
    seen(venueTsNs) {
      lastNs = venueTsNs;
    },
    now: () => (lastNs === undefined ? timeOf(nowNs(), 'receipt') : timeOf(lastNs, 'inferred')),
  };
}

export function timeOf(venueTsNs: bigint, venueTsSource: TimeSource): SourcedTime {
  return { venueTsNs, venueTsSource };
}

/** The source as it is published: null when the message told its time itself. */
export function publishedSource(source: TimeSource): 'inferred' | 'receipt' | null {
  return source === 'venue' ? null : source;
}

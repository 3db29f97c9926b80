import { EventEmitter } from 'node:events';

/** How many connections each key has to each endpoint. */
export interface ConnectionPlaces {
  /** True when no further one may come in. */
  isFull(place: string): boolean;
  take(place: string): void;
  leave(place: string): void;
}

/** `limit` connections a place; 0 is no limit. */
export function createConnectionPlaces(limit: number): ConnectionPlaces {
  const taken = new Map<string, number>();
  return {
    isFull: (place) => limit > 0 && (taken.get(place) ?? 0) >= limit,
    take: (place) => void taken.set(place, (taken.get(place) ?? 0) + 1),
    leave(place) {
      const left = (taken.get(place) ?? 1) - 1;
      if (left > 0) taken.set(place, left);
      else taken.delete(place);
    },
  };
}

/** Lets somebody wait for the next of many changes. */
export interface ChangeSignal {
  notify(): void;
  /** Resolves at the next change; rejects when the signal aborts. */
  next(signal: AbortSignal): Promise<void>;
}

export function createChangeSignal(): ChangeSignal {
  const changes = new EventEmitter().setMaxListeners(0);
  return {
    notify: () => void changes.emit('change'),
    next: (signal) =>
      new Promise((resolve, reject) => {
        const done = () => {
          changes.off('change', done);
          signal.removeEventListener('abort', aborted);
          resolve();
        };
        const aborted = () => {
          changes.off('change', done);
          reject(signal.reason);
        };
        if (signal.aborted) return aborted();
        changes.once('change', done);
        signal.addEventListener('abort', aborted, { once: true });
      }),
  };
}

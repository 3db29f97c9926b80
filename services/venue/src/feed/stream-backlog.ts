import type { MarketStatus, SourceEvent } from '../core/market/event.ts';

/** An event of the market; `isTold` where clients hear of it, and not the exchange alone. */
export interface Waiting {
  readonly event: SourceEvent;
  readonly isTold: boolean;
}

/** What was dropped of a backlog: how much of it clients would have heard of, by kind, and what of it still has to happen. */
export interface Spilled {
  readonly counts: ReadonlyMap<SourceEvent['kind'], number>;
  /** The last halt or resumption of each symbol: it holds, whatever else is forgotten. */
  readonly statuses: readonly MarketStatus[];
}

/** What has come of a stream and has not been played, in the order in which it came. */
export interface StreamBacklog {
  length(): number;
  push(event: SourceEvent, isTold: boolean): void;
  /** Takes out the oldest, at most `limit` of them. */
  next(limit: number): readonly Waiting[];
  /** Drops everything. */
  spill(): Spilled;
}

export function createStreamBacklog(): StreamBacklog {
  let waiting: Waiting[] = [];
  /** Place of the oldest: those before it are taken. */
  let head = 0;

  return {
    length: () => waiting.length - head,
    push: (event, isTold) => void waiting.push({ event, isTold }),
    next(limit) {
      const taken = waiting.slice(head, head + limit);
      head += taken.length;
      // What is taken goes when it is half of all, so that each is moved once on average.
      if (head * 2 >= waiting.length) {
        waiting = waiting.slice(head);
        head = 0;
      }
      return taken;
    },
    spill() {
      const counts = new Map<SourceEvent['kind'], number>();
      const statuses = new Map<string, MarketStatus>();
      for (const { event, isTold } of waiting.slice(head)) {
        if (!isTold) continue;
        counts.set(event.kind, (counts.get(event.kind) ?? 0) + 1);
        if (event.kind !== 'status' || event.effect === 'none') continue;
        statuses.set(event.instrument.symbol, event);
      }
      waiting = [];
      head = 0;
      return { counts, statuses: [...statuses.values()] };
    },
  };
}

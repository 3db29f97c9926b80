import type { BookFault, FeedOutput, FetchAnswer, VenueProtocol } from './protocol.ts';

/** A venue's protocol as what it does with each input; what follows from one it hands to `emit`. */
export interface ProtocolSteps {
  connected(): void;
  receive(frame: string): void;
  fetched(requestId: string, answer: FetchAnswer): void;
  subscribe(symbols: readonly string[]): void;
  clock(): void;
  resync(symbol: string, reason: BookFault): void;
  disconnected(): void;
}

/** The inputs of a protocol, one after the other: the time of the latest that bore one, and what the present one leads to. */
export interface Turns {
  nowNs(): bigint;
  emit(output: FeedOutput): void;
  protocolOf(steps: ProtocolSteps): VenueProtocol;
}

export function createTurns(): Turns {
  let nowNs = 0n;
  let isConnected = false;
  let out: FeedOutput[] = [];

  const run = (work: () => void): readonly FeedOutput[] => {
    out = [];
    work();
    return out;
  };
  const runAt = (tsNs: bigint, work: () => void): readonly FeedOutput[] => {
    nowNs = tsNs;
    return run(work);
  };

  return {
    nowNs: () => nowNs,
    emit: (output) => void out.push(output),
    protocolOf: (steps) => ({
      connected(tsNs) {
        isConnected = true;
        return runAt(tsNs, () => steps.connected());
      },
      // The one input that comes thousands of times a second: it is spared a function of its own.
      receive(frame, { receivedNs }) {
        nowNs = receivedNs;
        out = [];
        steps.receive(frame);
        return out;
      },
      fetched: (requestId, answer) => run(() => steps.fetched(requestId, answer)),
      subscribe: (symbols) => run(() => steps.subscribe(symbols)),
      clock: (tsNs) => runAt(tsNs, () => steps.clock()),
      resync: (symbol, reason) => run(() => steps.resync(symbol, reason)),
      disconnected() {
        // Of an attempt that failed there is nothing to lose, and nothing to tell again.
        if (!isConnected) return [];
        isConnected = false;
        return run(() => steps.disconnected());
      },
    }),
  };
}

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
      connected: (tsNs) => runAt(tsNs, () => steps.connected()),
      receive: (frame, { receivedNs }) => runAt(receivedNs, () => steps.receive(frame)),
      fetched: (requestId, answer) => run(() => steps.fetched(requestId, answer)),
      subscribe: (symbols) => run(() => steps.subscribe(symbols)),
      clock: (tsNs) => runAt(tsNs, () => steps.clock()),
      resync: (symbol, reason) => run(() => steps.resync(symbol, reason)),
      disconnected: () => run(() => steps.disconnected()),
    }),
  };
}

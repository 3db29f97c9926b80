import type { FeedOutput, FetchAnswer, FetchApi } from './protocol.ts';

/** REST requests of a protocol under way, and what is to be done with their answers. */
export interface Requests {
  /** `name` says in logs what the request is for. Returns the request's id. */
  ask(name: string, path: string, onAnswer: (answer: FetchAnswer) => void, api?: FetchApi): string;
  /** An answer; of a request not under way (any more) it is passed over. */
  answer(requestId: string, answer: FetchAnswer): void;
  forget(requestId: string | undefined): void;
}

export function createRequests(emit: (output: FeedOutput) => void): Requests {
  const underWay = new Map<string, (answer: FetchAnswer) => void>();
  let asked = 0;
  return {
    ask(name, path, onAnswer, api = 'data') {
      asked += 1;
      const requestId = `${name}#${asked}`;
      underWay.set(requestId, onAnswer);
      emit({ kind: 'fetch', requestId, api, path });
      return requestId;
    },
    answer(requestId, answer) {
      const onAnswer = underWay.get(requestId);
      underWay.delete(requestId);
      onAnswer?.(answer);
    },
    forget(requestId) {
      if (requestId !== undefined) underWay.delete(requestId);
    },
  };
}

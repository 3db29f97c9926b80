import { randomUUID } from 'node:crypto';
import type { Addresses, EndpointName, Logger } from '@tickpath/runtime';
import { LogFollower, Requester, type WireContext } from '@tickpath/wire';
import type { ArchivedLog } from './core/index.ts';
import type { LogArchive } from './log-archive.ts';

const REQUEST_TIMEOUT_MS = 1000;
/** Where the owner of each log publishes it, and where it answers `since`. */
const ENDPOINTS = {
  risk: { hints: 'riskLog', requests: 'riskRequests' },
  execution: { hints: 'executionLog', requests: 'executionRequests' },
} as const satisfies Record<ArchivedLog, { hints: EndpointName; requests: EndpointName }>;

export interface FollowLogOptions {
  readonly wire: WireContext;
  readonly addresses: Addresses;
  readonly archive: LogArchive;
  readonly heartbeatMs: number;
  readonly log: Logger;
}

export interface FollowedLog {
  /** Events that the owner has told of and that are not archived yet. */
  lag(): number;
  close(): void;
}

/** Archives all that a log has from where the archive ends, and then whatever comes, of any UUID and generation. */
export function followLog(name: ArchivedLog, options: FollowLogOptions): FollowedLog {
  const { wire, addresses, archive, heartbeatMs, log } = options;
  const { hints, requests } = ENDPOINTS[name];
  const connect = addresses.connect(requests);
  const requester = new Requester({ ...wire, server: name, connect, timeoutMs: REQUEST_TIMEOUT_MS, retries: 0 });
  const follower = new LogFollower({
    ...wire,
    name: 'store',
    server: name,
    hints: { type: 'sub', connect: addresses.connect(hints) },
    requester,
    newRequestId: randomUUID,
    from: archive.positionOf(name),
    heartbeatMs,
    apply: (event, position) => archive.take({ log: name, event, position }),
    onCaughtUp: ({ uuid, generation, seq }) =>
      log.info({ log: name, uuid, generation, seq }, `archived the log of ${name} up to ${seq}`),
    onNewLog: (known, stated) => {
      const archived = archive.placeOf(name, stated.uuid)?.generation ?? 0;
      const isRaised = known.uuid === stated.uuid && known.generation !== stated.generation;
      const same = isRaised ? `raised its generation to ${stated.generation}` : 'put back an older copy of its log';
      const what = known.uuid === stated.uuid ? same : 'begun another log';
      if (stated.generation >= archived) {
        log.warn({ log: name, known, stated }, `${name} has ${what}: it is archived from its first event`);
      } else {
        const text = `${name} states generation ${stated.generation} of a log of which ${archived} is archived`;
        log.error({ log: name, known, stated }, `${text}: nothing is archived until it is beyond that`);
      }
      return 'follow';
    },
    onCompacted: ({ uuid, generation, seq }, firstSeq) => {
      const text = `the log of ${name} begins with ${firstSeq}: the events from ${seq + 1} on have gone`;
      log.warn({ log: name, uuid, generation, seq, firstSeq }, text);
      archive.take({ log: name, position: { uuid, generation, seq: firstSeq - 1 }, missingFrom: seq + 1 });
      // Not from within: the follower notes what it told of only after this.
      queueMicrotask(() => follower.accept());
    },
    onSilence: (silent) => log.warn({ log: name }, silent ? `no heartbeat from ${name}` : `${name} is back`),
  });
  return {
    lag: () => follower.lag + archive.waiting(name),
    close: () => {
      follower.close();
      requester.close();
    },
  };
}

import { addresses, type EndpointName } from '@tickpath/runtime';
import { eventually, networkAt } from '@tickpath/testkit';
import {
  type Envelope,
  encodeEnvelope,
  failure,
  type LogIdentity,
  LogPublisher,
  type LogRecord,
  type LogSource,
  NO_METRICS,
  Responder,
} from '@tickpath/wire';

const HEARTBEAT_MS = 100;
const ENDPOINTS = {
  risk: { log: 'riskLog', requests: 'riskRequests' },
  execution: { log: 'executionLog', requests: 'executionRequests' },
} as const satisfies Record<string, { log: EndpointName; requests: EndpointName }>;

export type OwnerName = keyof typeof ENDPOINTS;

/** What an event of a script says: enough to tell it from every other. */
export interface Scripted {
  readonly clOrdId: string;
  readonly tsNs: bigint;
}

/** A log that a test writes, raises and shortens as it likes. */
export class ScriptedLog implements LogSource {
  readonly #source: OwnerName;
  #identity: LogIdentity;
  #events: Scripted[] = [];
  #firstSeq = 1;

  constructor(source: OwnerName, uuid: string) {
    this.#source = source;
    this.#identity = { uuid, generation: 1 };
  }

  get identity(): LogIdentity {
    return this.#identity;
  }

  get firstSeq(): number {
    return this.#firstSeq;
  }

  get lastSeq(): number {
    return this.#events.length;
  }

  get events(): readonly Scripted[] {
    return this.#events;
  }

  append(event: Scripted): LogRecord {
    this.#events.push(event);
    return this.#record(this.lastSeq);
  }

  /** As after an end of the machine that took the last events with it. */
  raise(lost: number): void {
    this.#events = this.#events.slice(0, this.lastSeq - lost);
    this.#identity = { ...this.#identity, generation: this.#identity.generation + 1 };
  }

  /** As retention does. */
  forgetBefore(seq: number): void {
    this.#firstSeq = seq;
  }

  since(after: number, maxBytes: number): readonly LogRecord[] {
    if (after + 1 < this.#firstSeq) return [];
    const records: LogRecord[] = [];
    let bytes = 0;
    for (let seq = after + 1; seq <= this.lastSeq && (records.length === 0 || bytes < maxBytes); seq += 1) {
      const record = this.#record(seq);
      bytes += record.bytes.length;
      records.push(record);
    }
    return records;
  }

  #record(seq: number): LogRecord {
    const { clOrdId, tsNs } = this.#events[seq - 1] as Scripted;
    const header = { source: this.#source, epoch: this.#identity.generation, seq, tsNs, traceparent: null };
    return { seq, bytes: encodeEnvelope('OrderRefused', header, { clOrdId, symbol: 'IBM', reason: 'scripted' }) };
  }
}

export interface ScriptedOwner {
  /** Appends an event and tells followers of it. */
  append(event: Scripted): void;
  close(): void;
}

/** Serves a log at the addresses of its owner, as risk and execution do. One that was just closed frees them soon. */
export function serveLog(name: OwnerName, log: ScriptedLog, portOffset: number): Promise<ScriptedOwner> {
  return eventually(`the addresses of ${name} are free`, async () => {
    try {
      return await openOwner(name, log, portOffset);
    } catch (error) {
      if ((error as { code?: unknown }).code !== 'ADDRESS_IN_USE') throw error;
      return undefined;
    }
  });
}

async function openOwner(name: OwnerName, log: ScriptedLog, portOffset: number): Promise<ScriptedOwner> {
  const at = addresses(networkAt(portOffset));
  const endpoints = ENDPOINTS[name];
  const nowNs = () => process.hrtime.bigint();
  const common = { source: name, nowNs, metrics: NO_METRICS };
  const pub = at.bind(endpoints.log);
  const publisher = await LogPublisher.open({
    ...common,
    log,
    bind: { pub },
    heartbeatMs: HEARTBEAT_MS,
    hintCapacity: 1000,
  });
  const handle = ({ kind, payload }: Envelope) =>
    kind === 'since'
      ? publisher.answerSince(payload as never)
      : failure('', 'BAD_REQUEST', `${kind} is not in the script`);
  try {
    const responder = await Responder.open({ ...common, epoch: 1, bind: at.bind(endpoints.requests), handle });
    return {
      append: (event) => publisher.hint(log.append(event)),
      close: () => {
        publisher.close();
        responder.close();
      },
    };
  } catch (error) {
    publisher.close();
    throw error;
  }
}

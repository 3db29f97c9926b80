import { Pull, Subscriber } from 'zeromq';
import { type DecodeFault, decodeFrame, type Envelope } from './envelope.ts';
import type { LogIdentity, LogPosition } from './log.ts';
import type { WireMetrics } from './metrics-port.ts';
import type { Requester } from './requester.ts';
import { messages } from './socket.ts';
import { HEARTBEAT_TOPIC, logTopic, logUuidOfTopic } from './topics.ts';

export interface LogFollowerOptions {
  readonly name: string;
  /** Where hints come from: the owner's PUB, or its PUSH. */
  readonly hints: { readonly type: 'sub' | 'pull'; readonly connect: string };
  readonly requester: Requester;
  readonly metrics: WireMetrics;
  readonly newRequestId: () => string;
  /** Where to go on, from the follower's own state; undefined when it has never followed. */
  readonly from: LogPosition | undefined;
  /** Called in log order, once each. Must not throw. `position` belongs in the same transaction as the effect. */
  readonly apply: (event: Envelope, position: LogPosition) => void;
  /** Called once, when everything up to the tail of the first answer has been applied. */
  readonly onCaughtUp: (tail: LogPosition) => void;
  /** The owner states another log than the one followed until now. Nothing more is applied. */
  readonly onUnknownLog: (known: LogIdentity, stated: LogIdentity) => void;
  /** The owner has been silent for three beats (true), or speaks again (false). */
  readonly onSilence: (silent: boolean) => void;
  readonly heartbeatMs: number;
}

const SINCE_BYTES = 256 * 1024;
const RETRY_MS = 100;

/**
 * Follows a log: `since(n)` is the truth, hints only make it quick. A hint is applied if it is the next event of the
 * log that the owner has stated in answer to this follower; anything else makes it fetch. Every event is applied once,
 * in order, or not at all: nothing is skipped.
 */
export class LogFollower {
  readonly #options: LogFollowerOptions;
  readonly #socket: Subscriber | Pull;
  readonly #silence: NodeJS.Timeout;
  #position: LogPosition | undefined;
  /** Stated by the owner since this follower started. */
  #stated: LogIdentity | undefined;
  #fetching = false;
  #wantsFetch = false;
  #caughtUp = false;
  #foreign = false;
  #closed = false;
  #heard = false;
  #missedBeats = 0;
  #silent = false;

  constructor(options: LogFollowerOptions) {
    this.#options = options;
    this.#position = options.from;
    if (options.hints.type === 'sub') {
      const sub = new Subscriber({ linger: 0 });
      sub.connect(options.hints.connect);
      sub.subscribe(logTopic(''), HEARTBEAT_TOPIC);
      this.#socket = sub;
    } else {
      this.#socket = new Pull({ linger: 0 });
      this.#socket.connect(options.hints.connect);
    }
    this.#silence = setInterval(() => this.#watch(), options.heartbeatMs);
    void this.#readHints();
    void this.#fetch();
  }

  close(): void {
    this.#closed = true;
    clearInterval(this.#silence);
    this.#socket.close();
  }

  async #readHints(): Promise<void> {
    let topic = '';
    const onEnvelope = (envelope: Envelope) => this.#hinted(topic, envelope);
    const onFault = (reason: DecodeFault) => this.#options.metrics.dropped(reason);
    for await (const [topicFrame, payload] of messages(this.#socket)) {
      if (topicFrame === undefined || payload === undefined) {
        this.#options.metrics.dropped('frames');
        continue;
      }
      this.#heard = true;
      topic = topicFrame.toString();
      decodeFrame(payload, onEnvelope, onFault);
    }
  }

  #hinted(topic: string, event: Envelope): void {
    if (this.#foreign || this.#stated === undefined) return;
    if (event.kind === 'logHeartbeat') {
      const { uuid, generation, lastSeq } = event.payload;
      const same = uuid === this.#stated.uuid && generation === this.#stated.generation;
      if (!same || lastSeq > (this.#position?.seq ?? 0)) void this.#fetch();
      return;
    }
    const position = this.#position;
    const current = logUuidOfTopic(topic) === this.#stated.uuid && event.epoch === this.#stated.generation;
    if (position === undefined || !current) return void this.#fetch();
    if (event.seq === position.seq + 1 && !this.#fetching) this.#apply(event);
    else if (event.seq > position.seq) void this.#fetch();
  }

  #apply(event: Envelope): void {
    const stated = this.#stated as LogIdentity;
    this.#position = { uuid: stated.uuid, generation: stated.generation, seq: event.seq };
    this.#options.apply(event, this.#position);
  }

  /** Asks the owner until everything it has is applied. One fetch at a time; a wish meanwhile makes one more round. */
  async #fetch(): Promise<void> {
    this.#wantsFetch = true;
    if (this.#fetching) return;
    this.#fetching = true;
    while (this.#wantsFetch && !this.#closed && !this.#foreign) {
      this.#wantsFetch = false;
      const complete = await this.#fetchOnce();
      if (!complete) this.#wantsFetch = true;
    }
    this.#fetching = false;
  }

  async #fetchOnce(): Promise<boolean> {
    const { requester, newRequestId } = this.#options;
    const after = this.#position?.seq ?? 0;
    const result = await requester.ask('since', { requestId: newRequestId(), after, maxBytes: SINCE_BYTES });
    if (this.#closed) return true;
    if (!result.ok || result.reply.kind !== 'sinceReply') {
      await new Promise((resolve) => setTimeout(resolve, RETRY_MS).unref());
      return false;
    }
    this.#heard = true;
    const { uuid, generation, lastSeq } = result.reply.payload;
    const known = this.#position;
    if (known !== undefined && (known.uuid !== uuid || known.generation !== generation)) {
      this.#foreign = true;
      this.#options.onUnknownLog(known, { uuid, generation });
      return true;
    }
    this.#stated = { uuid, generation };
    this.#position ??= { uuid, generation, seq: 0 };
    for (const event of result.attached) {
      if (event.seq === this.#position.seq + 1) this.#apply(event);
      else this.#options.metrics.dropped('log-order');
    }
    const complete = this.#position.seq >= lastSeq;
    if (complete && !this.#caughtUp) {
      this.#caughtUp = true;
      this.#options.onCaughtUp(this.#position);
    }
    return complete;
  }

  #watch(): void {
    this.#missedBeats = this.#heard ? 0 : this.#missedBeats + 1;
    this.#heard = false;
    const silent = this.#missedBeats >= 3;
    if (silent === this.#silent) return;
    this.#silent = silent;
    this.#options.onSilence(silent);
  }
}

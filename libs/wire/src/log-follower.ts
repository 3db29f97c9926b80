import { Pull, Subscriber } from 'zeromq';
import { type DecodeFault, decodeFrame, type Envelope } from './envelope.ts';
import type { LogIdentity, LogPosition } from './log.ts';
import type { WireMetrics } from './metrics-port.ts';
import type { Requester } from './requester.ts';
import { type ClientSecurity, clientOptionsOf } from './security.ts';
import { messages, SOCKET_LIMITS } from './socket.ts';
import { HEARTBEAT_TOPIC, logTopic, logUuidOfTopic } from './topics.ts';

/** With keys, `server` is the owner of the log. */
export type LogFollowerOptions = ClientSecurity & {
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
  /**
   * Called when everything up to the tail of the first answer has been applied: once a log, and again after each `onCut`
   * and when a log that had been left for one that was stopped at is stated again.
   */
  readonly onCaughtUp: (tail: LogPosition) => void;
  /**
   * The owner states another log, or another generation, than the one followed until now; or the same one, but with
   * fewer events than have been applied, as a copy that was put back has. Called before anything of it is applied, once
   * for each that is stated. With the answer `follow` it is followed from its first event, so `onCaughtUp` comes again;
   * with `stop` nothing is applied until `accept` is called or the known one is stated again, as each beat asks.
   * What the old one still had to say is not known.
   */
  readonly onNewLog: (known: LogIdentity, stated: LogIdentity) => 'follow' | 'stop';
  /**
   * The next event has gone from the log: retention did not wait for this follower. Nothing is applied until `accept`,
   * which goes on at the first event that was there when last asked; if that has gone meanwhile, this is called again.
   * With it left out the follower stands still for good and counts `log-compacted` as dropped.
   */
  readonly onCompacted?: (position: LogPosition, firstSeq: number) => void;
  /**
   * The connection for hints broke, as it does at once when the owner is killed, or `renew` was called: what the owner
   * has said since is not known until `onCaughtUp` comes again. With it left out, only silence tells.
   */
  readonly onCut?: () => void;
  /** No hint or heartbeat for three beats (true), or one again (false). */
  readonly onSilence: (silent: boolean) => void;
  readonly heartbeatMs: number;
};

const SINCE_BYTES = 256 * 1024;
const RETRY_MS = 100;
const SILENT_BEATS = 3;

/**
 * Follows a log: `since(n)` is the truth, hints only make it quick. A hint is applied if it is the next event of the
 * log that the owner has stated in answer to this follower; anything else makes it fetch. Every event is applied once,
 * in order, or not at all: nothing is skipped. After every three silent beats it takes a fresh socket for hints, and
 * fetches, so that hints are not needed at all.
 */
export class LogFollower {
  readonly #options: LogFollowerOptions;
  readonly #silence: NodeJS.Timeout;
  #socket: Subscriber | Pull;
  #position: LogPosition | undefined;
  /** Stated by the owner since this follower started. */
  #stated: LogIdentity | undefined;
  #fetching = false;
  #wantsFetch = false;
  #caughtUp = false;
  #cuts = 0;
  /** What the owner stated and the consumer did not take: nothing is applied meanwhile. */
  #refused: LogIdentity | undefined;
  #compactedTo: number | undefined;
  /** The last event that the owner has told of. */
  #tail = 0;
  #closed = false;
  #heard = false;
  #missedBeats = 0;
  #silent = false;

  constructor(options: LogFollowerOptions) {
    this.#options = options;
    this.#position = options.from;
    this.#socket = this.#openSocket();
    this.#silence = setInterval(() => this.#watch(), options.heartbeatMs);
    void this.#fetch();
  }

  /** Takes what was refused, or goes on behind what has gone. False if there is neither. */
  accept(): boolean {
    const { uuid, generation } = this.#refused ?? this.#position ?? {};
    const firstSeq = this.#refused === undefined ? this.#compactedTo : 1;
    if (uuid === undefined || generation === undefined || firstSeq === undefined) return false;
    this.#begin({ uuid, generation }, firstSeq - 1);
    void this.#fetch();
    return true;
  }

  /** Events that the owner has told of and that have not been applied. */
  get lag(): number {
    return Math.max(0, this.#tail - (this.#position?.seq ?? 0));
  }

  /**
   * Takes the connection for cut: `onCut` is called at once, and `onCaughtUp` again after an answer to what was asked
   * from now on. For a process that stood still: what it knew of the log is as old as that.
   */
  renew(): void {
    this.#cut(this.#socket);
  }

  close(): void {
    this.#closed = true;
    clearInterval(this.#silence);
    this.#socket.close();
  }

  #openSocket(): Subscriber | Pull {
    const { type, connect } = this.#options.hints;
    const socketOptions = { ...SOCKET_LIMITS, linger: 0, ...clientOptionsOf(this.#options) };
    const socket = type === 'sub' ? new Subscriber(socketOptions) : new Pull(socketOptions);
    if (this.#options.onCut !== undefined) socket.events.on('disconnect', () => this.#cut(socket));
    socket.connect(connect);
    if (socket instanceof Subscriber) socket.subscribe(logTopic(''), HEARTBEAT_TOPIC);
    void this.#readHints(socket);
    return socket;
  }

  #cut(socket: Subscriber | Pull): void {
    if (this.#closed || socket !== this.#socket) return;
    this.#cuts += 1;
    this.#caughtUp = false;
    this.#options.onCut?.();
    void this.#fetch();
  }

  async #readHints(socket: Subscriber | Pull): Promise<void> {
    let topic = '';
    // What an event leads to may close this follower: what is behind it in the message is for nobody any more.
    const onEnvelope = (envelope: Envelope) => {
      if (!this.#closed) this.#hinted(topic, envelope);
    };
    const onFault = (reason: DecodeFault) => this.#options.metrics.dropped(reason);
    for await (const [topicFrame, payload] of messages(socket)) {
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
    if (this.#refused !== undefined) {
      if (event.kind === 'logHeartbeat') void this.#fetch();
      return;
    }
    if (this.#stated === undefined) return;
    if (event.kind === 'logHeartbeat') {
      const { uuid, generation, lastSeq } = event.payload;
      const same = uuid === this.#stated.uuid && generation === this.#stated.generation;
      if (same) this.#tail = lastSeq;
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
    while (this.#wantsFetch && !this.#closed) {
      this.#wantsFetch = false;
      const complete = await this.#fetchOnce();
      if (!complete) this.#wantsFetch = true;
    }
    this.#fetching = false;
  }

  async #fetchOnce(): Promise<boolean> {
    const { requester, newRequestId } = this.#options;
    const cuts = this.#cuts;
    const after = this.#position?.seq ?? 0;
    const maxBytes = this.#refused === undefined ? SINCE_BYTES : 0;
    const result = await requester.ask('since', { requestId: newRequestId(), after, maxBytes });
    if (this.#closed) return true;
    if (!result.ok || result.reply.kind !== 'sinceReply') {
      await new Promise((resolve) => setTimeout(resolve, RETRY_MS).unref());
      return false;
    }
    const { uuid, generation, lastSeq, firstSeq } = result.reply.payload;
    const stated = { uuid, generation };
    this.#position ??= { ...stated, seq: 0 };
    const goesOn = isSame(this.#position, stated) && this.#position.seq <= lastSeq;
    // What is attached begins where the known log was left.
    if (!goesOn || isSame(this.#refused, stated)) return !this.#takes(this.#position, stated);
    this.#refused = undefined;
    this.#stated = stated;
    this.#tail = lastSeq;
    if (this.#position.seq + 1 < firstSeq) return this.#standAt(this.#position, firstSeq);
    for (const event of result.attached) {
      if (this.#closed) return true;
      if (event.seq === this.#position.seq + 1) this.#apply(event);
      else this.#options.metrics.dropped('log-order');
    }
    // An answer from before the connection broke does not tell what the owner has now.
    const complete = this.#position.seq >= lastSeq && cuts === this.#cuts;
    if (complete && !this.#caughtUp) {
      this.#caughtUp = true;
      this.#options.onCaughtUp(this.#position);
    }
    return complete;
  }

  /** Whether the log that is stated now is to be followed. */
  #takes(known: LogIdentity, stated: LogIdentity): boolean {
    if (isSame(this.#refused, stated)) return false;
    if (this.#options.onNewLog(known, stated) === 'follow') {
      this.#begin(stated, 0);
      return true;
    }
    this.#refused = stated;
    this.#caughtUp = false;
    return false;
  }

  #begin(stated: LogIdentity, seq: number): void {
    this.#stated = stated;
    this.#position = { ...stated, seq };
    this.#caughtUp = false;
    this.#refused = undefined;
    this.#compactedTo = undefined;
  }

  /** True: there is nothing more to fetch. */
  #standAt(position: LogPosition, firstSeq: number): true {
    const isNews = this.#compactedTo === undefined;
    this.#compactedTo = firstSeq;
    this.#caughtUp = false;
    if (!isNews) return true;
    if (this.#options.onCompacted === undefined) this.#options.metrics.dropped('log-compacted');
    else this.#options.onCompacted(position, firstSeq);
    return true;
  }

  #watch(): void {
    this.#missedBeats = this.#heard ? 0 : this.#missedBeats + 1;
    this.#heard = false;
    if (this.#missedBeats > 0 && this.#missedBeats % SILENT_BEATS === 0) this.#reopen();
    const silent = this.#missedBeats >= SILENT_BEATS;
    if (silent === this.#silent) return;
    this.#silent = silent;
    this.#options.onSilence(silent);
  }

  /** A socket that was refused, or cut off unseen, stays silent for ever: a fresh one does not. */
  #reopen(): void {
    this.#options.metrics.reconnected('log');
    this.#socket.close();
    this.#socket = this.#openSocket();
    void this.#fetch();
  }
}

function isSame(one: LogIdentity | undefined, other: LogIdentity): boolean {
  return one !== undefined && one.uuid === other.uuid && one.generation === other.generation;
}

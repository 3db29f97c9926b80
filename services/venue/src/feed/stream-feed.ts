import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Instrument } from '@tickpath/trading';
import { type Envelope, type LossReason, symbolOfTopic, venueSymbolOf } from '@tickpath/wire';
import { isSymbol, type SourceEvent } from '../core/market/event.ts';
import {
  eventOfStream,
  forgettingOf,
  judgeStream,
  openStreamSymbol,
  type StreamSymbol,
} from '../core/market/stream-events.ts';
import { type Feed, type FeedOptions, play, type StreamPosition, tellTime } from './feed.ts';
import { createStreamBacklog, type Waiting } from './stream-backlog.ts';
import { createWaker } from './waker.ts';

/** What a follower of market-data's stream tells. */
export interface StreamListener {
  readonly deliver: (topic: string, envelope: Envelope) => void;
  readonly onRebase: (topic: string, envelope: Envelope | null, lastSeq: number) => void;
  readonly onLost: (topic: string, from: number, to: number | null, reason: LossReason) => void;
  readonly onRun: (run: string) => void;
  readonly onSilence: (silent: boolean) => void;
}

export interface StreamSource {
  readonly instrumentOf: (symbol: string) => Instrument;
  /** Follows from now on, until it is closed. */
  readonly follow: (listener: StreamListener) => { close(): void };
  /** Events that may wait to be played: when there are more, all are dropped, and what was shown is forgotten. */
  readonly maxWaiting: number;
  readonly log: { warn(fields: object, message: string): void; info(fields: object, message: string): void };
}

/** What has come of the stream so far. */
export interface StreamStats {
  run: string | null;
  isSilent: boolean;
  /** Messages that show something of the market. */
  received: number;
  /** Ranges of the stream that are gone. */
  lost: number;
  /** Messages with amounts that the instrument's units do not hold. */
  unshowable: number;
  /** Events that were dropped, because more came than can be played. */
  dropped: number;
  /** Events that wait to be played. */
  readonly waiting: number;
}

const LONGEST_WAIT_NS = 60_000_000_000n;
/** A stream cannot be gone back to: every start is a new run. */
const POSITION: StreamPosition = { kind: 'stream' };
/** Kinds of bars, which the venue makes of the trades itself. */
const BAR_TOPIC = '/bar.';
const DATA_TOPIC = '/data';

/**
 * Shows what market-data publishes. What a symbol has shown is forgotten when something of its stream is lost, when
 * market-data says that its data is not valid, falls silent or begins another run, and when more comes than can be
 * played: nothing fills at a price that may be old. It is known again when it is shown anew, a book when it is shown
 * whole; while its data is not valid, nothing is.
 */
export function createStreamFeed(
  { instrumentOf, follow, maxWaiting, log }: StreamSource,
  options: FeedOptions,
): Feed & { readonly stats: Readonly<StreamStats> } {
  const { clock, exchange, market, metrics, frameLimit, slowClientBytes } = options;
  const waker = createWaker();
  const symbols = new Map<string, StreamSymbol>();
  const backlog = createStreamBacklog();
  const stats: StreamStats = {
    ...{ run: null, isSilent: false, received: 0, lost: 0, unshowable: 0, dropped: 0 },
    get waiting() {
      return backlog.length();
    },
  };
  const unshowable = new Set<string>();

  const symbolOf = (symbol: string): StreamSymbol | undefined => {
    const known = symbols.get(symbol);
    if (known !== undefined) return known;
    const name = venueSymbolOf(symbol);
    if (!isSymbol(name)) return undefined;
    const opened = openStreamSymbol(instrumentOf(name));
    symbols.set(symbol, opened);
    return opened;
  };

  const show = (event: SourceEvent | undefined, isTold = true): void => {
    if (event === undefined) return;
    backlog.push(event, isTold);
    waker.wake();
  };

  const forget = (known: StreamSymbol): void => show(forgettingOf(known, clock.nowNs()), false);

  const forgetAll = (): void => {
    for (const known of symbols.values()) forget(known);
  };

  /** Prices that have waited behind so many others are old: none of them is played, and what they would change is gone. */
  const makeRoom = (): void => {
    const waited = backlog.length();
    if (waited < maxWaiting) return;
    const { counts, statuses } = backlog.spill();
    for (const [kind, count] of counts) {
      stats.dropped += count;
      metrics.dropped(kind, count);
    }
    for (const status of statuses) show(status);
    forgetAll();
    log.warn(
      { counts: Object.fromEntries(counts) },
      `${waited} events wait to be played, allowed are ${maxWaiting}: they are dropped, and what was shown is forgotten`,
    );
  };

  /** A message that cannot be shown leaves what it would have replaced, so that is forgotten. */
  const refuse = (symbol: string, known: StreamSymbol, error: RangeError): void => {
    stats.unshowable += 1;
    forget(known);
    if (unshowable.has(symbol)) return;
    unshowable.add(symbol);
    log.warn({ symbol, err: error }, `${symbol} is not shown: ${error.message}`);
  };

  const deliver = (topic: string, envelope: Envelope): void => {
    const symbol = symbolOfTopic(topic);
    if (symbol === undefined) return;
    const { kind } = envelope;
    if (kind === 'dataState') return judge(symbol, envelope.payload.valid);
    if (kind !== 'trade' && kind !== 'quote' && kind !== 'book' && kind !== 'status') return;
    const known = symbolOf(symbol);
    if (known === undefined) return;
    stats.received += 1;
    // First, since what an event is depends on what is known.
    makeRoom();
    try {
      show(eventOfStream(known, envelope, clock.nowNs()));
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      refuse(symbol, known, error);
    }
  };

  const judge = (symbol: string, isValid: boolean): void => {
    const known = symbolOf(symbol);
    if (known === undefined) return;
    makeRoom();
    show(judgeStream(known, isValid, clock.nowNs()), false);
  };

  const listener: StreamListener = {
    deliver,
    // What was shown before we came may be old; whether the data is valid still holds.
    onRebase(topic, envelope) {
      if (envelope?.kind === 'dataState' || envelope?.kind === 'status') deliver(topic, envelope);
    },
    onLost(topic, from, to, reason) {
      const symbol = symbolOfTopic(topic);
      if (symbol === undefined || topic.includes(BAR_TOPIC)) return;
      stats.lost += 1;
      log.warn({ topic, from, to, reason }, `lost ${topic} from ${from} to ${to ?? 'the end of its epoch'}`);
      // What was said of the data may have been that it is not valid: it counts as that until the next word.
      if (topic.endsWith(DATA_TOPIC)) return judge(symbol, false);
      const known = symbols.get(symbol);
      if (known === undefined) return;
      makeRoom();
      forget(known);
    },
    onRun(run) {
      log.info({ run }, `follows run ${run}`);
      if (stats.run !== null) forgetAll();
      stats.run = run;
    },
    onSilence(silent) {
      stats.isSilent = silent;
      log.warn({}, silent ? 'no beat from market-data: what it showed is forgotten' : 'market-data is back');
      if (silent) forgetAll();
    },
  };

  const waitNs = (): bigint => {
    const dueNs = exchange.nextDueNs();
    return dueNs === null ? LONGEST_WAIT_NS : dueNs - clock.nowNs();
  };

  const playNext = (next: readonly Waiting[]): void => {
    let told: SourceEvent[] = [];
    const tell = () => {
      if (told.length > 0) play(told, options);
      told = [];
    };
    for (const { event, isTold } of next) {
      if (isTold) {
        told.push(event);
        continue;
      }
      tell();
      exchange.onMarket(event);
    }
    tell();
  };

  const playOn = async (signal: AbortSignal): Promise<void> => {
    while (!signal.aborted) {
      const next = backlog.next(frameLimit);
      playNext(next);
      tellTime(clock.nowNs(), options);
      if (next.length === 0) {
        await waker.sleepNs(waitNs(), signal);
        continue;
      }
      market.closeSlow(slowClientBytes);
      await nextTurn();
    }
  };

  return {
    stats,
    nowNs: () => clock.nowNs(),
    state: () => (stats.run === null ? 'waiting' : 'playing'),
    position: () => POSITION,
    tape: null,
    async run(signal) {
      const unlisten = exchange.listen(() => waker.wake());
      const follower = follow(listener);
      try {
        await playOn(signal);
      } catch (error) {
        if (!signal.aborted) throw error;
      } finally {
        follower.close();
        unlisten();
      }
    },
  };
}

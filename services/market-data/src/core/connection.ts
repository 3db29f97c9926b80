/** States of a feed's connection; metric labels. `reconnecting`: waiting until it dials again. */
export const FEED_STATES = ['disconnected', 'connecting', 'authenticated', 'subscribed', 'reconnecting'] as const;
export type FeedState = (typeof FEED_STATES)[number];

export interface ConnectionOptions {
  /** Shortest and longest wait before dialling again. */
  readonly backoffFirstMs: number;
  readonly backoffLastMs: number;
  /** A connection that was subscribed this long has worked: the next wait is the shortest again. */
  readonly stableMs: number;
  /** From dialling to authenticated. */
  readonly handshakeMs: number;
  /** Silence after which a ping is sent, and silence after which the connection counts as half-open and is closed. */
  readonly pingMs: number;
  readonly idleMs: number;
}

export type ConnectionInput =
  | { readonly type: 'start' }
  | { readonly type: 'opened' }
  | { readonly type: 'authenticated' }
  | { readonly type: 'subscribed' }
  /** Anything that came over the socket: a message, a ping, a pong. */
  | { readonly type: 'traffic' }
  /** A paused reader hears nothing, so its silence says nothing. */
  | { readonly type: 'paused'; readonly paused: boolean }
  /** The socket has been closed, by whomever; `random` is in [0, 1). */
  | { readonly type: 'closed'; readonly random: number }
  /** The protocol asks for another connection. */
  | { readonly type: 'give-up'; readonly reason: string }
  | { readonly type: 'clock' }
  | { readonly type: 'stop' };

export type ConnectionOutput =
  | { readonly kind: 'state'; readonly state: FeedState }
  | { readonly kind: 'dial' }
  | { readonly kind: 'send-ping' }
  /** To be closed without waiting for the other side: it may be gone. */
  | { readonly kind: 'close'; readonly reason: string }
  /** To be called a moment later with `clock`; a `dial` follows then. */
  | { readonly kind: 'wait'; readonly ms: number };

/** Plain data; changed in place by `stepConnection`. */
export interface Connection {
  readonly options: ConnectionOptions;
  state: FeedState;
  failures: number;
  /** Monotonic ms. */
  changedMs: number;
  heardMs: number;
  pingedMs: number;
  dialAtMs: number;
  isOpen: boolean;
  isClosing: boolean;
  isPaused: boolean;
}

export function openConnection(options: ConnectionOptions): Connection {
  const times = { changedMs: 0, heardMs: 0, pingedMs: 0, dialAtMs: 0 };
  return { options, state: 'disconnected', failures: 0, ...times, isOpen: false, isClosing: false, isPaused: false };
}

/**
 * What is to be done about the connection after an input. A connection that fails is dialled again after a wait that
 * doubles at most from failure to failure, and is drawn at random between the shortest wait and that bound, so that
 * clients cut off together do not come back together.
 */
export function stepConnection(
  connection: Connection,
  input: ConnectionInput,
  nowMs: number,
): readonly ConnectionOutput[] {
  switch (input.type) {
    case 'start':
      return connection.state === 'disconnected' ? dial(connection, nowMs) : [];
    case 'opened':
      connection.isOpen = true;
      connection.heardMs = nowMs;
      connection.pingedMs = nowMs;
      return [];
    case 'authenticated':
      return connection.state === 'connecting' ? enter(connection, 'authenticated', nowMs) : [];
    case 'subscribed':
      return connection.state === 'authenticated' ? enter(connection, 'subscribed', nowMs) : [];
    case 'traffic':
      connection.heardMs = nowMs;
      return [];
    case 'paused':
      connection.isPaused = input.paused;
      connection.heardMs = nowMs;
      return [];
    case 'closed':
      return closed(connection, input.random, nowMs);
    case 'give-up':
      return close(connection, input.reason);
    case 'clock':
      return watch(connection, nowMs);
    case 'stop':
      return stop(connection, nowMs);
  }
}

function dial(connection: Connection, nowMs: number): ConnectionOutput[] {
  connection.isOpen = false;
  connection.isClosing = false;
  return [...enter(connection, 'connecting', nowMs), { kind: 'dial' }];
}

function enter(connection: Connection, state: FeedState, nowMs: number): ConnectionOutput[] {
  connection.state = state;
  connection.changedMs = nowMs;
  return [{ kind: 'state', state }];
}

function close(connection: Connection, reason: string): ConnectionOutput[] {
  const isUp = connection.state !== 'disconnected' && connection.state !== 'reconnecting';
  if (!isUp || connection.isClosing) return [];
  connection.isClosing = true;
  return [{ kind: 'close', reason }];
}

function closed(connection: Connection, random: number, nowMs: number): ConnectionOutput[] {
  const { state, options } = connection;
  if (state === 'disconnected' || state === 'reconnecting') return [];
  connection.isOpen = false;
  connection.isClosing = false;
  if (state === 'subscribed' && nowMs - connection.changedMs >= options.stableMs) connection.failures = 0;
  const { backoffFirstMs: first, backoffLastMs: last } = options;
  const bound = Math.min(last, first * 2 ** (connection.failures + 1));
  const ms = first + random * Math.max(0, bound - first);
  connection.failures += 1;
  connection.dialAtMs = nowMs + ms;
  return [...enter(connection, 'reconnecting', nowMs), { kind: 'wait', ms }];
}

function watch(connection: Connection, nowMs: number): ConnectionOutput[] {
  const { state, options } = connection;
  if (state === 'disconnected') return [];
  if (state === 'reconnecting') return nowMs >= connection.dialAtMs ? dial(connection, nowMs) : [];
  const elapsedMs = nowMs - connection.changedMs;
  if (state === 'connecting' && elapsedMs >= options.handshakeMs) {
    return close(connection, `not authenticated after ${Math.round(elapsedMs)} ms, allowed are ${options.handshakeMs}`);
  }
  if (!connection.isOpen || connection.isPaused) return [];
  const silentMs = nowMs - connection.heardMs;
  if (silentMs >= options.idleMs) {
    return close(connection, `nothing heard for ${Math.round(silentMs)} ms, allowed are ${options.idleMs}`);
  }
  if (silentMs < options.pingMs || nowMs - connection.pingedMs < options.pingMs) return [];
  connection.pingedMs = nowMs;
  return [{ kind: 'send-ping' }];
}

function stop(connection: Connection, nowMs: number): ConnectionOutput[] {
  const outputs = close(connection, 'the feed stops');
  return connection.state === 'disconnected' ? [] : [...enter(connection, 'disconnected', nowMs), ...outputs];
}

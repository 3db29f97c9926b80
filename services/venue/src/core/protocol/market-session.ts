import { isSymbol } from '../market/event.ts';
import { MARKET_CHANNELS, type MarketChannel, type MarketEndpoint } from './market-channels.ts';

export interface MarketSessionRules {
  areValid(keyId: string, secretKey: string): boolean;
  /** True when the key has as many connections to this endpoint as it may have. */
  isFull(keyId: string): boolean;
  /** Distinct symbols one client may subscribe to; `*` counts as one. */
  readonly symbolLimit: number;
}

export type MarketPhase = 'connected' | 'authenticated' | 'subscribed' | 'closed';

/** One client of a market-data stream. Changed in place by `stepMarketSession`. */
export interface MarketSession {
  readonly endpoint: MarketEndpoint;
  phase: MarketPhase;
  /** `null` until it has authenticated. */
  keyId: string | null;
  readonly channels: Readonly<Record<MarketChannel, Set<string>>>;
}

export type MarketSessionInput =
  | { readonly kind: 'open'; readonly credentials: { readonly keyId: string; readonly secretKey: string } | null }
  /** What the client sent, decoded; `undefined` when it could not be. */
  | { readonly kind: 'message'; readonly message: unknown }
  | { readonly kind: 'auth-timeout' }
  | { readonly kind: 'slow' };

export interface MarketSessionOutput {
  /** Messages to send, each alone in an array of one, as Alpaca sends its control messages. */
  readonly messages: readonly ControlMessage[];
  /** Symbols whose whole book is to follow, `*` for all. */
  readonly books: readonly string[];
  /** True when the connection is to be closed once the messages are out. */
  readonly close: boolean;
}

export type ControlMessage =
  | { readonly T: 'success'; readonly msg: 'connected' | 'authenticated' }
  | { readonly T: 'error'; readonly code: number; readonly msg: string }
  | ({ readonly T: 'subscription' } & { readonly [channel: string]: string | readonly string[] });

const ERRORS = {
  400: 'invalid syntax',
  401: 'not authenticated',
  402: 'auth failed',
  403: 'already authenticated',
  404: 'auth timeout',
  405: 'symbol limit exceeded',
  406: 'connection limit exceeded',
  407: 'slow client',
  409: 'insufficient subscription',
  410: 'invalid subscribe action for this feed',
} as const;

const NOTHING: MarketSessionOutput = { messages: [], books: [], close: false };

function error(code: keyof typeof ERRORS): MarketSessionOutput {
  return { messages: [{ T: 'error', code, msg: ERRORS[code] }], books: [], close: false };
}

export function createMarketSession(endpoint: MarketEndpoint): MarketSession {
  const sets = MARKET_CHANNELS.map((channel) => [channel, new Set<string>()] as const);
  return {
    endpoint,
    phase: 'connected',
    keyId: null,
    channels: Object.fromEntries(sets) as Record<MarketChannel, Set<string>>,
  };
}

/** Text that is equal for two sessions of one endpoint exactly when they are to get the same events. */
export function subscriptionKey({ channels }: MarketSession): string {
  return MARKET_CHANNELS.map((channel) => listOf(channels[channel]).join(',')).join(';');
}

function listOf(symbols: ReadonlySet<string>): string[] {
  return [...symbols].sort();
}

/** What the venue answers to a client message or to time passing. A refused message changes nothing. */
export function stepMarketSession(
  session: MarketSession,
  input: MarketSessionInput,
  rules: MarketSessionRules,
): MarketSessionOutput {
  if (session.phase === 'closed') return NOTHING;
  switch (input.kind) {
    case 'open':
      return open(session, input.credentials, rules);
    case 'message':
      return onMessage(session, input.message, rules);
    case 'auth-timeout':
      return session.phase === 'connected' ? closing(session, 404) : NOTHING;
    case 'slow':
      return closing(session, 407);
  }
}

function closing(session: MarketSession, code: keyof typeof ERRORS): MarketSessionOutput {
  session.phase = 'closed';
  for (const channel of MARKET_CHANNELS) session.channels[channel].clear();
  return { ...error(code), close: true };
}

function open(
  session: MarketSession,
  credentials: { readonly keyId: string; readonly secretKey: string } | null,
  rules: MarketSessionRules,
): MarketSessionOutput {
  const connected: ControlMessage = { T: 'success', msg: 'connected' };
  if (credentials === null) return { ...NOTHING, messages: [connected] };
  const answer = authenticate(session, [credentials.keyId, credentials.secretKey], rules);
  return { ...answer, messages: [connected, ...answer.messages] };
}

function authenticate(
  session: MarketSession,
  [keyId, secretKey]: readonly [keyId: unknown, secretKey: unknown],
  rules: MarketSessionRules,
): MarketSessionOutput {
  if (session.phase !== 'connected') return error(403);
  if (typeof keyId !== 'string' || typeof secretKey !== 'string') return error(400);
  if (!rules.areValid(keyId, secretKey)) return error(402);
  if (!session.endpoint.isOffered) return closing(session, 409);
  if (rules.isFull(keyId)) return closing(session, 406);
  session.phase = 'authenticated';
  session.keyId = keyId;
  return { ...NOTHING, messages: [{ T: 'success', msg: 'authenticated' }] };
}

function onMessage(session: MarketSession, value: unknown, rules: MarketSessionRules): MarketSessionOutput {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return error(400);
  const message = value as Readonly<Record<string, unknown>>;
  switch (message.action) {
    case 'auth':
      return authenticate(session, [message.key, message.secret], rules);
    case 'subscribe':
    case 'unsubscribe':
      if (session.phase === 'connected') return error(401);
      return changeSubscription(session, message, rules);
    default:
      return error(400);
  }
}

interface Change {
  readonly channel: MarketChannel;
  readonly symbols: readonly string[];
}

function isSymbolList(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((one) => one === '*' || (typeof one === 'string' && isSymbol(one)));
}

/** The changes a message asks for, or the code of its fault. */
function readChanges(endpoint: MarketEndpoint, message: Readonly<Record<string, unknown>>): Change[] | 400 | 410 {
  const changes: Change[] = [];
  for (const [key, value] of Object.entries(message)) {
    if (key === 'action') continue;
    if (!isSymbolList(value)) return 400;
    const channel = endpoint.channels.find((one) => one === key);
    if (channel === undefined) return 410;
    changes.push({ channel, symbols: value });
  }
  return changes;
}

function changeSubscription(
  session: MarketSession,
  message: Readonly<Record<string, unknown>>,
  rules: MarketSessionRules,
): MarketSessionOutput {
  const changes = readChanges(session.endpoint, message);
  if (typeof changes === 'number') return error(changes);
  const isMore = message.action === 'subscribe';
  if (isMore && symbolCount(session, changes) > rules.symbolLimit) return error(405);
  const books: string[] = [];
  for (const { channel, symbols } of changes) {
    const subscribed = session.channels[channel];
    for (const symbol of symbols) {
      if (!isMore) subscribed.delete(symbol);
      else if (!subscribed.has(symbol)) {
        subscribed.add(symbol);
        if (channel === 'orderbooks') books.push(symbol);
      }
    }
  }
  const isSubscribed = MARKET_CHANNELS.some((channel) => session.channels[channel].size > 0);
  session.phase = isSubscribed ? 'subscribed' : 'authenticated';
  return { messages: [confirmation(session)], books, close: false };
}

function symbolCount({ channels }: MarketSession, changes: readonly Change[]): number {
  const all = new Set(changes.flatMap(({ symbols }) => symbols));
  for (const channel of MARKET_CHANNELS) for (const symbol of channels[channel]) all.add(symbol);
  return all.size;
}

/** The complete current list, empty channels left out as Alpaca does live; corrections and cancels follow the trades. */
function confirmation({ endpoint, channels }: MarketSession): ControlMessage {
  const lists: Record<string, readonly string[]> = {};
  for (const channel of endpoint.channels) {
    if (channels[channel].size > 0) lists[channel] = listOf(channels[channel]);
  }
  if (lists.trades !== undefined && endpoint.assetClass === 'us_equity') {
    lists.corrections = lists.trades;
    lists.cancelErrors = lists.trades;
  }
  return { T: 'subscription', ...lists };
}

import { isSymbol } from './market-event.ts';

/** Checks a key and its secret; given to the sessions so that they need not know any. */
export type CredentialCheck = (keyId: string, secretKey: string) => boolean;

export interface MarketSessionRules {
  readonly areValid: CredentialCheck;
  /** Distinct symbols one client may subscribe to; `*` counts as one. */
  readonly symbolLimit: number;
}

export type MarketPhase = 'connected' | 'authenticated' | 'subscribed' | 'closed';

/** One client of a market-data stream. Changed in place by `stepMarketSession`. */
export interface MarketSession {
  phase: MarketPhase;
  readonly channels: Record<Channel, Set<string>>;
}

export type MarketSessionInput =
  | { readonly kind: 'open'; readonly credentials: { readonly keyId: string; readonly secretKey: string } | null }
  | { readonly kind: 'message'; readonly text: string }
  | { readonly kind: 'auth-timeout' }
  | { readonly kind: 'slow' };

export interface MarketSessionOutput {
  /** Messages to send, each alone in an array of one, as Alpaca sends its control messages. */
  readonly messages: readonly ControlMessage[];
  /** True when the connection is to be closed once the messages are out. */
  readonly close: boolean;
}

export type ControlMessage =
  | { readonly T: 'success'; readonly msg: 'connected' | 'authenticated' }
  | { readonly T: 'error'; readonly code: number; readonly msg: string }
  | ({ readonly T: 'subscription' } & { readonly [channel: string]: string | readonly string[] });

/** Channels a client may ask for. The market never halts and has no auctions, so the last three stay silent. */
const CHANNELS = ['trades', 'quotes', 'statuses', 'lulds', 'imbalances'] as const;
type Channel = (typeof CHANNELS)[number];

const ERRORS = {
  400: 'invalid syntax',
  401: 'not authenticated',
  402: 'auth failed',
  403: 'already authenticated',
  404: 'auth timeout',
  405: 'symbol limit exceeded',
  407: 'slow client',
  410: 'invalid subscribe action for this feed',
} as const;

const NOTHING: MarketSessionOutput = { messages: [], close: false };

function error(code: keyof typeof ERRORS, close = false): MarketSessionOutput {
  return { messages: [{ T: 'error', code, msg: ERRORS[code] }], close };
}

export function createMarketSession(): MarketSession {
  return {
    phase: 'connected',
    channels: { trades: new Set(), quotes: new Set(), statuses: new Set(), lulds: new Set(), imbalances: new Set() },
  };
}

/** True when the session is to get events of this kind and symbol. */
export function wants(session: MarketSession, channel: 'trades' | 'quotes', symbol: string): boolean {
  const symbols = session.channels[channel];
  return symbols.has(symbol) || symbols.has('*');
}

/** Text that is equal for two sessions exactly when they are to get the same events. */
export function subscriptionKey(session: MarketSession): string {
  return `${listOf(session.channels.trades).join(',')};${listOf(session.channels.quotes).join(',')}`;
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
      return onMessage(session, input.text, rules);
    case 'auth-timeout':
      return session.phase === 'connected' ? closing(session, 404) : NOTHING;
    case 'slow':
      return closing(session, 407);
  }
}

function closing(session: MarketSession, code: keyof typeof ERRORS): MarketSessionOutput {
  session.phase = 'closed';
  for (const channel of CHANNELS) session.channels[channel].clear();
  return error(code, true);
}

function open(
  session: MarketSession,
  credentials: { readonly keyId: string; readonly secretKey: string } | null,
  rules: MarketSessionRules,
): MarketSessionOutput {
  const connected: ControlMessage = { T: 'success', msg: 'connected' };
  if (credentials === null) return { messages: [connected], close: false };
  const answer = authenticate(session, credentials.keyId, credentials.secretKey, rules);
  return { messages: [connected, ...answer.messages], close: answer.close };
}

function authenticate(
  session: MarketSession,
  keyId: unknown,
  secretKey: unknown,
  rules: MarketSessionRules,
): MarketSessionOutput {
  if (session.phase !== 'connected') return error(403);
  if (typeof keyId !== 'string' || typeof secretKey !== 'string') return error(400);
  if (!rules.areValid(keyId, secretKey)) return error(402);
  session.phase = 'authenticated';
  return { messages: [{ T: 'success', msg: 'authenticated' }], close: false };
}

function parse(text: string): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : null;
  } catch {
    return null;
  }
}

function onMessage(session: MarketSession, text: string, rules: MarketSessionRules): MarketSessionOutput {
  const message = parse(text);
  if (message === null) return error(400);
  switch (message.action) {
    case 'auth':
      return authenticate(session, message.key, message.secret, rules);
    case 'subscribe':
    case 'unsubscribe':
      if (session.phase === 'connected') return error(401);
      return changeSubscription(session, message, rules);
    default:
      return error(400);
  }
}

function changeSubscription(
  session: MarketSession,
  message: Record<string, unknown>,
  rules: MarketSessionRules,
): MarketSessionOutput {
  const changes: { channel: Channel; symbols: readonly string[] }[] = [];
  for (const [key, value] of Object.entries(message)) {
    if (key === 'action') continue;
    if (!Array.isArray(value) || !value.every((one) => one === '*' || (typeof one === 'string' && isSymbol(one)))) {
      return error(400);
    }
    const channel = CHANNELS.find((one) => one === key);
    if (channel === undefined) return error(410);
    changes.push({ channel, symbols: value });
  }
  if (message.action === 'subscribe') {
    const all = new Set(changes.flatMap((change) => change.symbols));
    for (const channel of CHANNELS) for (const symbol of session.channels[channel]) all.add(symbol);
    if (all.size > rules.symbolLimit) return error(405);
  }
  for (const { channel, symbols } of changes) {
    for (const symbol of symbols) {
      if (message.action === 'subscribe') session.channels[channel].add(symbol);
      else session.channels[channel].delete(symbol);
    }
  }
  const isSubscribed = CHANNELS.some((channel) => session.channels[channel].size > 0);
  session.phase = isSubscribed ? 'subscribed' : 'authenticated';
  return { messages: [confirmation(session)], close: false };
}

/** The complete current list, empty channels left out as Alpaca does live; corrections and cancels follow the trades. */
function confirmation(session: MarketSession): ControlMessage {
  const lists: Record<string, readonly string[]> = {};
  for (const channel of CHANNELS) {
    if (session.channels[channel].size > 0) lists[channel] = listOf(session.channels[channel]);
  }
  if (lists.trades !== undefined) {
    lists.corrections = lists.trades;
    lists.cancelErrors = lists.trades;
  }
  return { T: 'subscription', ...lists };
}

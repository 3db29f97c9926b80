/** Checks a key and its secret; given to the session so that it need not know any. */
export type CredentialCheck = (keyId: string, secretKey: string) => boolean;

/** One client of the `/stream` endpoint. Changed in place by `stepTradeStream`. */
export interface TradeStreamSession {
  isAuthorized: boolean;
  listensToTradeUpdates: boolean;
}

export function createTradeStreamSession(isAuthorized: boolean): TradeStreamSession {
  return { isAuthorized, listensToTradeUpdates: false };
}

const OLD_FORM_NOTICE =
  'this authentication format is being deprecated. Please use the format: {"action": "auth", "key": "x", "secret": "x"}';

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/**
 * The answer to one message of a client, already decoded; `undefined` stands for one that could not be. What cannot be
 * read is answered in the form in which Alpaca's own clients expect errors.
 */
export function stepTradeStream(session: TradeStreamSession, message: unknown, areValid: CredentialCheck): object {
  if (!isObject(message)) return syntaxError('a frame must be one object');
  switch (message.action) {
    case 'auth':
      return authorize(session, { keyId: message.key, secretKey: message.secret, notice: null }, areValid);
    case 'authenticate': {
      const data = isObject(message.data) ? message.data : {};
      return authorize(session, { keyId: data.key_id, secretKey: data.secret_key, notice: OLD_FORM_NOTICE }, areValid);
    }
    case 'listen':
      return listen(session, message.data);
    default:
      return syntaxError('action must be auth, authenticate or listen');
  }
}

function syntaxError(text: string): object {
  return { action: 'error', data: { error_message: text } };
}

function authorize(
  session: TradeStreamSession,
  credentials: { keyId: unknown; secretKey: unknown; notice: string | null },
  areValid: CredentialCheck,
): object {
  const { keyId, secretKey, notice } = credentials;
  session.isAuthorized = typeof keyId === 'string' && typeof secretKey === 'string' && areValid(keyId, secretKey);
  const message = notice === null ? {} : { message: notice };
  const status = session.isAuthorized ? 'authorized' : 'unauthorized';
  if (!session.isAuthorized) session.listensToTradeUpdates = false;
  return { stream: 'authorization', data: { action: 'authenticate', ...message, status } };
}

/** The list is the whole of what the client listens to, not an addition; streams that do not exist here are left out. */
function listen(session: TradeStreamSession, data: unknown): object {
  if (!session.isAuthorized) return { stream: 'authorization', data: { action: 'listen', status: 'unauthorized' } };
  const streams = isObject(data) ? data.streams : undefined;
  if (!Array.isArray(streams)) return syntaxError('listen needs data.streams, a list');
  session.listensToTradeUpdates = streams.includes('trade_updates');
  return { stream: 'listening', data: { streams: session.listensToTradeUpdates ? ['trade_updates'] : [] } };
}

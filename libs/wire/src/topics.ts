/** Topic of the market stream's heartbeat: sequenced, each second. */
export const HEARTBEAT_TOPIC = '$hb';
/** Topic of the flow-control marks of a replay. */
export const POSITION_TOPIC = '$position';
/** First characters of the topics the system keeps for itself. */
export const SYSTEM_PREFIX = '$';
const LOG_PREFIX = '$log/';

const SYMBOL = /^[A-Z0-9][A-Z0-9.-]{0,31}$/;

/**
 * Topic of a symbol's messages: symbol first, then `/`, then the kind. ZeroMQ matches prefixes, so the `/` keeps a
 * subscription to `A/` from matching `AAPL/trade`.
 */
export function marketTopic(symbol: string, kind: string): string {
  return `${symbol}/${kind}`;
}

/** Prefix that subscribes to everything of one symbol. */
export function symbolPrefix(symbol: string): string {
  return `${symbol}/`;
}

/** The symbol of a market topic, or undefined for a system topic. */
export function symbolOfTopic(topic: string): string | undefined {
  const slash = topic.indexOf('/');
  return slash > 0 && !topic.startsWith(SYSTEM_PREFIX) ? topic.slice(0, slash) : undefined;
}

/** The symbol as Tickpath writes it: a venue's pair `BTC/USD` is `BTC-USD`. Undefined when it cannot be a topic. */
export function symbolOfVenue(venueSymbol: string): string | undefined {
  const symbol = venueSymbol.replaceAll('/', '-');
  return SYMBOL.test(symbol) ? symbol : undefined;
}

/** The symbol as the venue writes it: the way back from `symbolOfVenue`. No venue symbol of Alpaca's has a dash. */
export function venueSymbolOf(symbol: string): string {
  return symbol.replaceAll('-', '/');
}

/** Topic of the hints of a log: names the journal, so that a hint of another is never taken for one of ours. */
export function logTopic(uuid: string): string {
  return `${LOG_PREFIX}${uuid}`;
}

export function logUuidOfTopic(topic: string): string | undefined {
  return topic.startsWith(LOG_PREFIX) ? topic.slice(LOG_PREFIX.length) : undefined;
}

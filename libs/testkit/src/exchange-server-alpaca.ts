import type { Exchange, ExchangeEvent, ExchangeSession, RestAnswer } from './exchange-server.ts';

export interface AlpacaMessage {
  readonly T: string;
  readonly S?: string;
}

interface AlpacaEvent extends ExchangeEvent {
  readonly message: AlpacaMessage;
}

/** Names of the lists in a subscription, by the type of the messages that they bring. */
const CHANNELS: Readonly<Record<string, string>> = { t: 'trades', q: 'quotes', s: 'statuses', l: 'lulds' };

/**
 * Alpaca's stream of stocks from recorded frames: greets, lets everyone in, confirms what is subscribed. Corrections and
 * cancels come with the trades. Its REST interface knows nothing.
 */
export class AlpacaExchange implements Exchange<AlpacaEvent> {
  readonly trades: AlpacaMessage[] = [];
  readonly #messages: readonly AlpacaMessage[];
  #at = 0;

  constructor(messages: readonly AlpacaMessage[]) {
    this.#messages = messages.filter(({ S }) => S !== undefined);
  }

  connect(): ExchangeSession<AlpacaEvent> {
    let lists: Readonly<Record<string, readonly string[]>> = {};
    const frame = (kind: ExchangeEvent['kind'], message: object) => ({ kind, text: JSON.stringify([message]) });
    return {
      greeting: () => [frame('other', { T: 'success', msg: 'connected' })],
      receive: (text) => {
        const { action, key: _key, secret: _secret, ...asked } = JSON.parse(text);
        if (action === 'auth') return [frame('other', { T: 'success', msg: 'authenticated' })];
        lists = { ...lists, ...asked };
        return [frame('other', { T: 'subscription', ...lists })];
      },
      frame: ({ kind, message }) => {
        const channel = CHANNELS[message.T] ?? 'trades';
        const list = lists[channel] ?? [];
        return list.includes('*') || list.includes(message.S ?? '') ? frame(kind, message) : undefined;
      },
    };
  }

  step(): AlpacaEvent | undefined {
    const message = this.#messages[this.#at];
    if (message === undefined) return undefined;
    this.#at += 1;
    const isTrade = message.T === 't';
    if (isTrade) this.trades.push(message);
    return { kind: isTrade ? 'trade' : 'other', message };
  }

  forget({ message }: AlpacaEvent): void {
    const at = this.trades.indexOf(message);
    if (at >= 0) this.trades.splice(at, 1);
  }

  isSnapshot(): boolean {
    return false;
  }

  rest(): RestAnswer {
    return { status: 200, body: '[]' };
  }

  /** Nothing of it is numbered. */
  lie(): undefined {
    return undefined;
  }
}

import { Alpaca, type AlpacaClientOptions, streaming } from '@alpacahq/alpaca-trade-api';
import { eventually } from '@tickpath/testkit';
import { KEYS, type VenueUnderTest } from './venue-under-test.ts';

const HOSTS = ['https://paper-api.alpaca.markets', 'https://data.alpaca.markets'];

type FetchApi = NonNullable<AlpacaClientOptions['fetchApi']>;

/** The official SDK as a user sets it up, but for the hosts: what it sends to Alpaca's goes to the venue. */
export function alpacaAt(venue: VenueUnderTest, options: AlpacaClientOptions = {}): Alpaca {
  const fetchApi: FetchApi = (url, init) => {
    const host = HOSTS.find((known) => url.startsWith(known));
    if (host === undefined) throw new Error(`the SDK asks a host that is not Alpaca's: ${url}`);
    return fetch(venue.url + url.slice(host.length), init);
  };
  // A test asks more often than 200 times a minute; what the venue does with that has a test of its own.
  // The SDK lets the timer of each DELETE run on, which keeps a process from ending for so long.
  return new Alpaca({ ...KEYS, paper: true, fetchApi, rateLimit: false, timeoutMs: 5000, ...options });
}

/** An execution as the stream told it. */
export interface Execution {
  readonly id: string;
  readonly orderId: string;
  readonly qty: string;
  readonly price: string;
  readonly positionQty: string;
}

/** Everything that `trade_updates` tells, in order of arrival, from a stream of the SDK. */
export class UpdateRecorder {
  readonly updates: streaming.TradeUpdate[] = [];
  readonly errors: string[] = [];
  readonly stream: streaming.TradingStream;

  private constructor(stream: streaming.TradingStream) {
    this.stream = stream;
    stream.onTradeUpdate((update) => this.updates.push(update));
    stream.on(streaming.EVENT.CLIENT_ERROR, (message: string) => this.errors.push(message));
  }

  /** Resolves when the venue has confirmed that it listens. */
  static async open(alpaca: Alpaca, venue: VenueUnderTest): Promise<UpdateRecorder> {
    const recorder = new UpdateRecorder(alpaca.trading.stream({ url: `${venue.socketUrl}/stream` }));
    const listening = new Promise<unknown>((resolve) => {
      recorder.stream.once(streaming.EVENT.SUBSCRIPTION, resolve);
    });
    recorder.stream.subscribeTradeUpdates();
    recorder.stream.connect();
    const { authenticated, message } = await recorder.stream.waitForAuthenticationResult(10_000);
    if (!authenticated) throw new Error(`no authentication: ${message}`);
    const streams = await listening;
    if (JSON.stringify(streams) !== '["trade_updates"]') throw new Error(`listening to ${JSON.stringify(streams)}`);
    return recorder;
  }

  of(orderId: string | undefined): streaming.TradeUpdate[] {
    return this.updates.filter(({ order }) => order.id === orderId);
  }

  events(orderId: string | undefined): string[] {
    return this.of(orderId).map(({ event }) => event);
  }

  /** The update of that name of an order, once it has come. */
  async update(orderId: string | undefined, event: string, boundMs = 20_000): Promise<streaming.TradeUpdate> {
    const told = () => this.of(orderId).find((update) => update.event === event);
    try {
      return await eventually(`${event} of ${orderId}`, told, boundMs);
    } catch (error) {
      throw new Error(`${(error as Error).message}; it had ${this.events(orderId).join(' ') || 'no update'}`);
    }
  }

  executions(): Execution[] {
    return this.updates
      .filter(({ event }) => event === 'fill' || event === 'partial_fill')
      .map(({ order, executionId, qty, price, positionQty }) => ({
        id: executionId ?? '',
        orderId: order.id ?? '',
        qty: qty ?? '',
        price: price ?? '',
        positionQty: positionQty ?? '',
      }));
  }

  close(): void {
    this.stream.disconnect();
  }
}

/** Keeps what a market stream of the SDK tells, by kind. */
export class MarketRecorder {
  readonly trades: streaming.StreamTrade[] = [];
  readonly quotes: streaming.StreamQuote[] = [];
  readonly bars: streaming.StreamBar[] = [];
  readonly updatedBars: streaming.StreamBar[] = [];
  readonly dailyBars: streaming.StreamBar[] = [];
  readonly statuses: streaming.StreamStatus[] = [];
  readonly lulds: streaming.StreamLuld[] = [];
  readonly corrections: streaming.StreamCorrection[] = [];
  readonly cancelErrors: streaming.StreamCancelError[] = [];
  readonly orderbooks: streaming.StreamOrderbook[] = [];
  readonly subscriptions: unknown[] = [];
  readonly errors: string[] = [];

  constructor(stream: streaming.MarketDataStream) {
    stream.onTrade((trade) => this.trades.push(trade));
    stream.onQuote((quote) => this.quotes.push(quote));
    stream.onBar((bar) => this.bars.push(bar));
    stream.onUpdatedBar((bar) => this.updatedBars.push(bar));
    stream.onDailyBar((bar) => this.dailyBars.push(bar));
    stream.onStatus((status) => this.statuses.push(status));
    stream.onLuld((luld) => this.lulds.push(luld));
    stream.onCorrection((correction) => this.corrections.push(correction));
    stream.onCancelError((cancelError) => this.cancelErrors.push(cancelError));
    stream.onOrderbook((orderbook) => this.orderbooks.push(orderbook));
    stream.on(streaming.EVENT.SUBSCRIPTION, (list: unknown) => this.subscriptions.push(list));
    stream.on(streaming.EVENT.CLIENT_ERROR, (message: string) => this.errors.push(message));
  }
}

/** The text of a decimal without what does not count, so that `0.10` is `0.1`. */
export function plainDecimal(text: string): string {
  return text.includes('.') ? text.replace(/\.?0+$/, '') : text;
}

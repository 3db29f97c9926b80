import type { Logger } from '@tickpath/runtime';
import { type Envelope, MarketFollower, type MarketFollowerOptions, marketTopic, symbolOfTopic } from '@tickpath/wire';
import type { MarketInput } from './core/index.ts';

export interface MarketPricesOptions {
  readonly deliver: (input: MarketInput) => void;
  readonly log: Logger;
}

type Wire = Omit<
  MarketFollowerOptions,
  'name' | 'server' | 'prefixes' | 'deliver' | 'onRun' | 'onLost' | 'onRebase' | 'onSilence'
>;

/** Messages of one symbol's market stream that risk takes, as inputs of its core. */
export function marketInputOf(symbol: string, envelope: Envelope): MarketInput | undefined {
  const { kind, payload } = envelope;
  if (kind === 'dataState') return { type: 'data-state', symbol, ...payload };
  if (kind !== 'trade' && kind !== 'quote') return undefined;
  const isSuspect = (payload.flags?.length ?? 0) > 0;
  // A suspect price, or one that is older than the last, values nothing.
  if (kind === 'trade') return isSuspect ? undefined : { type: 'trade', symbol, px: payload.price };
  // The quote before is gone as well: nobody knows what is quoted now.
  if (isSuspect) return { type: 'quote', symbol, bidPx: null, askPx: null };
  return { type: 'quote', symbol, bidPx: payload.bidPx, askPx: payload.askPx };
}

/** Trades, quotes and the validity of the data of every symbol, from the moment it follows on. */
export class MarketPrices {
  readonly #options: MarketPricesOptions;
  #follower: MarketFollower | undefined;

  constructor(options: MarketPricesOptions) {
    this.#options = options;
  }

  /** Does nothing when it follows already. */
  follow(wire: Wire): void {
    const { deliver, log } = this.#options;
    this.#follower ??= new MarketFollower({
      ...wire,
      name: 'risk',
      server: 'market-data',
      prefixes: [''],
      deliver: (topic, envelope) => {
        const symbol = symbolOfTopic(topic);
        const input = symbol === undefined ? undefined : marketInputOf(symbol, envelope);
        if (input !== undefined) deliver(input);
      },
      // What was said before we joined, or was lost, still holds.
      onRebase: (topic, envelope) => {
        const symbol = symbolOfTopic(topic);
        if (symbol === undefined || envelope?.kind !== 'dataState') return;
        deliver({ type: 'data-state', symbol, ...envelope.payload });
      },
      onSilence: (silent) => {
        log.warn(silent ? 'no beat from market-data' : 'market-data is back');
        deliver({ type: 'market-silent', silent, nowNs: wire.nowNs() });
      },
      onRun: (run) => log.info({ run }, `follows run ${run}`),
      onLost: (topic, from, to, reason) => {
        log.warn({ topic, from, to, reason }, `lost ${topic} from ${from} to ${to ?? 'the end of its epoch'}`);
        const symbol = symbolOfTopic(topic);
        if (symbol === undefined || topic !== marketTopic(symbol, 'data')) return;
        const reasons = [`found ${topic} lost (${reason}), needed its last word`];
        deliver({ type: 'data-state', symbol, valid: false, reasons, sinceNs: wire.nowNs() });
      },
    });
  }

  close(): void {
    this.#follower?.close();
  }
}

import type { Logger } from '@tickpath/runtime';
import { MarketFollower, type MarketFollowerOptions, symbolOfTopic } from '@tickpath/wire';
import type { MarketInput } from './core/index.ts';

export interface MarketPricesOptions {
  readonly deliver: (input: MarketInput) => void;
  readonly log: Logger;
}

type Wire = Omit<MarketFollowerOptions, 'name' | 'server' | 'prefixes' | 'deliver' | 'onRun' | 'onLost'>;

/** Trades and quotes of every symbol, from the moment it follows on. */
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
      deliver: (topic, { kind, payload }) => {
        const symbol = symbolOfTopic(topic);
        if (symbol === undefined) return;
        if (kind === 'trade') deliver({ type: 'trade', symbol, px: payload.price });
        else if (kind === 'quote') deliver({ type: 'quote', symbol, bidPx: payload.bidPx, askPx: payload.askPx });
      },
      onRun: (run) => log.info({ run }, `follows run ${run}`),
      onLost: (topic, from, to, reason) =>
        log.warn({ topic, from, to, reason }, `lost ${topic} from ${from} to ${to ?? 'the end of its epoch'}`),
    });
  }

  close(): void {
    this.#follower?.close();
  }
}

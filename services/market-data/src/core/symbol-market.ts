import { BAR_INTERVALS_NS, type BarInterval, type BarTrade } from '@tickpath/trading';
import { marketTopic } from '@tickpath/wire';
import type { KeptBook } from './book-keeper.ts';
import type { Coverage } from './coverage.ts';
import type { InstrumentEvent } from './feeds/protocol.ts';
import { type DataState, openDataState } from './quality/data-state.ts';
import type { QualityConfig } from './quality/rules.ts';
import { openQuality, type SymbolQuality } from './quality/symbol-quality.ts';
import { type BarsConfig, openTradeBars, type TradeBars } from './trade-bars.ts';

type PlainTopic = 'trade' | 'quote' | 'book' | 'status' | 'data';

/** Everything that is kept of one symbol. */
export interface SymbolMarket {
  readonly symbol: string;
  readonly topics: Readonly<Record<PlainTopic | BarInterval, string>>;
  readonly quality: SymbolQuality;
  readonly data: DataState;
  readonly bars: TradeBars;
  readonly coverage: Coverage;
  /** Trades that jumped and wait for confirmation before they count in bars: fewer than `confirmations`. */
  readonly unconfirmed: BarTrade[];
  /** Undefined while the feed has said nothing of a book. */
  book: KeptBook | undefined;
}

export interface SymbolSurroundings {
  readonly config: { readonly quality: QualityConfig; readonly bars: BarsConfig };
  readonly coverage: Coverage;
}

export function openSymbolMarket(
  symbol: string,
  instrument: InstrumentEvent | undefined,
  { config, coverage }: SymbolSurroundings,
): SymbolMarket {
  return {
    symbol,
    topics: topicsOf(symbol),
    quality: openQuality(config.quality),
    data: openDataState(),
    bars: openTradeBars(symbol, instrument, config.bars),
    coverage,
    unconfirmed: [],
    book: undefined,
  };
}

/** Joined once: a topic a tick would be a string a tick. */
function topicsOf(symbol: string): SymbolMarket['topics'] {
  const plain = ['trade', 'quote', 'book', 'status', 'data'] as const;
  const intervals = Object.keys(BAR_INTERVALS_NS) as BarInterval[];
  return Object.fromEntries([
    ...plain.map((kind) => [kind, marketTopic(symbol, kind)]),
    ...intervals.map((interval) => [interval, marketTopic(symbol, `bar.${interval}`)]),
  ]) as SymbolMarket['topics'];
}

/**
 * Market data's decisions: what a venue's messages mean (`feeds`), whether they can be right (`quality`), the book that
 * they make (`book-keeper`), the bars that they fill (`trade-bars`), and what of all that is published (`market`).
 */
export * from './book-keeper.ts';
export * from './feeds/alpaca.ts';
export { WARM_UP_BARS, type WarmUpOptions } from './feeds/alpaca-warm-up.ts';
export * from './feeds/binance.ts';
export * from './feeds/coinbase.ts';
export * from './feeds/kraken.ts';
export * from './feeds/protocol.ts';
export * from './market.ts';
export * from './market-state.ts';
export * from './quality/rules.ts';
export * from './quality/symbol-quality.ts';
export * from './symbol-market.ts';
export { type BarsConfig, UNBARRED_REASONS, type UnbarredReason } from './trade-bars.ts';

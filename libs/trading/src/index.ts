/** Vocabulary and pure domain of trading: exact money, orders and their states, positions and P&L, the order book, bars, ids. */
export * from './activity-bars.ts';
export * from './bar-conditions.ts';
export { type BarConditionUse, type BarRules, barRules } from './bar-rules.ts';
export * from './bar-series.ts';
export * from './bar-spans.ts';
export type { BarTrade } from './bar-trades.ts';
export * from './bars.ts';
export * from './ids.ts';
export * from './instrument.ts';
export * from './ledger.ts';
export * from './money.ts';
export * from './new-york-time.ts';
export * from './order.ts';
export * from './order-book.ts';
export * from './order-state.ts';
export * from './position.ts';
export * from './rfc3339.ts';
export * from './us-equity-calendar.ts';

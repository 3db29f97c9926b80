/** Vocabulary and pure domain of trading: exact money, orders and their states, positions and P&L, bars, ids. */
export * from './bar-conditions.ts';
export * from './bars.ts';
export * from './ids.ts';
export * from './instrument.ts';
export * from './ledger.ts';
export * from './money.ts';
export * from './new-york-time.ts';
export * from './order.ts';
export * from './order-state.ts';
export * from './position.ts';
export * from './rfc3339.ts';
export * from './us-equity-calendar.ts';

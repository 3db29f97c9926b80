/** Vocabulary and pure domain of trading: exact money, orders and their states, positions and P&L, bars, ids. */
export * from './bars.ts';
export * from './ids.ts';
export * from './ledger.ts';
export * from './money.ts';
export * from './order.ts';
export * from './order-state.ts';
export * from './position.ts';
export * from './rfc3339.ts';

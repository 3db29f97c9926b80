/** Vocabulary and pure domain of trading: exact money, orders and their states, positions and P&L, bars, ids. */
export * from './money.ts';

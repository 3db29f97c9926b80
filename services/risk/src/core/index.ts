/** Risk's decisions: the checks every order passes, reservations, and the book of record of cash and positions. */
export * from './check.ts';
export * from './input.ts';
export * from './output.ts';
export * from './portfolio.ts';
export * from './recovery.ts';
export * from './risk.ts';
export * from './state.ts';

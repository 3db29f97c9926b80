/** Signal's decisions: warm-up, targets, and the orders that pursue them. */
export * from './signal.ts';

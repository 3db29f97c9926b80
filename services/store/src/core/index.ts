/** The store's decisions: what is kept of the market stream, for how long, what a query gets; what is archived of a log. */
export * from './log-archive.ts';
export * from './ring.ts';
export * from './store.ts';

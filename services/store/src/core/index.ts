/** The store's decisions: what is kept of the market stream, for how long, and what a query gets. */
export * from './ring.ts';
export * from './store.ts';

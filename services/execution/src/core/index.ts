/** Execution's decisions: what is sent, what becomes of it, and what the venue's words mean. */
export * from './execution.ts';
export * from './venue-update.ts';

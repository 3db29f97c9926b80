/** What a strategy author imports: the Strategy interface and the built-in strategies. */
export * from './momentum.ts';
export * from './strategy.ts';

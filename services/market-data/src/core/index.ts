/** Market data's decisions: what an Alpaca message means, and which bars it closes. */
export * from './alpaca.ts';
export * from './market.ts';

/** Which account it is. */
export * from './account/identity.ts';
/** Events of the market as the venue plays and shows them. */
export * from './market/event.ts';
/** A seeded market that looks alive and repeats itself exactly. */
export * from './market/synthetic-market.ts';
/** Matching: what the market shows, and the orders that fill against it. */
export * from './matching/matcher.ts';
export * from './matching/types.ts';
/** What the account is worth and may still buy. */
export * from './orders/buying-power.ts';
/** The exchange: one input, and what follows from it. */
export * from './orders/exchange-core.ts';
/** What a fill costs. */
export * from './orders/fees.ts';
/** Orders, and the events of their lives. */
export * from './orders/order.ts';
/** The rules, the state, the inputs and the outputs of the exchange. */
export * from './orders/state.ts';
/** Seeded chance. */
export * from './random.ts';
/** Instruments, and what may be ordered of them. */
export * from './reference/asset.ts';
export * from './reference/assets.ts';
/** Alpaca's way of saying no. */
export * from './refusal.ts';
/** When asset classes trade, and when orders end. */
export * from './sessions.ts';

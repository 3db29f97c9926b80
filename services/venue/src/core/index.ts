/** The account and its positions, as Alpaca gives them. */
export * from './account.ts';
/** Market events: trades and quotes as the venue plays them. */
export * from './market-event.ts';
/** Matching: what the market showed and the orders that fill against it. */
export * from './matching.ts';
/** The listing of orders: what is asked for and what is found. */
export * from './order-listing.ts';
/** The body of an order, read and checked. */
export * from './order-request.ts';
/** Alpaca's way of saying no. */
export * from './refusal.ts';
/** A seeded market that looks alive and repeats itself exactly. */
export * from './synthetic-market.ts';

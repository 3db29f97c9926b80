/**
 * Tickpath's transport over ZeroMQ: the message table and its codec; market streams (publisher, follower, flow control);
 * log streams (publisher, follower, the port a journal fills); request/reply (responder, requester); topics and sequences.
 */
export * from './envelope.ts';
export * from './log.ts';
export * from './log-follower.ts';
export * from './log-publisher.ts';
export * from './market-follower.ts';
export * from './market-publisher.ts';
export * from './messages.ts';
export * from './metrics-port.ts';
export * from './outbox.ts';
export * from './requester.ts';
export * from './responder.ts';
export * from './retransmit-ring.ts';
export { WireError } from './socket.ts';
export * from './stream-archive.ts';
export * from './stream-tracker.ts';
export * from './topics.ts';

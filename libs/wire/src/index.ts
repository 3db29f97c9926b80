/**
 * Tickpath's transport over ZeroMQ: the message table and its codec; market streams (publisher, follower, flow control);
 * log streams (publisher, follower, the port a journal fills); request/reply (responder, requester); topics and sequences;
 * keys: who is let in, and the files they are kept in; what all sockets of a process have in common.
 */
export { type AnswerStore, AnswerStoreFull, MemoryAnswers, type MemoryAnswersOptions } from './answers.ts';
export { generateKeyPair, isKey, type KeyPair } from './curve-key.ts';
export * from './envelope.ts';
export * from './journal-answers.ts';
export * from './journal-log.ts';
export * from './key-files.ts';
export * from './log.ts';
export * from './log-follower.ts';
export * from './log-publisher.ts';
export * from './market-follower.ts';
export * from './market-publisher.ts';
export { fromJson, type PayloadJson, toJson } from './message-json.ts';
export * from './messages.ts';
export * from './metrics-port.ts';
export * from './outbox.ts';
export type { Refusal, RefusalListener } from './refusals.ts';
export * from './requester.ts';
export * from './responder.ts';
export * from './retransmit-ring.ts';
export {
  type ClientOptions,
  type ClientSecurity,
  NO_SECURITY,
  openSecurity,
  type SecurityOptions,
  type ServerOptions,
  securityFrom,
  type WireSecurity,
} from './security.ts';
export * from './security-error.ts';
export { WireError } from './socket.ts';
export * from './stream-archive.ts';
export * from './stream-tracker.ts';
export * from './topics.ts';
export * from './wire-context.ts';

/**
 * What tests run real things with: child processes whose lines can be waited for, a proxy that harms messages and
 * connections on purpose, recorded exchanges on real sockets that can be made to fail, plain ZeroMQ clients, a collector
 * of spans, and the whole stack on its own ports.
 */
export * from './condition.ts';
export * from './exchange-server.ts';
export * from './exchange-server-alpaca.ts';
export * from './exchange-server-alpaca-tapes.ts';
export * from './exchange-server-binance.ts';
export * from './exchange-server-book.ts';
export * from './exchange-server-captures.ts';
export * from './exchange-server-coinbase.ts';
export { EXCHANGE_FAULTS, type ExchangeFault, seededRandom } from './exchange-server-faults.ts';
export * from './exchange-server-history.ts';
export * from './exchange-server-kraken.ts';
export type { PlayOptions } from './exchange-server-play.ts';
export type { FaultStats } from './fault-lane.ts';
export type { Side } from './fault-links.ts';
export type { Faults } from './fault-plan.ts';
export * from './fault-proxy.ts';
export * from './outsider.ts';
export * from './port-offset.ts';
export * from './process.ts';
export * from './span-collector.ts';
export * from './stack.ts';

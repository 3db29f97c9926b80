/**
 * What tests run real things with: child processes whose lines can be waited for, a proxy that harms messages and
 * connections on purpose, plain ZeroMQ clients, a collector of spans, and the whole stack on its own ports.
 */
export * from './condition.ts';
export type { FaultStats } from './fault-lane.ts';
export type { Side } from './fault-links.ts';
export type { Faults } from './fault-plan.ts';
export * from './fault-proxy.ts';
export * from './outsider.ts';
export * from './process.ts';
export * from './span-collector.ts';
export * from './stack.ts';

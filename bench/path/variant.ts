import type { Cause } from './ticks.ts';
import type { BenchVenue } from './venue.ts';

export type VariantName = 'relay' | 'straightLine' | 'stack';

/** How far the followers of the market stream have come since they started. */
export interface Progress {
  /** Ticks that the store has. */
  readonly ticks: number;
  /** Messages, bars among them, that each follower has; equal when all have caught up. */
  readonly received: Readonly<Record<string, number>>;
  /** Messages that any of them has missed. */
  readonly lost: number;
}

/** A chain of processes from a tick to its order, with the venue it is connected to. */
export interface Variant {
  readonly name: VariantName;
  readonly venue: BenchVenue;
  /** The `client_order_id` of the order that a marked tick causes. */
  clOrdIdOf(cause: Cause): string;
  progress(): Promise<Progress>;
  /** How often an order was refused since the start, by reason. */
  refusals(): Promise<ReadonlyMap<string, number>>;
  close(): Promise<void>;
}

export interface VariantOptions {
  readonly portOffset: number;
  readonly cpuProfiles: string | undefined;
}

/** Arguments to Node for a measured process. */
export function nodeArguments(name: string, { cpuProfiles }: VariantOptions): readonly string[] {
  if (cpuProfiles === undefined) return [];
  return ['--cpu-prof', `--cpu-prof-dir=${cpuProfiles}`, `--cpu-prof-name=${name}.cpuprofile`];
}

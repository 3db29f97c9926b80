import type { ServiceName } from './ports.ts';

/** A step of the path from a venue's message to a position, measured by the service that takes it. */
export interface Stage {
  readonly service: ServiceName;
  /** From what to what, as the table of `tickpath latency` says it. */
  readonly what: string;
  /** The budget in seconds (DESIGN §13), where there is one. */
  readonly p50Seconds?: number;
  readonly p99Seconds?: number;
}

/** Every stage that `tickpath_stage_seconds` knows, in the order in which an order passes them. */
export const STAGES = {
  match: { service: 'venue', what: 'an order matched against the market' },
  decode: { service: 'market-data', what: 'a venue message parsed', p50Seconds: 2e-6, p99Seconds: 50e-6 },
  publish: { service: 'market-data', what: 'a tick encoded and handed on', p50Seconds: 5e-6, p99Seconds: 50e-6 },
  bar: { service: 'market-data', what: 'a tick put into its bars' },
  ingest: { service: 'store', what: 'a message kept' },
  // The budgets of features and of strategies, added: a strategy computes its features itself.
  strategy: { service: 'signal', what: 'features and strategy on one bar', p50Seconds: 25e-6, p99Seconds: 200e-6 },
  tick_to_intent: { service: 'signal', what: 'tick received → intent decided' },
  risk_round_trip: { service: 'signal', what: 'risk asked → decision received' },
  risk_check: { service: 'risk', what: 'one check in the core', p50Seconds: 10e-6, p99Seconds: 50e-6 },
  apply_execution: { service: 'risk', what: "one event of execution's log applied" },
  submit: {
    service: 'execution',
    what: 'approval received → request written',
    p50Seconds: 100e-6,
    p99Seconds: 500e-6,
  },
  tick_to_order: {
    service: 'execution',
    what: 'tick received → order written to the venue',
    p50Seconds: 5e-3,
    p99Seconds: 8e-3,
  },
  acknowledge: { service: 'execution', what: 'request written → first word of the venue' },
  fill: { service: 'execution', what: 'request written → last execution' },
} as const satisfies Record<string, Stage>;

export type StageName = keyof typeof STAGES;
export const STAGE_NAMES = Object.keys(STAGES) as readonly StageName[];

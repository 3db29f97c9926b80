/** Execution's decisions: what is sent, what becomes of it, and what the venue's words mean. */
export type { ExecutionEvent } from './events.ts';
export * from './execution.ts';
export { replayExecution } from './replay.ts';
export { type ExecutionSnapshot, restoreExecution, snapshotOf } from './snapshot.ts';
export {
  type ExecutionConfig,
  type ExecutionInput,
  type ExecutionOutput,
  type ExecutionState,
  executionTradingState,
  type FillsAsked,
  type FillsWanted,
  type LookupOutcome,
} from './state.ts';
export * from './venue-update.ts';

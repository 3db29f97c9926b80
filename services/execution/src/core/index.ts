/** Execution's decisions: what is sent, what becomes of it, and what the venue's words mean. */
export * from './execution.ts';
export {
  type ExecutionConfig,
  type ExecutionInput,
  type ExecutionOutput,
  type ExecutionState,
  executionTradingState,
  type LookupOutcome,
  openExecution,
} from './state.ts';
export * from './venue-update.ts';

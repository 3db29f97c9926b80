/**
 * What every process is made of: configuration from defaults, profile, environment and flags; addresses; a clock; logs,
 * metrics and health; a watch for standstills; and the life of a service from start to exit code.
 */
export { type Clock, createClock } from './clock.ts';
export {
  ConfigError,
  type ConfigRequest,
  type LoadedConfig,
  loadConfig,
  SECTIONS,
  type SectionName,
  WORKSPACE_CONFIG_DIR,
} from './config.ts';
export {
  either,
  FORMATS,
  type Format,
  format,
  intBetween,
  numberBetween,
  oneOf,
  textLike,
  type ValueFault,
} from './config-format.ts';
export type { Env } from './config-layers.ts';
export {
  type ConfigOf,
  type ConfigSchema,
  defineSchema,
  type EntryFields,
  entry,
  envNameOf,
  type FormatName,
  type Leaf,
  listOf,
  mapOf,
} from './config-schema.ts';
export { isProfilePath, profilesIn } from './config-source.ts';
export { EXIT_CRASH, EXIT_OK, EXIT_UNRECOVERABLE, FatalStartError } from './exit.ts';
export { failpoints } from './failpoint.ts';
export { type Health, type HealthStatus, TRADING_STATES, type TradingState } from './health.ts';
export type { OperationsAnswer, OperationsMethod, OperationsRequest, OperationsRoute } from './health-server.ts';
export { journalOptions } from './journal-options.ts';
export { createLogger, type Logger, type LoggerOptions } from './log.ts';
export { createMetrics, type Metrics } from './metrics.ts';
export {
  type Addresses,
  addresses,
  type EndpointName,
  type Network,
  PORTS,
  SERVICE_NAMES,
  type ServiceName,
} from './ports.ts';
export * from './recorder.ts';
export {
  type Operations,
  type Running,
  runService,
  type ServiceContext,
  type ServiceDefinition,
  SUPERVISED_VARIABLE,
} from './service.ts';
export { LOG_LEVELS, type LogLevel, type SharedConfig, sharedSchema } from './shared-config.ts';
export { STAGE_BUCKETS } from './stage-metrics.ts';
export { STAGE_NAMES, STAGES, type Stage, type StageName } from './stages.ts';
export { StallWatch } from './stall-watch.ts';
export {
  NO_TRACING,
  type SpanAttributes,
  type SpanEvent,
  type SpanLink,
  type SpanRecord,
  type Tracing,
} from './tracing.ts';
export { newVenueKeys, readVenueKeys, type VenueKeys, venueKeys, venueKeysFile, venueKeysOf } from './venue-keys.ts';
export { VERSION } from './version.ts';

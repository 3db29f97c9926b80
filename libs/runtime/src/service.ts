import { type Clock, createClock } from './clock.ts';
import { type LoadedConfig, loadConfig } from './config.ts';
import type { ConfigOf, ConfigSchema } from './config-schema.ts';
import { EXIT_CRASH, EXIT_OK, EXIT_UNRECOVERABLE, unrecoverableFaults } from './exit.ts';
import { createHealth, type Health } from './health.ts';
import { type OperationsRoute, serveHealth } from './health-server.ts';
import { createLogger, createProcessLog, type Logger } from './log.ts';
import { createMetrics, type Metrics } from './metrics.ts';
import { type Addresses, addresses, type ServiceName } from './ports.ts';
import type { LogLevel, SharedConfig } from './shared-config.ts';
import type { Tracing } from './tracing.ts';
import { createTracing } from './tracing-service.ts';

/** Set to 1 by a supervisor: SIGINT is then its business, and the end of stdin means that it died. */
export const SUPERVISED_VARIABLE = 'TICKPATH_SUPERVISED';

const STOP_DEADLINE_MS = 2000;
/** For the last spans, within what a supervisor grants before it kills (2.5 s). */
const LAST_SPANS_MS = 1000;
const LATEST_END_MS = 2300;

/** What a service gets to run with. */
export interface ServiceContext<Config> {
  readonly name: ServiceName;
  readonly config: Config;
  readonly shared: SharedConfig;
  readonly log: Logger;
  readonly metrics: Metrics;
  readonly clock: Clock;
  readonly health: Health;
  readonly addresses: Addresses;
  readonly tracing: Tracing;
  readonly operations: Operations;
  /** Keeps secrets that are not part of the configuration out of every line that is logged from now on. */
  readonly hideInLogs: (secrets: readonly string[]) => void;
  /**
   * Ends the process for a broken invariant: one fatal line, exit 70, and the supervisor starts it again; exit 78 for a
   * `FatalStartError` and its like. Never returns. Bound, so that it can be handed on as a callback.
   */
  readonly onFatal: (error: unknown) => never;
}

/** The HTTP server that every service has, for people and for what watches it. */
export interface Operations {
  /** Adds a path of the service's own. Throws for one that is there. */
  route(path: string, route: OperationsRoute): void;
}

export interface Running {
  /** Releases everything; called once. It has 2 seconds. */
  stop(): Promise<void>;
}

export interface ServiceDefinition<S extends ConfigSchema> {
  readonly name: ServiceName;
  readonly schema: S;
  /** Impossible combinations of allowed values, one line each. */
  readonly check?: (config: ConfigOf<S>, shared: SharedConfig) => readonly string[];
  /** The trace of an order (`traceIdOf` of `@tickpath/trading`): lines with a `clOrdId` then carry its `traceId`. */
  readonly traceIdOf?: (clOrdId: string) => string;
  /** Resolves when the sockets are bound and the own journal is recovered: the service is then ready. */
  start(context: ServiceContext<ConfigOf<S>>): Promise<Running>;
}

/**
 * Runs one service as this process, from its configuration to its exit code: 0 after SIGTERM (or SIGINT, or the end of
 * the supervisor), 70 after a crash, 78 when a restart cannot help.
 */
export async function runService<const S extends ConfigSchema>(definition: ServiceDefinition<S>): Promise<void> {
  const { name } = definition;
  const supervised = process.env[SUPERVISED_VARIABLE] === '1';
  let log = createLogger({ service: name, level: 'fatal' });
  const die = (error: unknown): never => {
    const faults = unrecoverableFaults(error);
    if (faults === undefined) log.fatal({ err: error }, `stopped by an error: ${messageOf(error)}`);
    else if (supervised) for (const fault of faults) log.fatal({ code: codeOf(error) }, fault);
    else for (const fault of faults) process.stderr.write(`${name}: ${fault}\n`);
    process.exit(faults === undefined ? EXIT_CRASH : EXIT_UNRECOVERABLE);
  };
  process.on('uncaughtException', die);
  process.on('unhandledRejection', die);

  let loaded: LoadedConfig<S>;
  try {
    loaded = loadConfig({ ...definition, section: name, argv: process.argv.slice(2), env: process.env });
  } catch (error) {
    return die(error);
  }
  if (loaded.printConfig) {
    process.stdout.write(`${loaded.print()}\n`);
    return;
  }
  const { shared, config } = loaded;
  const metrics = createMetrics({
    onRefreshError: (error) => log.error({ err: error }, 'a metric could not be refreshed'),
  });
  const health = createHealth(name, metrics);
  const processLog = createProcessLog({
    service: name,
    level: shared.log.level,
    secrets: Object.values(shared.alpaca),
    traceIdOf: definition.traceIdOf,
    onError: health.countError,
  });
  log = processLog.log;
  const { lifecycleLog } = processLog;
  const logLevel = {
    level: processLog.level,
    setLevel(level: LogLevel) {
      processLog.setLevel(level);
      lifecycleLog.info({ logLevel: level }, `log level set to ${level}`);
    },
  };

  const lifecycle = createLifecycle();
  listenForStop(supervised, lifecycle.requestStop);
  try {
    const at = addresses(shared.network);
    const server = await serveHealth(
      { health, metrics, logLevel },
      { host: at.bindHost, port: at.port(`health.${name}`) },
    );
    const tracing = createTracing({ config: shared.tracing, service: name, metrics, log });
    const context = {
      name,
      config,
      shared,
      log,
      metrics,
      clock: createClock(),
      health,
      addresses: at,
      tracing,
      operations: { route: server.route },
      hideInLogs: processLog.hide,
      onFatal: die,
    };
    const starting = definition.start(context);
    const started = await Promise.race([starting, lifecycle.stopRequested]);
    if (typeof started !== 'string') {
      health.lifecycle('ready');
      lifecycleLog.info({ lifecycle: 'ready', profile: loaded.profile }, 'ready');
      tracing.ready();
    }
    const reason = await lifecycle.stopRequested;
    const stoppingMs = performance.now();
    health.lifecycle('stopping');
    lifecycleLog.info({ lifecycle: 'stopping', reason }, 'stopping');
    await within(STOP_DEADLINE_MS, async () => {
      const running = await starting;
      await running.stop();
      await server.close();
    });
    await tracing.close(Math.min(LAST_SPANS_MS, LATEST_END_MS - (performance.now() - stoppingMs)));
    lifecycleLog.info({ lifecycle: 'stopped' }, 'stopped');
    process.exit(EXIT_OK);
  } catch (error) {
    die(error);
  }
}

function createLifecycle(): { readonly stopRequested: Promise<string>; requestStop(reason: string): void } {
  const { promise, resolve } = Promise.withResolvers<string>();
  return { stopRequested: promise, requestStop: resolve };
}

function listenForStop(supervised: boolean, requestStop: (reason: string) => void): void {
  process.on('SIGTERM', () => requestStop('SIGTERM'));
  // A terminal signals its whole process group: under a supervisor these two are its business.
  for (const signal of ['SIGINT', 'SIGHUP'] as const) {
    process.on(signal, () => {
      if (!supervised) requestStop(signal);
    });
  }
  if (!supervised) return;
  process.stdin.on('close', () => requestStop('the supervisor is gone'));
  process.stdin.on('error', () => requestStop('the supervisor is gone'));
  process.stdin.resume();
}

async function within(deadlineMs: number, work: () => Promise<void>): Promise<void> {
  const { promise: late, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new Error(`not stopped within ${deadlineMs} ms`)), deadlineMs);
  await Promise.race([work(), late]);
  clearTimeout(timer);
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined;
}

import { destination, type Logger as PinoLogger, pino } from 'pino';
import type { LogLevel } from './shared-config.ts';

export type Logger = PinoLogger;

/** The text that stands in a log line where a secret was. */
export const REDACTED = '[redacted]';

const SECRET_KEYS = ['keyId', 'secretKey', 'authorization', 'Authorization', 'APCA-API-KEY-ID', 'APCA-API-SECRET-KEY'];
const SECRET_PATHS = SECRET_KEYS.flatMap((key) => ['', '*', '*.*'].map((parent) => `${parent}["${key}"]`));
const ERROR_LEVEL = 50;

export interface LoggerOptions {
  readonly service: string;
  readonly level: LogLevel;
  /** Values that must not appear in any line, wherever they came from. */
  readonly secrets?: readonly string[];
  /** The trace of an order: every line with a `clOrdId` among its fields gets the `traceId` too. */
  readonly traceIdOf?: ((clOrdId: string) => string) | undefined;
  /** Told of every line at level error or above. */
  onError?(): void;
}

/** The logger of a process and what can be changed about it while it runs. */
export interface ProcessLog {
  readonly log: Logger;
  /** Writes whatever the level is: a supervisor reads these lines. */
  readonly lifecycleLog: Logger;
  level(): LogLevel;
  /** Changes the level of `log` and of every logger made from it without a level of its own. */
  setLevel(level: LogLevel): void;
  /** Further values that must not appear in any line from now on. */
  hide(secrets: readonly string[]): void;
}

/**
 * JSON lines on stdout, each with `service` and `time` in Unix milliseconds. A line is written before the call
 * returns, so that the last words of a crashing process are not lost.
 */
export function createProcessLog({ service, level, secrets = [], traceIdOf, onError }: LoggerOptions): ProcessLog {
  let hidden = asWritten(secrets);
  let current = level;
  const log: Logger = pino(
    {
      level,
      base: { service },
      formatters: { level: (label) => ({ level: label }) },
      redact: { paths: SECRET_PATHS, censor: REDACTED },
      ...(traceIdOf !== undefined && { mixin: (fields) => traceFields(fields, traceIdOf) }),
      hooks: {
        logMethod(args, method, atLevel) {
          if (atLevel >= ERROR_LEVEL) onError?.();
          method.apply(this, args);
        },
        streamWrite: (line) => hidden.reduce((text, secret) => text.replaceAll(secret, REDACTED), line),
      },
    },
    destination({ dest: 1, sync: true }),
  );
  // A child follows its parent's level until it is given one; `child(…, { level })` gives none when the two are equal.
  const lifecycleLog = log.child({});
  lifecycleLog.level = 'info';
  return {
    log,
    lifecycleLog,
    level: () => current,
    setLevel(next) {
      current = next;
      log.level = next;
    },
    hide(more) {
      hidden = [...hidden, ...asWritten(more)];
    },
  };
}

/** Secrets in the form that they have inside a line of JSON. */
function asWritten(secrets: readonly string[]): readonly string[] {
  return secrets.filter((secret) => secret !== '').map((secret) => JSON.stringify(secret).slice(1, -1));
}

/** The logger alone, for a process whose level does not change. */
export function createLogger(options: LoggerOptions): Logger {
  return createProcessLog(options).log;
}

function traceFields(fields: object | null | undefined, traceIdOf: (clOrdId: string) => string): object {
  if (fields === null || fields === undefined || !('clOrdId' in fields) || 'traceId' in fields) return {};
  return typeof fields.clOrdId === 'string' ? { traceId: traceIdOf(fields.clOrdId) } : {};
}

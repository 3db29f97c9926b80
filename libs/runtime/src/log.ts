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
  /** Told of every line at level error or above. */
  onError?(): void;
}

/**
 * JSON lines on stdout, each with `service` and `time` in Unix milliseconds. A line is written before the call
 * returns, so that the last words of a crashing process are not lost.
 */
export function createLogger({ service, level, secrets = [], onError }: LoggerOptions): Logger {
  const hidden = secrets.filter((secret) => secret !== '').map((secret) => JSON.stringify(secret).slice(1, -1));
  return pino(
    {
      level,
      base: { service },
      formatters: { level: (label) => ({ level: label }) },
      redact: { paths: SECRET_PATHS, censor: REDACTED },
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
}

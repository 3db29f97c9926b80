import { ConfigError } from './config.ts';

export const EXIT_OK = 0;
/** An error ended the process; a restart may help. */
export const EXIT_CRASH = 70;
/** The process cannot run like this (configuration, a port in use): a restart does not help. */
export const EXIT_UNRECOVERABLE = 78;

/** A start that cannot succeed however often it is tried, such as a journal of an unknown version. */
export class FatalStartError extends Error {
  readonly code: string;
  readonly unrecoverable = true;

  constructor(code: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'FatalStartError';
    this.code = code;
  }
}

/**
 * One line for each reason a restart cannot help; undefined for an error after which it may. An error of a library that
 * knows nothing of this package says so by `unrecoverable: true`.
 */
export function unrecoverableFaults(error: unknown): readonly string[] | undefined {
  if (error instanceof ConfigError) return error.faults;
  for (const each of causes(error)) {
    if (each instanceof Error && 'unrecoverable' in each && each.unrecoverable === true) return [each.message];
    if (each instanceof Error && 'code' in each && each.code === 'EADDRINUSE') {
      return [`${addressOf(each)} is already in use; stop what holds it, or set network.portOffset`];
    }
  }
  return undefined;
}

function addressOf(error: Error): string {
  const { address, port } = error as { address?: unknown; port?: unknown };
  if (typeof address !== 'string') return error.message;
  return typeof port === 'number'
    ? `port ${port} (${address}:${port})`
    : `port ${address.split(':').at(-1)} (${address})`;
}

function* causes(error: unknown): Generator<unknown> {
  const seen = new Set<unknown>();
  for (let each = error; each !== undefined && !seen.has(each); each = each instanceof Error ? each.cause : undefined) {
    seen.add(each);
    yield each;
  }
}

import { closeSync, openSync, writeSync } from 'node:fs';

/** Takes down what went into a core and what came out, so that its decisions can be run again and compared. */
export interface StepRecorder {
  record(input: unknown, outputs: readonly unknown[]): void;
  /** Writes what is buffered and closes the file. */
  close(): void;
}

const BUFFER_BYTES = 64 * 1024;

/**
 * Records to a new file: what the core was opened with, as `{ config }`, then one JSON object `{ in, out }` a line; an
 * int64 is written as `{"$int64":"…"}`. Without a path it records nothing. A file that cannot be written throws at the first write: a recording with holes would prove nothing.
 */
export function createStepRecorder(path: string | null, config: unknown): StepRecorder {
  if (path === null) return { record: () => {}, close: () => {} };
  const file = openSync(path, 'w');
  let buffer = `${recordedText({ config })}\n`;
  const flush = () => {
    writeSync(file, buffer);
    buffer = '';
  };
  return {
    record(input, outputs) {
      buffer += `${recordedText({ in: input, out: outputs })}\n`;
      if (buffer.length >= BUFFER_BYTES) flush();
    },
    close() {
      flush();
      closeSync(file);
    },
  };
}

/** The spelling of a value in a recording. */
export function recordedText(value: unknown): string {
  return JSON.stringify(value, (_key, item) => (typeof item === 'bigint' ? { $int64: String(item) } : item));
}

/** Reads the first line of a recording: what the core was opened with. */
export function readRecordedConfig(line: string): unknown {
  return (readRecorded(line) as { config: unknown }).config;
}

/** Reads a further line of a recording. */
export function readRecordedStep(line: string): { readonly in: unknown; readonly out: readonly unknown[] } {
  return readRecorded(line) as { in: unknown; out: unknown[] };
}

function readRecorded(line: string): unknown {
  return JSON.parse(line, (_key, item) => {
    const isInt64 = typeof item === 'object' && item !== null && typeof item.$int64 === 'string';
    return isInt64 ? BigInt(item.$int64) : item;
  });
}

export type TapeErrorCode = 'TAPE_UNREADABLE' | 'TAPE_MALFORMED';

/** A tape that cannot be played. The message names the file, the line where there is one, and what was found. */
export class TapeError extends Error {
  readonly code: TapeErrorCode;
  readonly file: string;
  readonly line: number | null;

  constructor(code: TapeErrorCode, where: { file: string; line?: number }, found: string, cause?: unknown) {
    super(`tape ${where.file}${where.line === undefined ? '' : ` line ${where.line}`}: ${found}`, { cause });
    this.name = 'TapeError';
    this.code = code;
    this.file = where.file;
    this.line = where.line ?? null;
  }
}

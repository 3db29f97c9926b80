import { JournalError } from './errors.ts';

const MAX_NAME = 256;

/** Streams, followers, types and ids: 1 to 256 characters, none of them a control character, well-formed Unicode. */
export function checkName(what: string, name: unknown): asserts name is string {
  if (typeof name === 'string' && name.length > 0 && name.length <= MAX_NAME && isPlain(name)) return;
  const shown = typeof name === 'string' ? JSON.stringify(name.slice(0, 80)) : String(name);
  throw new JournalError(
    'JOURNAL_MISUSE',
    `${what} ${shown} is not a text of 1 to ${MAX_NAME} characters without control characters`,
  );
}

/** As `checkName`, but null for none is allowed. */
export function checkId(what: string, id: unknown): asserts id is string | null {
  if (id !== null) checkName(what, id);
}

function isPlain(name: string): boolean {
  let isAscii = true;
  for (let i = 0; i < name.length; i += 1) {
    const code = name.charCodeAt(i);
    if (code < 0x20 || code === 0x7f) return false;
    if (code > 0x7f) isAscii = false;
  }
  return isAscii || name.isWellFormed();
}

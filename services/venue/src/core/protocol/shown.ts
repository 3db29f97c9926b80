const SHOWN_LENGTH = 80;

/** A value of a request as a message may repeat it: short, in JSON; of an object or a list only what it is. */
export function shown(value: unknown): string {
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object' && value !== null) return 'an object';
  const isLong = typeof value === 'string' && value.length > SHOWN_LENGTH;
  const text = JSON.stringify(isLong ? value.slice(0, SHOWN_LENGTH).toWellFormed() : value) ?? 'undefined';
  return isLong ? `${text}…` : text;
}

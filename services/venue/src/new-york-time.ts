const NEW_YORK = new Intl.DateTimeFormat('en-US', { timeZone: 'America/New_York', timeZoneName: 'longOffset' });
const MS_PER_HOUR = 3_600_000;

/** New York's offset from UTC at a Unix time, in milliseconds (negative: behind). */
function offsetMs(unixMs: number): number {
  const name = NEW_YORK.formatToParts(unixMs).find((part) => part.type === 'timeZoneName')?.value ?? '';
  const match = /^GMT([+-])(\d\d):(\d\d)$/.exec(name);
  if (match === null) throw new Error(`cannot read the offset of New York from "${name}"`);
  const ms = (Number(match[2]) * 60 + Number(match[3])) * 60_000;
  return match[1] === '-' ? -ms : ms;
}

/**
 * Reads times of one New York calendar day (`YYYYMMDD`) given as milliseconds of local time since midnight, as Unix
 * nanoseconds. Daylight saving is that of the hour itself; a local hour that a change repeats is read as its first pass.
 */
export function newYorkDay(day: string): (msSinceMidnight: number) => bigint {
  const midnightMs = Date.UTC(Number(day.slice(0, 4)), Number(day.slice(4, 6)) - 1, Number(day.slice(6, 8)));
  let hour = -1;
  let hourOffsetMs = 0;
  return (msSinceMidnight) => {
    const localMs = midnightMs + msSinceMidnight;
    if (Math.floor(msSinceMidnight / MS_PER_HOUR) !== hour) {
      hour = Math.floor(msSinceMidnight / MS_PER_HOUR);
      hourOffsetMs = offsetMs(localMs - offsetMs(localMs));
    }
    return BigInt(localMs - hourOffsetMs) * 1_000_000n;
  };
}

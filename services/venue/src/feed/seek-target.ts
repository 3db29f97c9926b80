import { newYorkDateOf, nsOfNewYork, rfc3339ToNs } from '@tickpath/trading';
import { withOffset } from '../core/protocol/query-fields.ts';
import type { SeekTarget } from './feed.ts';

const SHARE = /^(\d{1,3}(?:\.\d+)?)%$/;
const TIME_OF_DAY = /^(\d{1,2}):(\d{2})(?::(\d{2}))?$/;

/**
 * Where a person wants a tape to be: a time (RFC 3339), a time of day in New York (`HH:MM` or `HH:MM:SS`) of the day at
 * which the tape stands, or a share of its rows (`50%`). `null` for any other text.
 */
export function readSeekTarget(text: string, tapeNs: bigint): SeekTarget | null {
  const percent = SHARE.exec(text)?.[1];
  if (percent !== undefined) return { by: 'share', percent: Number(percent) };
  const time = TIME_OF_DAY.exec(text);
  if (time !== null) {
    const [hour = 0, minute = 0, second = 0] = time.slice(1).map((part) => Number(part ?? 0));
    if (hour > 23 || minute > 59 || second > 59) return null;
    return { by: 'time', tsNs: nsOfNewYork(newYorkDateOf(tapeNs), hour, minute, second) };
  }
  const tsNs = rfc3339ToNs(text) ?? withOffset(text);
  return tsNs === undefined ? null : { by: 'time', tsNs };
}

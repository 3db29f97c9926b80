import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  addDays,
  isDateText,
  newYorkDateOf,
  newYorkDay,
  newYorkOffsetNs,
  nsOfNewYork,
  weekdayOf,
} from '../src/index.ts';
import './seed.ts';

const NS_PER_MS = 1_000_000n;
const NS_PER_SECOND = 1_000_000_000n;
const HOUR_NS = 3600n * NS_PER_SECOND;
const FIRST_MS = Date.UTC(1967, 0);
const LAST_MS = Date.UTC(2041, 0);

/** The time zone data of the platform, which knows nothing of our rules. */
const PLATFORM = new Intl.DateTimeFormat('en-US', {
  ...{ timeZone: 'America/New_York', hourCycle: 'h23', year: 'numeric', month: '2-digit', day: '2-digit' },
  ...{ hour: '2-digit', minute: '2-digit', second: '2-digit' },
});

/** What clocks in New York show, as `2026-11-27 09:30:00`. */
function shownInNewYork(unixMs: number): string {
  const part = Object.fromEntries(PLATFORM.formatToParts(unixMs).map(({ type, value }) => [type, value]));
  return `${part.year}-${part.month}-${part.day} ${part.hour}:${part.minute}:${part.second}`;
}

function shownByOffset(unixMs: number): string {
  const localMs = unixMs + Number(newYorkOffsetNs(BigInt(unixMs) * NS_PER_MS) / NS_PER_MS);
  return new Date(localMs).toISOString().slice(0, 19).replace('T', ' ');
}

test('clocks show what the platform says they show, at any second from 1967 to 2040', () => {
  fc.assert(
    fc.property(fc.integer({ min: FIRST_MS / 1000, max: LAST_MS / 1000 - 1 }), (second) => {
      assert.equal(shownByOffset(second * 1000), shownInNewYork(second * 1000));
    }),
    { numRuns: 2000 },
  );
});

test('daylight saving begins and ends in the hour the platform says, in every year from 1967 to 2040', () => {
  const HOUR_MS = 3_600_000;
  let changes = 0;
  let offset = newYorkOffsetNs(BigInt(FIRST_MS) * NS_PER_MS);
  for (let ms = FIRST_MS; ms < LAST_MS; ms += HOUR_MS) {
    const next = newYorkOffsetNs(BigInt(ms) * NS_PER_MS);
    if (next === offset) continue;
    changes += 1;
    offset = next;
    for (const near of [ms - 1000, ms, ms + 1000]) assert.equal(shownByOffset(near), shownInNewYork(near));
  }
  assert.equal(changes, 2 * (2041 - 1967));
});

test('a time of New York is read back from the nanosecond it names', () => {
  fc.assert(
    fc.property(fc.integer({ min: FIRST_MS / 1000, max: LAST_MS / 1000 - 1 }), (second) => {
      const tsNs = BigInt(second) * NS_PER_SECOND;
      const [date = '', clock = ''] = shownInNewYork(second * 1000).split(' ');
      assert.equal(newYorkDateOf(tsNs), date);
      assert.equal(newYorkDateOf(tsNs + NS_PER_SECOND - 1n), date);
      const [hour = 0, minute = 0, s = 0] = clock.split(':').map(Number);
      const read = nsOfNewYork(date, hour, minute, s);
      // Only the second pass of a repeated hour is read as the first.
      if (read !== tsNs) assert.equal(read, tsNs - HOUR_NS);
      if (read !== tsNs) assert.equal(newYorkOffsetNs(read) - newYorkOffsetNs(tsNs), HOUR_NS);
      const ms = ((hour * 60 + minute) * 60 + s) * 1000;
      assert.equal(newYorkDay(date)(ms), read);
    }),
    { numRuns: 2000 },
  );
});

test('an hour that is repeated is its first pass, one that is skipped is the hour after', () => {
  const iso = (tsNs: bigint) => new Date(Number(tsNs / NS_PER_MS)).toISOString();
  assert.equal(iso(nsOfNewYork('2026-11-01', 1, 30)), '2026-11-01T05:30:00.000Z');
  assert.equal(iso(nsOfNewYork('2026-11-01', 2, 0)), '2026-11-01T07:00:00.000Z');
  assert.equal(iso(nsOfNewYork('2026-03-08', 1, 59, 59)), '2026-03-08T06:59:59.000Z');
  assert.equal(iso(nsOfNewYork('2026-03-08', 2, 30)), '2026-03-08T07:30:00.000Z');
  assert.equal(iso(nsOfNewYork('2026-03-08', 3, 30)), '2026-03-08T07:30:00.000Z');
  assert.equal(iso(nsOfNewYork('1974-01-06', 3, 0)), '1974-01-06T07:00:00.000Z');
  assert.equal(iso(nsOfNewYork('1986-04-27', 3, 0)), '1986-04-27T07:00:00.000Z');
  assert.equal(iso(nsOfNewYork('1987-04-05', 3, 0)), '1987-04-05T07:00:00.000Z');
});

test('the times of a day are read alike one by one and in order', () => {
  for (const date of ['2026-03-08', '2026-11-01', '2026-07-01', '2026-12-31']) {
    const read = newYorkDay(date);
    for (let minute = 0; minute < 24 * 60; minute += 7) {
      assert.equal(read(minute * 60_000), nsOfNewYork(date, Math.floor(minute / 60), minute % 60), `${date} ${minute}`);
    }
  }
  assert.equal(newYorkDay('2013-10-07')(34_200_001), nsOfNewYork('2013-10-07', 9, 30) + NS_PER_MS);
});

test('dates are counted over months, years and leap days', () => {
  assert.equal(addDays('2024-02-28', 1), '2024-02-29');
  assert.equal(addDays('2023-12-31', 1), '2024-01-01');
  assert.equal(addDays('2026-09-18', 89), '2026-12-16');
  assert.equal(addDays('2026-03-01', -1), '2026-02-28');
  assert.equal(weekdayOf('2026-11-21'), 6);
});

test('text that is no date is refused by its name', () => {
  for (const text of [
    '2023-02-29',
    '2023-13-01',
    '2023-1-1',
    '20230101',
    '',
    '2023-00-10',
    '2023-01-32',
    '2023-01-01 ',
  ]) {
    assert.equal(isDateText(text), false, text);
    assert.throws(() => nsOfNewYork(text, 0), new RangeError(`not a date like 2026-11-27: ${JSON.stringify(text)}`));
  }
  for (const text of ['2024-02-29', '0001-01-01', '9999-12-31']) assert.equal(addDays(text, 0), text);
});

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { addDays, newYorkDateOf, nsOfNewYork, tradingDayOf } from '@tickpath/trading';
import fc from 'fast-check';
import type { Session } from '../src/core/orders/state.ts';
import { dayEndNs, gtcEndNs, nextCloseNs, nextOpenNs, phaseAtFor } from '../src/core/sessions.ts';
import { timeText } from '../src/core/time-text.ts';
import './seed.ts';

const RUN = { numRuns: 500 };

const SECOND_NS = 1_000_000_000n;
/** Any nanosecond between 1998 and 2035. */
const anyTime = fc
  .bigInt({ min: 883_612_800n, max: 2_051_222_400n })
  .chain((second) => fc.bigInt({ min: 0n, max: SECOND_NS - 1n }).map((ns) => second * SECOND_NS + ns));
const anyEquityTime = fc.oneof(
  anyTime,
  // The moments at which something changes, and those beside them.
  fc
    .tuple(
      fc.integer({ min: 0, max: 13_500 }).map((days) => addDays('1998-01-01', days)),
      fc.constantFrom(0, 4, 9.5, 13, 16, 17, 20),
      fc.bigInt({ min: -1n, max: 1n }),
    )
    .map(([date, hour, beside]) => nsOfNewYork(date, Math.floor(hour), (hour % 1) * 60) + beside),
);

describe('under the hours of the US exchanges', () => {
  const phaseAt = phaseAtFor('us-equities');
  const span = (date: string, hour: number, minute = 0) => phaseAt('us_equity', nsOfNewYork(date, hour, minute));
  const shown = ({ phase, untilNs }: Session) => `${phase} until ${untilNs === null ? 'ever' : timeText(untilNs)}`;

  test('a day goes from closed to extended, regular, extended and closed, and a weekend is one closed span', () => {
    assert.equal(shown(span('2026-11-24', 3, 59)), 'closed until 2026-11-24T09:00:00Z');
    assert.equal(shown(span('2026-11-24', 4)), 'extended until 2026-11-24T14:30:00Z');
    assert.equal(shown(span('2026-11-24', 9, 30)), 'regular until 2026-11-24T21:00:00Z');
    assert.equal(shown(span('2026-11-24', 16)), 'extended until 2026-11-25T01:00:00Z');
    assert.equal(shown(span('2026-11-24', 20)), 'closed until 2026-11-25T09:00:00Z');
    assert.equal(shown(span('2026-11-25', 20)), 'closed until 2026-11-27T09:00:00Z');
    assert.equal(shown(span('2026-11-27', 12)), 'regular until 2026-11-27T18:00:00Z');
    assert.equal(shown(span('2026-11-27', 13)), 'extended until 2026-11-27T22:00:00Z');
    assert.equal(shown(span('2026-11-28', 12)), 'closed until 2026-11-30T09:00:00Z');
  });

  test('clocks that change over a weekend move the next session by an hour of UTC', () => {
    assert.equal(shown(span('2026-10-30', 21)), 'closed until 2026-11-02T09:00:00Z');
    assert.equal(shown(span('2026-10-29', 21)), 'closed until 2026-10-30T08:00:00Z');
    assert.equal(shown(span('2026-03-06', 21)), 'closed until 2026-03-09T08:00:00Z');
  });

  test('a phase lasts until the moment it names, and another begins there', () => {
    fc.assert(
      fc.property(anyEquityTime, fc.double({ min: 0, max: 1, noNaN: true }), (tsNs, part) => {
        const { phase, untilNs } = phaseAt('us_equity', tsNs);
        assert.ok(untilNs !== null && untilNs > tsNs);
        const within = tsNs + BigInt(Math.floor(Number(untilNs - 1n - tsNs) * part));
        for (const at of [within <= untilNs - 1n ? within : tsNs, untilNs - 1n]) {
          assert.deepEqual(phaseAtFor('us-equities')('us_equity', at), { phase, untilNs });
        }
        assert.notEqual(phaseAtFor('us-equities')('us_equity', untilNs).phase, phase);
      }),
      RUN,
    );
  });

  test('asked in any order it answers as if asked for the first time', () => {
    fc.assert(
      fc.property(fc.array(anyEquityTime, { minLength: 2, maxLength: 6 }), (times) => {
        const asked = phaseAtFor('us-equities');
        for (const tsNs of [...times, ...times.toReversed()]) {
          assert.deepEqual(asked('us_equity', tsNs), phaseAtFor('us-equities')('us_equity', tsNs));
        }
      }),
      RUN,
    );
  });

  test('the next open and the next close are later, and begin and end a regular session', () => {
    fc.assert(
      fc.property(anyEquityTime, (tsNs) => {
        const openNs = nextOpenNs('us-equities', 'us_equity', tsNs);
        const closeNs = nextCloseNs('us-equities', 'us_equity', tsNs);
        assert.ok(openNs > tsNs && closeNs > tsNs);
        assert.equal(tradingDayOf(newYorkDateOf(openNs))?.openNs, openNs);
        assert.equal(tradingDayOf(newYorkDateOf(closeNs))?.closeNs, closeNs);
        assert.equal(phaseAt('us_equity', tsNs).phase === 'regular', closeNs < openNs);
      }),
      RUN,
    );
  });

  test('an order for the day expires with the close of its session, or of the next one when submitted after it', () => {
    const end = (extendedHours: boolean, ...at: Parameters<typeof nsOfNewYork>) =>
      timeText(dayEndNs('us-equities', 'us_equity', nsOfNewYork(...at), extendedHours));
    assert.equal(end(false, '2026-11-24', 10), '2026-11-24T21:00:00Z');
    assert.equal(end(false, '2026-11-24', 5), '2026-11-24T21:00:00Z');
    assert.equal(end(false, '2026-11-24', 16), '2026-11-25T21:00:00Z');
    assert.equal(end(false, '2026-11-25', 17), '2026-11-27T18:00:00Z', 'over Thanksgiving to an early close');
    assert.equal(end(true, '2026-11-24', 17), '2026-11-25T01:00:00Z');
    assert.equal(end(true, '2026-11-24', 20), '2026-11-26T01:00:00Z');
    assert.equal(end(true, '2026-11-27', 10), '2026-11-27T22:00:00Z');
    assert.equal(end(false, '2026-11-28', 10), '2026-11-30T21:00:00Z');
  });

  test('an order for the day ends where a session that it may trade in does', () => {
    fc.assert(
      fc.property(anyEquityTime, fc.boolean(), (tsNs, extendedHours) => {
        const endNs = dayEndNs('us-equities', 'us_equity', tsNs, extendedHours);
        assert.ok(endNs > tsNs);
        assert.equal(phaseAt('us_equity', endNs - 1n).phase, extendedHours ? 'extended' : 'regular');
        assert.equal(phaseAt('us_equity', endNs).phase, extendedHours ? 'closed' : 'extended');
      }),
      RUN,
    );
  });

  test('crypto always trades, and its day ends at midnight of New York', () => {
    assert.deepEqual(phaseAt('crypto', nsOfNewYork('2026-11-28', 3)), { phase: 'regular', untilNs: null });
    const endNs = dayEndNs('us-equities', 'crypto', nsOfNewYork('2026-11-28', 3), false);
    assert.equal(endNs, nsOfNewYork('2026-11-29', 0));
  });
});

test('what always trades has days that end at midnight of New York, also where clocks change', () => {
  const phaseAt = phaseAtFor('always');
  fc.assert(
    fc.property(anyTime, fc.boolean(), (tsNs, extendedHours) => {
      assert.deepEqual(phaseAt('us_equity', tsNs), { phase: 'regular', untilNs: null });
      const endNs = dayEndNs('always', 'us_equity', tsNs, extendedHours);
      assert.ok(endNs > tsNs && endNs - tsNs <= 25n * 3600n * SECOND_NS);
      assert.equal(newYorkDateOf(endNs - 1n), newYorkDateOf(tsNs));
      assert.equal(newYorkDateOf(endNs), addDays(newYorkDateOf(tsNs), 1));
      assert.equal(nextOpenNs('always', 'us_equity', tsNs), endNs);
      assert.equal(nextCloseNs('always', 'us_equity', tsNs), endNs);
    }),
    RUN,
  );
});

test("a GTC order expires when one of Alpaca's of that day did", () => {
  const submittedNs = BigInt(Date.parse('2026-09-18T13:24:50Z')) * 1_000_000n;
  assert.equal(timeText(gtcEndNs(submittedNs)), '2026-12-16T21:00:00Z');
  assert.equal(timeText(gtcEndNs(nsOfNewYork('2026-04-01', 23))), '2026-06-29T20:00:00Z');
});

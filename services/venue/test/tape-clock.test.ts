import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readSeekTarget } from '../src/feed/seek-target.ts';
import { createTapeClock } from '../src/feed/tape-clock.ts';

function aClock(pace: number | 'max', tapeNs = 1000n) {
  const wall = { ns: 50n };
  return { wall, clock: createTapeClock({ pace, tapeNs }, () => wall.ns) };
}

test('the time of a tape stands until it is let run, then runs at its pace, and stands again', () => {
  const { wall, clock } = aClock(2);
  wall.ns += 100n;
  assert.equal(clock.nowNs(), 1000n);
  clock.run();
  wall.ns += 100n;
  assert.equal(clock.nowNs(), 1200n);
  clock.run();
  assert.equal(clock.nowNs(), 1200n);
  clock.hold();
  wall.ns += 100n;
  assert.equal(clock.nowNs(), 1200n);
  clock.run();
  wall.ns += 10n;
  assert.equal(clock.nowNs(), 1220n);
});

test('another pace counts from now on', () => {
  const { wall, clock } = aClock(1);
  clock.run();
  wall.ns += 100n;
  clock.setPace(0.5);
  assert.equal(clock.nowNs(), 1100n);
  wall.ns += 100n;
  assert.equal(clock.nowNs(), 1150n);
  clock.setPace('max');
  wall.ns += 100n;
  assert.equal(clock.nowNs(), 1150n);
  clock.moveTo(9000n);
  assert.equal(clock.nowNs(), 9000n);
  clock.setPace(1);
  wall.ns += 1n;
  assert.equal(clock.nowNs(), 9001n);
});

test('the next row is not passed, but rows that are late are due', () => {
  const { wall, clock } = aClock(1);
  clock.limitTo(1100n);
  clock.run();
  wall.ns += 500n;
  assert.equal(clock.nowNs(), 1100n);
  assert.equal(clock.dueNs(), 1500n);
  clock.limitTo(1300n);
  assert.equal(clock.nowNs(), 1300n);
  // A wait of the readers is not caught up with.
  clock.hold();
  clock.run();
  assert.equal(clock.dueNs(), 1300n);
});

test('it says how long the wall clock takes to a time of the tape', () => {
  const { clock } = aClock(4);
  assert.equal(clock.untilNs(1400n), null);
  clock.run();
  assert.equal(clock.untilNs(1400n), 100n);
  assert.equal(clock.untilNs(1401n), 101n);
  assert.equal(clock.untilNs(1000n), 0n);
  clock.setPace('max');
  assert.equal(clock.untilNs(1400n), null);
});

test('where a person wants a tape to be is read', () => {
  const atNs = BigInt(Date.UTC(2013, 9, 8, 1)) * 1_000_000n;
  const utc = (text: string) => BigInt(Date.parse(text)) * 1_000_000n;
  // 1:00 UTC of the 8th is the evening of the 7th in New York.
  for (const [text, iso] of [
    ['9:30', '2013-10-07T13:30:00Z'],
    ['09:30:05', '2013-10-07T13:30:05Z'],
    ['2013-10-07T10:00:00-04:00', '2013-10-07T14:00:00Z'],
    ['2013-10-07T14:00:00.5Z', '2013-10-07T14:00:00.500Z'],
  ] as const) {
    assert.deepEqual(readSeekTarget(text, atNs), { by: 'time', tsNs: utc(iso) }, text);
  }
  assert.deepEqual(readSeekTarget('12.5%', atNs), { by: 'share', percent: 12.5 });
  for (const text of ['', 'noon', '24:00', '9:60', '9:30:60', '9', '%', '-1%', '1000%', '2013-10-07']) {
    assert.equal(readSeekTarget(text, atNs), null, text);
  }
});

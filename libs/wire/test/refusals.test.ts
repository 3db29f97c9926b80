import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createRefusalReporter, type Refusal } from '../src/refusals.ts';

function reporter(limits: { remembered: number; reportsPerMinute: number }) {
  const clock = { nowMs: 0 };
  const reports: string[] = [];
  const refuse = createRefusalReporter({ ...limits, nowMs: () => clock.nowMs }, ({ publicKey }, unreported) => {
    reports.push(`${publicKey} after ${unreported}`);
  });
  return { clock, reports, refuse: (publicKey: string, address = '10.0.0.9') => refuse(refusal(publicKey, address)) };
}

function refusal(publicKey: string, address: string): Refusal {
  return { mechanism: 'CURVE', address, publicKey, reason: 'its key is not on the list' };
}

test('a refused key is reported once for each address it comes from', () => {
  const { reports, refuse } = reporter({ remembered: 10, reportsPerMinute: 10 });
  for (const [key, address] of [
    ['a', '::1'],
    ['a', '::1'],
    ['a', '::2'],
    ['b', '::1'],
    ['a', '::1'],
  ] as const) {
    refuse(key, address);
  }
  assert.deepEqual(reports, ['a after 0', 'a after 1', 'b after 0']);
});

test('more strangers than the rate allows wait for the next minute, and their number is told', () => {
  const { clock, reports, refuse } = reporter({ remembered: 100, reportsPerMinute: 2 });
  for (const key of ['a', 'b', 'c', 'd']) refuse(key);
  clock.nowMs = 59_999;
  refuse('c');
  clock.nowMs = 60_000;
  refuse('c');
  assert.deepEqual(reports, ['a after 0', 'b after 0', 'c after 3']);
});

test('what is remembered is bounded: the oldest is forgotten and may be reported again', () => {
  const { reports, refuse } = reporter({ remembered: 2, reportsPerMinute: 100 });
  for (const key of ['a', 'b', 'c', 'b', 'a']) refuse(key);
  assert.deepEqual(reports, ['a after 0', 'b after 0', 'c after 0', 'a after 1']);
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { nsOfNewYork } from '@tickpath/trading';
import { Desk } from './desk.ts';

/** 9:30 on Friday, 2026-09-18. */
const FRIDAY_NS = nsOfNewYork('2026-09-18', 9, 30);
const SHORT = { side: 'sell', qty: '1', timeInForce: 'ioc' } as const;

function isRestricted(desk: Desk, id: string): boolean {
  desk.quote({ bidPx: '100', bidSz: '1000', askPx: '101', askSz: '1000' });
  desk.submit(id, SHORT);
  return desk.order(id).status === 'canceled';
}

test('a short-sale restriction is over with the next trading day, a weekend later', () => {
  const desk = new Desk({}, { startNs: FRIDAY_NS });
  desk.status('short-sale-restriction');
  assert.ok(isRestricted(desk, 'friday'));
  desk.until(nsOfNewYork('2026-09-21', 23, 59, 59));
  assert.ok(isRestricted(desk, 'monday'));
  desk.until(nsOfNewYork('2026-09-22', 0));
  assert.ok(!isRestricted(desk, 'tuesday'));
  assert.equal(desk.state.restrictions.size, 0);
});

test('one that is shown again begins anew, and each symbol has its own', () => {
  const desk = new Desk({}, { startNs: FRIDAY_NS });
  desk.status('short-sale-restriction');
  desk.status('short-sale-restriction', 'MSFT');
  desk.until(nsOfNewYork('2026-09-21', 12));
  desk.status('short-sale-restriction');
  desk.until(nsOfNewYork('2026-09-22', 12));
  assert.deepEqual([...desk.state.restrictions.keys()], ['AAPL']);
  assert.ok(isRestricted(desk, 'tuesday'));
  desk.until(nsOfNewYork('2026-09-23', 12));
  assert.ok(!isRestricted(desk, 'wednesday'));
});

test('one that was over long ago is none, and a source that goes back shows its own', () => {
  const desk = new Desk({}, { startNs: FRIDAY_NS });
  desk.status('short-sale-restriction');
  desk.nowNs -= 3_600_000_000_000n;
  desk.wait(0n);
  assert.ok(!isRestricted(desk, 'before'));
  const shownNs = desk.nowNs;
  desk.until(nsOfNewYork('2026-09-25', 12));
  desk.nowNs = shownNs;
  desk.status('short-sale-restriction');
  desk.nowNs = nsOfNewYork('2026-09-25', 12);
  assert.ok(!isRestricted(desk, 'a week later'));
});

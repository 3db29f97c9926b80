import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkFaults, type Faults, fateOf } from '../src/fault-plan.ts';

const SEED = Number(process.env.TICKPATH_SEED ?? Math.floor(Math.random() * 2 ** 31));
console.log(`TICKPATH_SEED=${SEED}`);
const MESSAGES = 20_000;

function fatesOf(faults: Faults, seed = SEED, lane = 0) {
  return Array.from({ length: MESSAGES }, (_, index) => fateOf(faults, { seed, lane, index }));
}

test('without faults nothing is done', () => {
  for (const fate of fatesOf({})) assert.deepEqual(fate, { isDropped: false, copies: 1, heldFor: 0, delayMs: 0 });
});

test('rates are met, held messages and delays keep within their bounds', () => {
  const fates = fatesOf({ drop: 0.1, duplicate: 0.05, reorder: { rate: 0.2, window: 4 }, delayMs: [2, 6] });
  const share = (isIt: (fate: (typeof fates)[number]) => boolean) => fates.filter(isIt).length / MESSAGES;
  const near = (actual: number, expected: number) =>
    // Five standard deviations: one run in a million fails by chance.
    assert.ok(
      Math.abs(actual - expected) < 5 * Math.sqrt((expected * (1 - expected)) / MESSAGES),
      `${actual} for ${expected}`,
    );
  near(
    share(({ isDropped }) => isDropped),
    0.1,
  );
  near(
    share(({ copies }) => copies === 2),
    0.05,
  );
  for (const window of [1, 2, 3, 4]) {
    near(
      share(({ heldFor }) => heldFor === window),
      0.05,
    );
  }
  near(
    share(({ delayMs }) => delayMs < 4),
    0.5,
  );
  assert.ok(fates.every(({ delayMs, heldFor }) => delayMs >= 2 && delayMs < 6 && heldFor <= 4));
  // Independent: as many are both dropped and duplicated as chance has it.
  near(
    share(({ isDropped, copies }) => isDropped && copies === 2),
    0.005,
  );
});

test('the seed repeats every fate; another seed, lane or message has another', () => {
  const faults: Faults = { drop: 0.5 };
  const drops = (seed: number, lane: number) => fatesOf(faults, seed, lane).map(({ isDropped }) => isDropped);
  assert.deepEqual(drops(SEED, 0), drops(SEED, 0));
  assert.notDeepEqual(drops(SEED, 0), drops(SEED + 1, 0));
  assert.notDeepEqual(drops(SEED, 0), drops(SEED, 1));
});

test('one rate changes nothing for the other faults', () => {
  const some = fatesOf({ drop: 0.1 });
  const more = fatesOf({ drop: 0.1, duplicate: 0.5, reorder: { rate: 0.5, window: 9 } });
  assert.deepEqual(
    some.map(({ isDropped }) => isDropped),
    more.map(({ isDropped }) => isDropped),
  );
});

test('faults that cannot be are refused', () => {
  const impossible: Faults[] = [
    { drop: 1.1 },
    { duplicate: -0.1 },
    { drop: Number.NaN },
    { reorder: { rate: 2, window: 1 } },
    { reorder: { rate: 0.1, window: 0 } },
    { delayMs: [5, 1] },
  ];
  for (const faults of impossible) assert.throws(() => checkFaults(faults), RangeError, JSON.stringify(faults));
});

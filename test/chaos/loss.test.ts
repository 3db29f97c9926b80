import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { lossyRun, type Scenario } from './lossy-run.ts';

const SCENARIOS: readonly Scenario[] = [
  { name: '1 % dropped', faults: { drop: 0.01 } },
  { name: '10 % dropped', faults: { drop: 0.1 } },
  { name: '50 % dropped', faults: { drop: 0.5 } },
  { name: '20 % duplicated', faults: { duplicate: 0.2 } },
  { name: '20 % reordered', faults: { reorder: { rate: 0.2, window: 8 } } },
  {
    name: 'dropped, duplicated, reordered and delayed',
    faults: { drop: 0.1, duplicate: 0.1, reorder: { rate: 0.1, window: 5 }, delayMs: [0, 20] },
  },
  { name: 'cut for two seconds', faults: {}, cuts: 1, messages: 12_000 },
  {
    name: 'cut for two seconds, longer than the ring remembers',
    faults: { drop: 0.01 },
    cuts: 1,
    messages: 14_000,
    ringBytes: 100_000,
  },
  { name: 'publisher killed with -9 and started again', faults: { drop: 0.01 }, kills: 2 },
];

/** How many seeds: one afresh in every run of the tests, more in a soak. */
const runs = Number(process.env.TICKPATH_SOAK ?? 1);
const firstSeed = Number(process.env.TICKPATH_SEED ?? Math.floor(Math.random() * 2 ** 30));

describe(`a market stream through a network that is`, { concurrency: 2, timeout: 300_000 * runs }, () => {
  for (const scenario of SCENARIOS) {
    for (let run = 0; run < runs; run += 1) {
      const seed = firstSeed + run * 1000;
      test(`${scenario.name}: delivered is the publisher's log, but for what was declared lost (seed ${seed})`, async () => {
        const { delivered, lost, openEnded, injected } = await lossyRun(scenario, seed);
        console.log(
          `${scenario.name}: ${delivered} delivered, ${lost} lost, ${openEnded} ends unknown, ${injected} faults injected`,
        );
        assert.ok(injected > 0, 'faults were injected');
        assert.ok(delivered > 0);
        if (scenario.kills !== undefined)
          assert.equal(openEnded, 3 * scenario.kills, 'each topic of each killed epoch');
        if (scenario.ringBytes !== undefined) assert.ok(lost > 0, 'more than the ring remembers is lost');
      });
    }
  }
});

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { test } from 'node:test';
import fc from 'fast-check';
import { hostileFrames, mutatedFrames, randomBytes } from './codec-hostile.ts';
import { decodeChecked } from './codec-invariants.ts';
import './seed.ts';

const factor = Number(process.env.TICKPATH_SOAK ?? 1);
const CASES = {
  'random bytes': 30_000 * factor,
  'mutated frames': 70_000 * factor,
  'hostile structures': 50_000 * factor,
};

const ARBITRARIES: Record<keyof typeof CASES, fc.Arbitrary<Buffer>> = {
  'random bytes': randomBytes,
  'mutated frames': mutatedFrames,
  'hostile structures': hostileFrames,
};

/** Keeps the smallest frame that broke an invariant; `codec-corpus.test.ts` replays it from then on. */
function keep(frame: Buffer, because: unknown): void {
  const name = `found-${createHash('sha256').update(frame).digest('hex').slice(0, 12)}.hex`;
  const text = `# Found by fuzzing: ${String(because).split('\n')[0]}\n# expect: any\n${frame.toString('hex')}\n`;
  writeFileSync(new URL(`corpus/${name}`, import.meta.url), text);
}

for (const [name, numRuns] of Object.entries(CASES) as [keyof typeof CASES, number][]) {
  test(`${name}: a bad frame costs counted drops and nothing else`, () => {
    const faults = new Map<string, number>();
    let delivered = 0;
    const property = fc.property(ARBITRARIES[name], (frame) => {
      for (const entry of decodeChecked(frame)) {
        if (entry.startsWith('!')) faults.set(entry.slice(1), (faults.get(entry.slice(1)) ?? 0) + 1);
        else delivered += 1;
      }
    });
    const result = fc.check(property, { numRuns });
    const counted = Array.from(faults, ([reason, count]) => `${count} ${reason}`).join(', ');
    console.log(`${name}: ${result.numRuns} cases, seed ${result.seed}: ${delivered} delivered, ${counted}`);
    if (result.failed && result.counterexample !== null) keep(result.counterexample[0], result.errorInstance);
    assert.equal(result.failed, false, fc.defaultReportMessage(result) ?? '');
    assert.equal(result.numRuns, numRuns);
  });
}

test('the fuzzing reaches every reason there is to drop', () => {
  const reasons = ['empty', 'truncated', 'depth', 'type', 'utf8', 'envelope', 'version', 'header', 'kind', 'payload'];
  const missing = new Set(reasons.map((reason) => `!${reason}`));
  const frames = fc.oneof(randomBytes, mutatedFrames, hostileFrames);
  fc.assert(
    fc.property(frames, (frame) => {
      for (const entry of decodeChecked(frame)) missing.delete(entry);
    }),
    { numRuns: 5_000 },
  );
  assert.deepEqual([...missing], []);
});

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { createMetrics } from '@tickpath/runtime';
import fc from 'fast-check';
import { parseExposition } from '../src/exposition.ts';

describe('the text of a scrape', () => {
  test('gives every sample with its labels, and nothing for comments and time stamps', () => {
    const text = `# HELP a what it is
# TYPE a counter
a 1
a{x="1",y="two words"} 2.5 1700000000000
a_bucket{le="+Inf"} +Inf
b{text="say \\"}\\", a\\\\b\\n"} -1e-9
c NaN`;
    assert.deepEqual(
      parseExposition(text).map(({ name, labels, value }) => [name, { ...labels }, value]),
      [
        ['a', {}, 1],
        ['a', { x: '1', y: 'two words' }, 2.5],
        ['a_bucket', { le: '+Inf' }, Number.POSITIVE_INFINITY],
        ['b', { text: 'say "}", a\\b\n' }, -1e-9],
        ['c', {}, Number.NaN],
      ],
    );
  });

  test('loses only the lines that are no samples', () => {
    assert.deepEqual(
      parseExposition('a{x=1} 2\na{x="1} 2\n{} 1\na\na one\nok 1\n<html>\n').map(({ name }) => name),
      ['ok'],
    );
  });

  test('is read as our own metrics write it, whatever a label holds', async () => {
    await fc.assert(
      fc.asyncProperty(fc.string({ unit: 'binary' }), fc.double({ noNaN: true }), async (label, value) => {
        const metrics = createMetrics();
        metrics.registry.clear();
        metrics.gauge('tickpath_test', 'a test', ['label']).set({ label }, value);
        const [sample, ...more] = parseExposition(await metrics.registry.metrics());
        assert.equal(sample?.labels.label, label);
        assert.ok(sample.value === value, `${sample.value} is not ${value}`);
        assert.equal(more.length, 0);
      }),
      { numRuns: 50 },
    );
  });

  test('never throws', () => {
    fc.assert(fc.property(fc.string({ unit: 'binary' }), (text) => void parseExposition(text)));
  });
});

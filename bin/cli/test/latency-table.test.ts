import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { createMetrics, type StageName } from '@tickpath/runtime';
import { type Stage, stageRows, stageTable } from '../src/latency-table.ts';

const STAGES: readonly Stage[] = [
  { name: 'decode', service: 'market-data', budget: { p50: 2e-6, p99: 50e-6 } },
  { name: 'risk_check', service: 'risk', budget: { p50: 10e-6, p99: 50e-6 } },
  { name: 'fill', service: 'execution' },
];

/** What a service with these durations, in seconds, shows under `/metrics`. */
function scrape(stages: Partial<Record<StageName, readonly number[]>>): Promise<string> {
  const metrics = createMetrics();
  for (const [name, values] of Object.entries(stages)) {
    const observe = metrics.stage(name as StageName);
    for (const value of values) observe(value);
  }
  return metrics.registry.metrics();
}

const times = (count: number, value: number) => Array.from({ length: count }, () => value);

describe('the table of stages', () => {
  test('shows counts, quantiles, maxima and budgets in the order of the stages', async () => {
    const scrapes = new Map([
      ['risk', await scrape({ risk_check: [...times(1000, 8e-6), ...times(30, 80e-6), 1.234e-3] })],
      ['market-data', await scrape({ decode: times(12_345, 0.7e-6), bar: times(10, 1.5e-6) })],
    ]);
    assert.deepEqual(stageTable(stageRows(STAGES, scrapes)), [
      'stage       service       count       p50       p99     max  budget p50/p99  within',
      'decode      market-data  12,345  ≤ 0.7 µs  ≤ 0.7 µs  0.7 µs       2 / 50 µs  yes',
      'risk_check  risk          1,031    7.6 µs     84 µs  1.2 ms      10 / 50 µs  no',
      'fill        execution         0         -         -       -               -  -',
      'bar         market-data      10    1.3 µs    1.5 µs  1.5 µs               -  -',
    ]);
  });

  test('says of a value beyond the last bucket only what is certain', () => {
    const scrapes = new Map([
      [
        'risk',
        'tickpath_stage_seconds_bucket{le="1",stage="fill"} 0\ntickpath_stage_seconds_bucket{le="+Inf",stage="fill"} 2',
      ],
    ]);
    assert.match(stageTable(stageRows([], scrapes)).at(-1) ?? '', /^fill +risk +2 +> 1 s +> 1 s +- /);
  });

  test('judges a budget on the bound of a bucket exactly, and says where it cannot', async () => {
    const verdictOf = async (values: readonly number[], p50: number, p99: number) => {
      const scrapes = new Map([['risk', await scrape({ fill: values })]]);
      return stageRows([{ name: 'fill', budget: { p50, p99 } }], scrapes)[0]?.within;
    };
    assert.equal(await verdictOf(times(10, 5e-3), 5e-3, 5e-3), 'yes');
    assert.equal(await verdictOf(times(10, 5.1e-3), 5e-3, 20e-3), 'no');
    assert.equal(await verdictOf([...times(98, 3e-3), 6e-3, 10e-3], 5e-3, 8e-3), 'probably');
    assert.equal(await verdictOf([...times(60, 3e-3), ...times(40, 10e-3)], 5e-3, 8e-3), 'probably not');
    assert.equal(await verdictOf([], 5e-3, 8e-3), undefined);
  });

  test('shows since an earlier scrape only what came, and all of a service that restarted', async () => {
    const before = new Map([['risk', await scrape({ fill: times(100, 0.3) })]]);
    const now = new Map([['risk', await scrape({ fill: [...times(100, 0.3), 3e-3, 3e-3] })]]);
    const [row] = stageRows([{ name: 'fill' }], now, before);
    assert.equal(row?.count, 2);
    assert.ok((row.p99?.atMost ?? 1) <= 5e-3);
    assert.equal(row.max, 0.3);
    const restarted = new Map([['risk', await scrape({ fill: [3e-3] })]]);
    assert.equal(stageRows([{ name: 'fill' }], restarted, before)[0]?.count, 1);
  });

  test('has a row for each service that takes the same stage', async () => {
    const text = await scrape({ decode: [1e-6] });
    const rows = stageRows(
      STAGES,
      new Map([
        ['market-data', text],
        ['venue', text],
      ]),
    );
    assert.deepEqual(
      rows.filter(({ stage }) => stage === 'decode').map(({ service }) => service),
      ['market-data', 'venue'],
    );
  });
});

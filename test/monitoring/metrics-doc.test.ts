import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { STAGES, type Stage } from '@tickpath/runtime';
import { TestStack } from '@tickpath/testkit';
import { type Family, familiesIn } from './exposition.ts';
import { documentedMetrics } from './metrics-table.ts';
import { readText } from './monitoring-files.ts';

const SERVICES = ['venue', 'market-data', 'store', 'signal', 'risk', 'execution'] as const;

describe('docs/metrics.md', { timeout: 120_000 }, () => {
  const documented = documentedMetrics();
  let stack: TestStack;
  let scraped: Map<string, Map<string, Family>>;

  before(async () => {
    // Nothing listens there: spans are dropped and counted, and their metrics are there.
    const tracing = ['--tracing.exporter=jaeger', '--tracing.url=http://127.0.0.1:1/api/traces'];
    stack = await TestStack.start(['--signal.momentum.fastBars=2', '--signal.momentum.slowBars=4', ...tracing]);
    await stack.process.line(/"msg":"fill /, { boundMs: 90_000 });
    const texts = await Promise.all(SERVICES.map(async (name) => [name, await stack.metrics(name)] as const));
    scraped = new Map(texts.map(([name, text]) => [name, familiesIn(text)]));
  });
  after(() => stack?.stop());

  for (const service of SERVICES) {
    test(`has every metric of ${service}, with its type and labels`, () => {
      const faults: string[] = [];
      for (const { name, type, labels } of scraped.get(service)?.values() ?? []) {
        const entry = documented.find((each) => each.name === name && each.services.includes(service));
        if (entry === undefined) faults.push(`${name}: not in the page`);
        else if (entry.type !== type) faults.push(`${name}: is a ${type}, documented as ${entry.type}`);
        else if (labels !== undefined && labels.join() !== entry.labels.toSorted().join()) {
          faults.push(`${name}: has the labels ${labels}, documented are ${entry.labels}`);
        }
      }
      assert.deepEqual(faults, []);
    });

    test(`has nothing that ${service} does not serve`, () => {
      const absent = documented.filter(
        ({ name, services }) => services.includes(service) && !scraped.get(service)?.has(name),
      );
      assert.deepEqual(
        absent.map(({ name }) => name),
        [],
      );
    });
  }

  test('names no metric twice', () => {
    const names = documented.map(({ name }) => name);
    assert.equal(new Set(names).size, names.length);
  });

  test('has the stages with the budgets of the code', () => {
    const rows = readText('docs/metrics.md').split('\n');
    for (const [name, stage] of Object.entries(STAGES) as [string, Stage][]) {
      const cells = rows.find((row) => row.startsWith(`| \`${name}\` `))?.split('|');
      const { service, what, p50Seconds, p99Seconds } = stage;
      assert.deepEqual(
        cells?.slice(2, 6).map((cell) => cell.trim()),
        [service, what, durationText(p50Seconds), durationText(p99Seconds)],
        name,
      );
    }
  });
});

function durationText(seconds: number | undefined): string {
  if (seconds === undefined) return '–';
  const micros = Math.round(seconds * 1e6);
  return micros >= 1000 ? `${micros / 1000} ms` : `${micros} µs`;
}

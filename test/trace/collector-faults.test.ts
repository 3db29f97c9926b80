import assert from 'node:assert/strict';
import type { ServerResponse } from 'node:http';
import { describe, type TestContext, test } from 'node:test';
import { type Collector, startCollector } from '@tickpath/testkit';
import { BUSY, FILL } from './busy-flags.ts';
import { EMITTERS, TracedStack } from './traced-stack.ts';

const QUEUE_SPANS = 400;
/** A slow collector answers later than spans come, and before the exporter gives up. */
const SLOW_MS = 3000;
/** What a young process may grow by anyway, while its code is compiled. What waits for export is bounded by its gauge. */
const MOST_GROWTH_BYTES = 96 * 1024 * 1024;
const SUPERVISOR_LIMIT_MS = 4000;

interface Fault {
  readonly name: string;
  /** Which counter the spans end in. */
  readonly dropped: 'export_failed' | 'queue_full';
  url(t: TestContext): Promise<string>;
}

async function collectorThat(t: TestContext, respond: (response: ServerResponse) => void): Promise<Collector> {
  const collector = await startCollector();
  collector.answer(respond);
  t.after(() => collector.close());
  return collector;
}

const FAULTS: readonly Fault[] = [
  {
    name: 'is not there',
    dropped: 'export_failed',
    async url() {
      const gone = await startCollector();
      await gone.close();
      return gone.url;
    },
  },
  {
    name: 'takes requests and never answers',
    dropped: 'queue_full',
    url: async (t) => (await collectorThat(t, () => {})).url,
  },
  {
    name: 'answers slowly',
    dropped: 'queue_full',
    async url(t) {
      const answer = (response: ServerResponse) =>
        void setTimeout(() => response.writeHead(202).end(), SLOW_MS).unref();
      return (await collectorThat(t, answer)).url;
    },
  },
];

describe('a collector that', { timeout: 400_000 }, () => {
  for (const { name, dropped: reason, url } of FAULTS) {
    test(`${name} costs counted spans: trading goes on, memory is bounded, the stop is in time`, async (t) => {
      const flags = [...BUSY, `--tracing.queueSpans=${QUEUE_SPANS}`];
      const traced = await TracedStack.start(await url(t), flags);
      let isStopped = false;
      t.after(() => (isStopped ? undefined : traced.stop()));
      await traced.sees(FILL, 100);
      const before = await residentBytes(traced);
      await traced.sees(FILL, 300);
      const after = await residentBytes(traced);
      for (const [i, service] of EMITTERS.entries()) {
        const growth = (after[i] ?? 0) - (before[i] ?? 0);
        assert.ok(growth < MOST_GROWTH_BYTES, `${service} grew by ${growth} bytes`);
        assert.ok((await traced.value(service, 'tickpath_spans_queued')) <= QUEUE_SPANS);
      }
      const { dropped } = await traced.spanCounts();
      assert.ok((dropped[reason] ?? 0) > 0, JSON.stringify(dropped));
      assert.equal(dropped.not_made, 0);

      isStopped = true;
      const { code, tookMs } = await traced.stop();
      assert.equal(code, 0);
      assert.ok(tookMs < SUPERVISOR_LIMIT_MS, `the stop took ${tookMs} ms`);
      const bad = traced.stack.process.lines.filter((line) => / died \(|SIGKILL|"level":"(?:error|fatal)"/.test(line));
      assert.deepEqual(bad, []);
    });
  }
});

function residentBytes(traced: TracedStack): Promise<number[]> {
  return Promise.all(EMITTERS.map((service) => traced.value(service, 'tickpath_process_resident_memory_bytes')));
}

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { ServiceName } from '@tickpath/runtime';
import { eventually, TestStack } from '@tickpath/testkit';
import { dashboards, queriesOf, rules } from './monitoring-files.ts';
import { missing } from './programs.ts';
import { type ActiveAlert, PrometheusServer } from './prometheus-server.ts';
import { expanded } from './promql.ts';

const skip = missing('prometheus') || missing('prometheus-alertmanager');
/** Averages this short cross every few seconds, so that every stage is passed again and again. */
const FLAGS = ['--signal.momentum.fastBars=2', '--signal.momentum.slowBars=4', '--tracing.exporter=none'];

describe('a running stack under a real Prometheus', { skip, timeout: 400_000 }, () => {
  let stack: TestStack;
  let prometheus: PrometheusServer;

  before(async () => {
    stack = await TestStack.start(FLAGS);
    prometheus = await PrometheusServer.start(stack.portOffset);
    await stack.process.line(/"msg":"fill /, { boundMs: 90_000 });
  });
  after(async () => {
    await prometheus?.stop();
    await stack?.stop();
  });

  test('all targets are up', async () => {
    const targets = await eventually('all targets up', async () => {
      const all = await prometheus.targets();
      return all.every(({ health }) => health === 'up') ? all : undefined;
    });
    assert.deepEqual(targets.map(({ name }) => name).sort(), [
      'execution',
      'market-data',
      'prometheus',
      'risk',
      'signal',
      'store',
      'venue',
    ]);
  });

  test('every recording rule gives a number', async () => {
    const recorded = rules().flatMap(({ record }) => record ?? []);
    await allGiveNumbers([...new Set(recorded)].map((record) => ({ where: record, expr: record })));
  });

  for (const dashboard of dashboards()) {
    const queries = queriesOf(dashboard);
    if (queries.length === 0) continue;
    test(`every query of ${dashboard.title} gives a number`, async () => {
      const { list } = dashboard.templating;
      await allGiveNumbers(queries.map(({ where, expr }) => ({ where, expr: expanded(expr, list, '1m') })));
    });
  }

  test('every variable of a dashboard has values', async () => {
    for (const { title, templating } of dashboards()) {
      for (const { name, query } of templating.list) {
        const [, selector, label] =
          /^label_values\((.+), (\w+)\)$/.exec(typeof query === 'object' ? query.query : '') ?? [];
        if (selector === undefined) continue;
        const values = (await prometheus.query(`count by (${label}) (${selector})`)).map(
          ({ labels }) => labels[label ?? ''],
        );
        assert.ok(values.length > 0 && values.every(Boolean), `${title}: ${name}`);
      }
    }
  });

  test('no alert fires at warning or above on a stack that is well', async () => {
    const loud = (await prometheus.alerts()).filter(
      ({ labels, state }) => state === 'firing' && labels.severity !== 'info',
    );
    // How fast a stage is depends on what else the machine does.
    const unexpected = loud.filter(({ labels }) => !/StageOverBudget|EventLoopLag/.test(labels.alertname ?? ''));
    assert.deepEqual(unexpected, []);
  });

  describe('an incident: venue and store stand still', () => {
    const stopped: number[] = [];

    before(async () => {
      for (const service of ['venue', 'store'] as const satisfies ServiceName[]) {
        const { pid } = await stack.health(service);
        process.kill(pid, 'SIGSTOP');
        stopped.push(pid);
      }
    });
    after(goOn);

    function goOn(): void {
      for (const pid of stopped.splice(0)) process.kill(pid, 'SIGCONT');
    }

    test('the alert on a service that is down fires and says which', async () => {
      const alert = await firing('TickpathServiceDown', 'store');
      assert.equal(alert.annotations.summary, 'store is down');
      assert.match(alert.annotations.description ?? '', /\(up = 0\)/);
    });

    test('the alert on a feed that answers no ping fires, and Alertmanager holds it back because the venue is down', async () => {
      await firing('TickpathFeedNotSubscribed', 'market-data');
      await eventually('Alertmanager holds it back', async () => {
        const notified = await prometheus.notified();
        const venue = notified.find(({ labels }) => isAbout(labels, 'TickpathServiceDown', 'venue'));
        const feed = notified.find(({ labels }) => isAbout(labels, 'TickpathFeedNotSubscribed', 'market-data'));
        return venue?.status.state === 'active' && feed?.status.state === 'suppressed' ? true : undefined;
      });
    });

    test('both resolve when venue and store go on', async () => {
      goOn();
      for (const name of ['TickpathServiceDown', 'TickpathFeedNotSubscribed', 'TickpathFeedStale']) {
        await eventually(
          `${name} resolved`,
          async () => ((await prometheus.alerts()).some(({ labels }) => labels.alertname === name) ? undefined : true),
          120_000,
        );
      }
    });
  });

  /** Rates need two scrapes and a stage needs an order: what has no number yet is asked again. */
  async function allGiveNumbers(queries: readonly { where: string; expr: string }[]): Promise<void> {
    let without: string[] = [];
    try {
      await eventually(
        'numbers',
        async () => {
          const answers = await Promise.all(
            queries.map(async ({ where, expr }) => ({ where, expr, samples: await prometheus.query(expr) })),
          );
          without = answers
            .filter(({ samples }) => !samples.some(({ value }) => Number.isFinite(value)))
            .map(({ where, expr }) => `${where}: ${expr}`);
          return without.length === 0 ? true : undefined;
        },
        60_000,
      );
    } catch (error) {
      assert.fail(without.length > 0 ? `without a number:\n${without.join('\n')}` : String(error));
    }
  }

  function firing(name: string, service: string): Promise<ActiveAlert> {
    return eventually(
      `${name} fires for ${service}`,
      async () =>
        (await prometheus.alerts()).find(({ labels, state }) => state === 'firing' && isAbout(labels, name, service)),
      120_000,
    );
  }
});

function isAbout(labels: Readonly<Record<string, string>>, name: string, service: string): boolean {
  return labels.alertname === name && labels.service === service;
}

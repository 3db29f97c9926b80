import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { STAGE_NAMES } from '@tickpath/runtime';
import { documentedMetrics } from './metrics-table.ts';
import { dashboards, panelsOf, queriesOf, readYaml, rules, WORKSPACE } from './monitoring-files.ts';
import { run } from './programs.ts';
import { familyOf, labelsSelected, seriesIn } from './promql.ts';

/** What Prometheus makes itself. */
const OWN_SERIES = new Set(['up', 'ALERTS', 'scrape_samples_scraped']);
/** What Prometheus adds to every series, and the bound of a histogram's bucket. */
const TARGET_LABELS = ['job', 'instance', 'service', 'le'];

describe('what is generated', () => {
  test('the committed files are what the code gives', () => {
    const { status, output } = run(process.execPath, ['monitoring/src/generate.ts', '--check'], WORKSPACE);
    assert.equal(status, 0, `${output}\npnpm --filter @tickpath/monitoring generate`);
  });
});

describe('dashboards', () => {
  const all = dashboards();
  const provisioned = readYaml<{ datasources: { uid: string; type: string }[] }>(
    'monitoring/grafana/provisioning/datasources/tickpath.yml',
  ).datasources;

  test('there are those a trader, an operator and an engineer need, each under a uid of its own', () => {
    const uids = all.map(({ uid }) => uid);
    for (const topic of ['overview', 'latency', 'market-data', 'wire', 'risk', 'execution', 'system', 'trace']) {
      assert.ok(uids.includes(`tickpath-${topic}`), topic);
    }
    assert.equal(new Set(uids).size, uids.length);
  });

  for (const dashboard of all) {
    describe(dashboard.title, () => {
      const panels = panelsOf(dashboard);

      test('every panel has an id of its own, a title, a description, a unit and a query', () => {
        const ids = dashboard.panels.map(({ id }) => id);
        assert.equal(new Set(ids).size, ids.length);
        for (const { id, title, description, fieldConfig, targets = [] } of panels) {
          assert.ok(Number.isSafeInteger(id) && id > 0);
          assert.ok(title.length > 0);
          assert.ok((description ?? '').length > 20, `${title}: ${description}`);
          assert.ok(fieldConfig?.defaults.unit, title);
          assert.ok(targets.length > 0, title);
          assert.equal(new Set(targets.map(({ refId }) => refId)).size, targets.length, title);
        }
      });

      test('every query, variable and panel names a data source that is provisioned', () => {
        const isProvisioned = ({ uid, type }: { uid: string; type?: string }) =>
          provisioned.some((source) => source.uid === uid && (type ?? source.type) === source.type);
        for (const { title, datasource, targets = [] } of panels) {
          assert.ok(datasource !== undefined && isProvisioned(datasource), title);
          for (const target of targets) assert.ok(isProvisioned(target.datasource), title);
        }
        for (const { name, type, datasource } of dashboard.templating.list) {
          if (type === 'query') assert.ok(datasource !== undefined && isProvisioned(datasource), name);
        }
      });

      test('panels lie within the grid, none over another', () => {
        const taken = new Map<string, string>();
        for (const { title, gridPos } of dashboard.panels) {
          assert.ok(gridPos.x + gridPos.w <= 24, title);
          for (let x = gridPos.x; x < gridPos.x + gridPos.w; x += 1) {
            for (let y = gridPos.y; y < gridPos.y + gridPos.h; y += 1) {
              assert.equal(taken.get(`${x},${y}`), undefined, `${title} at ${x},${y}`);
              taken.set(`${x},${y}`, title);
            }
          }
        }
      });

      test('it is linked to the other dashboards and to Jaeger', () => {
        const others = dashboard.links.find(({ type }) => type === 'dashboards');
        assert.ok(others?.tags?.every((tag) => dashboard.tags.includes(tag)));
        assert.ok(dashboard.links.some(({ url }) => url?.includes(':16686')));
      });

      test('variables are used, and what is used is a variable', () => {
        const names = dashboard.templating.list.map(({ name }) => name);
        const text = JSON.stringify(dashboard.panels);
        const used = new Set([...text.matchAll(/\$\{?([a-zA-Z]\w*)/g)].map(([, name]) => name ?? ''));
        assert.deepEqual(
          [...used].filter((name) => !names.includes(name)),
          [],
        );
        assert.deepEqual(
          names.filter((name) => name !== 'jaeger' && !used.has(name)),
          [],
        );
      });
    });
  }

  test('a trace is opened by its id, from a dashboard and in Jaeger', () => {
    const links = all.flatMap(panelsOf).flatMap(({ fieldConfig }) => fieldConfig?.defaults.links ?? []);
    const hrefs = links.map(({ url }) => url);
    assert.ok(hrefs.some((url) => url.startsWith('/d/tickpath-trace?') && url.includes('var-trace=')));
    assert.ok(hrefs.some((url) => url.includes('/trace/')));
    assert.ok(hrefs.some((url) => url.includes('/search?service=')));
  });

  test('the data sources lead to each other: an exemplar to its trace, a span to its latency', () => {
    const links = JSON.stringify(provisioned);
    for (const { uid } of provisioned) assert.match(links, new RegExp(`"datasourceUid":"${uid}"`));
  });

  test('Compose mounts the dashboards where the provisioning looks for them', () => {
    const { providers } = readYaml<{ providers: { options: { path: string } }[] }>(
      'monitoring/grafana/provisioning/dashboards/tickpath.yml',
    );
    const { services } = readYaml<{ services: { grafana: { volumes: string[] } } }>('docker-compose.yml');
    for (const { options } of providers) {
      assert.ok(services.grafana.volumes.includes(`./monitoring/grafana/dashboards:${options.path}:ro`));
    }
  });

  test('the latency dashboard shows every stage', () => {
    const titles = all
      .filter(({ uid }) => uid === 'tickpath-latency')
      .flatMap((each) => panelsOf(each).map((p) => p.title));
    for (const stage of STAGE_NAMES) assert.ok(titles.includes(stage), stage);
  });
});

describe('what rules and dashboards name', () => {
  const families = new Set(documentedMetrics().map(({ name }) => name));
  const recorded = new Set(rules().flatMap(({ record }) => record ?? []));
  const sources = [
    ...rules().map(({ record, alert, expr }) => ({ where: record ?? alert ?? '', expr })),
    ...dashboards().flatMap(queriesOf),
  ];

  test('is a metric of docs/metrics.md or a recorded series', () => {
    const unknown = sources.flatMap(({ where, expr }) =>
      [...seriesIn(expr)]
        .filter(
          (series) => !recorded.has(series) && !OWN_SERIES.has(series) && !families.has(familyOf(series, families)),
        )
        .map((series) => `${where}: ${series}`),
    );
    assert.deepEqual(unknown, []);
  });

  test('is selected by labels that the metric has', () => {
    const labelsOf = new Map(
      documentedMetrics().map(({ name, labels }) => [name, new Set([...labels, ...TARGET_LABELS])]),
    );
    const unknown = sources.flatMap(({ where, expr }) =>
      labelsSelected(expr)
        .filter(({ series, label }) => labelsOf.get(familyOf(series, families))?.has(label) === false)
        .map(({ series, label }) => `${where}: ${series}{${label}}`),
    );
    assert.deepEqual(unknown, []);
  });

  test('every recorded series is used', () => {
    const used = new Set(sources.flatMap(({ expr }) => [...seriesIn(expr)]));
    assert.deepEqual(
      [...recorded].filter((series) => !used.has(series)),
      [],
    );
  });
});

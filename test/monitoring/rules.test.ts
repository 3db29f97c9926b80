import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { alerts, filesOf, readText, readYaml, rules, WORKSPACE } from './monitoring-files.ts';
import { missing, run } from './programs.ts';

interface RuleTests {
  readonly tests: {
    readonly name: string;
    readonly promql_expr_test?: { readonly expr: string; readonly exp_samples: readonly unknown[] }[];
  }[];
}

const noPromtool = missing('promtool');
const noAmtool = missing('amtool');

describe('prometheus rules', () => {
  test('every alert has a severity, a summary, a description with the value and a runbook entry', () => {
    for (const { alert, labels, annotations } of alerts()) {
      assert.match(labels?.severity ?? '', /^(critical|warning|info)$/, alert);
      assert.ok(annotations?.summary, alert);
      assert.match(annotations?.description ?? '', /\{\{ \$value/, alert);
      assert.equal(annotations?.runbook_url, `docs/runbook.md#${alert.toLowerCase()}`);
    }
  });

  test('alerts and entries of the runbook are the same', () => {
    const entries = [...readText('docs/runbook.md').matchAll(/^### (\S+)$/gm)].map(([, name]) => name);
    const named = alerts().map(({ alert }) => alert);
    assert.deepEqual(entries.toSorted(), named.toSorted());
    assert.equal(new Set(named).size, named.length, 'no alert is named twice');
  });

  test('every entry of the runbook says what it means, what is seen, what to do and when it is over', () => {
    const [, ...entries] = readText('docs/runbook.md').split(/^### /m);
    for (const entry of entries) {
      const words = [...entry.matchAll(/^- \*\*(.+?)\*\*: /gm)].map(([, word]) => word);
      assert.deepEqual(words, ['Means', 'You see', 'Do', 'Over when'], entry.split('\n')[0]);
    }
  });

  test('recorded series are named level:metric:operations', () => {
    for (const { record } of rules()) if (record !== undefined) assert.match(record, /^[a-z_]+:[a-z0-9_]+:[a-z0-9_]+$/);
  });

  test('a test lets every alert fire and resolve', () => {
    const outcomes = new Map<string, Set<string>>();
    for (const path of filesOf('prometheus/tests', '.yml')) {
      for (const { promql_expr_test: checks = [] } of readYaml<RuleTests>(path).tests) {
        for (const { expr, exp_samples } of checks) {
          const alert = /ALERTS\{alertname="(\w+)", alertstate="firing"\}/.exec(expr)?.[1] ?? '';
          const seen = outcomes.get(alert) ?? new Set();
          outcomes.set(alert, seen.add(exp_samples.length > 0 ? 'fires' : 'resolves'));
        }
      }
    }
    for (const { alert } of alerts()) assert.deepEqual([...(outcomes.get(alert) ?? [])], ['fires', 'resolves'], alert);
  });

  test('promtool finds no fault in the configurations and rules', { skip: noPromtool }, () => {
    for (const name of ['prometheus.yml', 'prometheus.host.yml']) {
      const { status, output } = run('promtool', ['check', 'config', `monitoring/prometheus/${name}`], WORKSPACE);
      assert.equal(status, 0, output);
    }
    const checked = run('promtool', ['check', 'rules', ...filesOf('prometheus/rules', '.yml')], WORKSPACE);
    assert.equal(checked.status, 0, checked.output);
  });

  for (const path of filesOf('prometheus/tests', '.yml')) {
    test(`promtool test rules ${path}`, { skip: noPromtool, timeout: 120_000 }, () => {
      const { status, output } = run('promtool', ['test', 'rules', path], WORKSPACE);
      assert.equal(status, 0, output);
    });
  }
});

describe('alertmanager', () => {
  const configs = [...filesOf('alertmanager', '.yml'), ...filesOf('alertmanager/examples', '.yml')];

  test('amtool finds no fault in the default and the examples', { skip: noAmtool }, () => {
    const { status, output } = run('amtool', ['check-config', ...configs], WORKSPACE);
    assert.equal(status, 0, output);
  });

  test('alerts go by severity', { skip: noAmtool }, () => {
    for (const severity of ['critical', 'warning', 'info']) {
      const args = ['config', 'routes', 'test', '--config.file=monitoring/alertmanager/alertmanager.yml'];
      const { status, output } = run(
        'amtool',
        [...args, `--verify.receivers=${severity}`, `severity=${severity}`],
        WORKSPACE,
      );
      assert.equal(status, 0, output);
    }
  });

  test('inhibition names only alerts that there are', () => {
    const named = alerts().map(({ alert }) => alert);
    for (const matcher of readText('monitoring/alertmanager/alertmanager.yml').matchAll(
      /alertname(=~|!=|=)"([^"]+)"/g,
    )) {
      const [, operator, pattern = ''] = matcher;
      for (const part of pattern.split('|')) {
        const found = named.some((name) =>
          operator === '=~' ? new RegExp(`^(?:${part})$`).test(name) : name === part,
        );
        assert.ok(found, `${part} matches no alert`);
      }
    }
  });

  test('no secret is in a configuration', () => {
    for (const path of configs) {
      assert.doesNotMatch(readText(path), /\b(routing_key|service_key|auth_password|credentials|password):/, path);
    }
  });
});

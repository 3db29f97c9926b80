import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { readTree } from './house-rules/read-tree.ts';
import { RULES } from './house-rules/rules.ts';
import { findings, parseWorkspace } from './house-rules/workspace.ts';

const workspace = parseWorkspace(readTree(fileURLToPath(new URL('..', import.meta.url))));

test('the rules see the packages and files of the repository', () => {
  const names = workspace.packages.map(({ name }) => name);
  const paths = workspace.modules.map(({ path }) => path);
  assert.ok(names.includes('@tickpath/trading') && names.includes('@tickpath/test'), names.join(' '));
  assert.ok(paths.includes('test/house-rules.test.ts') && paths.includes('libs/trading/src/index.ts'));
  assert.ok(!paths.some((path) => path.includes('node_modules')));
});

for (const rule of RULES) {
  test(`${rule.name}: ${rule.statement}`, () => {
    const found = findings(rule, workspace);
    assert.ok(found.length === 0, `${found.length} found:\n${found.join('\n')}`);
  });
}

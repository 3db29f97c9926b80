import assert from 'node:assert/strict';
import { test } from 'node:test';
import { foundIn } from './made-up-workspace.ts';
import { RULES } from './rules.ts';

test('every rule has a name of its own and a statement', () => {
  assert.equal(new Set(RULES.map(({ name }) => name)).size, RULES.length);
  assert.ok(RULES.every(({ statement }) => statement.length > 0));
});

test('no rule finds anything in a workspace without files', () => {
  assert.deepEqual(
    RULES.flatMap((rule) => foundIn(rule, {})),
    [],
  );
});

test('a manifest that is not JSON is named', () => {
  const rule = RULES[0];
  assert.ok(rule);
  assert.throws(() => foundIn(rule, { 'libs/wire/package.json': '{' }), /libs\/wire\/package\.json is not JSON/);
});

test('findings come in the order of files and lines', () => {
  const rule = RULES.find(({ name }) => name === 'no-leftovers');
  assert.ok(rule);
  const sources = { 'libs/b.ts': '// FIXME', 'libs/a.ts': '\n// TODO\n// HACK' };
  assert.deepEqual(foundIn(rule, sources), [
    'libs/a.ts:2 no-leftovers leftover TODO',
    'libs/a.ts:3 no-leftovers leftover HACK',
    'libs/b.ts:1 no-leftovers leftover FIXME',
  ]);
});

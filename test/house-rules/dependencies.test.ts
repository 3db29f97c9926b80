import assert from 'node:assert/strict';
import { test } from 'node:test';
import { declaredDependencies } from './dependencies.ts';
import { foundIn } from './made-up-workspace.ts';

const ROOT = { 'package.json': JSON.stringify({ name: 'root', devDependencies: { 'fast-check': '1' } }) };

interface Lists {
  dependencies?: string[];
  devDependencies?: string[];
}

/** What the rule finds in the package `@tickpath/risk` with these lists and sources. */
function foundInRisk({ dependencies = [], devDependencies = [] }: Lists, sources: Record<string, string>): string[] {
  const versions = (names: string[]) => Object.fromEntries(names.map((name) => [name, 'catalog:']));
  const manifest = {
    name: '@tickpath/risk',
    dependencies: versions(dependencies),
    devDependencies: versions(devDependencies),
  };
  const inPackage = Object.entries(sources).map(([path, text]) => [`services/risk/${path}`, text]);
  return foundIn(declaredDependencies, {
    ...ROOT,
    'services/risk/package.json': JSON.stringify(manifest, null, 2),
    ...Object.fromEntries(inPackage),
  });
}

test('an import that no list names is found once, where it is first', () => {
  const sources = {
    'src/a.ts': `\nimport {\n  a,\n} from '@tickpath/wire';\nimport b from 'ws/server.js';`,
    'src/b.ts': `import '@tickpath/wire';`,
  };
  assert.deepEqual(foundInRisk({}, sources), [
    'services/risk/src/a.ts:2 declared-dependencies @tickpath/wire is not in services/risk/package.json',
    'services/risk/src/a.ts:5 declared-dependencies ws is not in services/risk/package.json',
  ]);
});

test('a dependency that nothing imports is found, on its line', () => {
  const lists = { dependencies: ['@tickpath/wire', 'ws'], devDependencies: ['undici'] };
  const sources = { 'src/a.ts': `import '@tickpath/wire';\n// import 'ws';\nconst a = "import 'ws'";` };
  assert.deepEqual(foundInRisk(lists, sources), [
    'services/risk/package.json:5 declared-dependencies ws is never imported',
    'services/risk/package.json:8 declared-dependencies undici is never imported',
  ]);
});

test('what the package runs on must be a dependency, what only its tests import a devDependency', () => {
  const lists = { dependencies: ['ws'], devDependencies: ['undici'] };
  const sources = { 'src/a.ts': `import 'undici';`, 'test/a.test.ts': `import 'ws';` };
  assert.deepEqual(foundInRisk(lists, sources), [
    'services/risk/package.json:4 declared-dependencies ws is imported by tests only: a devDependency',
    'services/risk/src/a.ts:1 declared-dependencies undici is not in services/risk/package.json',
  ]);
});

test('lists that name every import are clean', () => {
  const lists = {
    dependencies: ['@tickpath/wire', '@scope/a', 'b', 'c', 'd'],
    devDependencies: ['@tickpath/testkit', '@types/node', '@types/b', '@types/scope__a'],
  };
  const sources = {
    'src/a.ts': `import '@tickpath/wire';\nexport * from '@scope/a/deep';\nawait import('b');\nimport fs from 'node:fs';`,
    'src/b.ts': `import type { C } from 'c';\nimport './a.ts';\nconst path = require.resolve('d/e.js');`,
    'test/a.test.ts': `import '@tickpath/testkit';\nimport fc from 'fast-check';\nimport 'c';`,
  };
  assert.deepEqual(foundInRisk(lists, sources), []);
});

test('a package that is imported for its types needs only them', () => {
  assert.deepEqual(foundInRisk({ devDependencies: ['@types/a'] }, { 'src/a.ts': `import type { A } from 'a';` }), []);
  assert.equal(foundInRisk({ devDependencies: ['@types/a'] }, { 'src/a.ts': `import { A } from 'a';` }).length, 1);
});

test('types of a package that is not imported are found', () => {
  assert.deepEqual(foundInRisk({ devDependencies: ['@types/ws'] }, { 'src/a.ts': '' }), [
    'services/risk/package.json:5 declared-dependencies @types/ws is never imported',
  ]);
});

test('a tool shared by the workspace serves tests only', () => {
  assert.equal(foundInRisk({}, { 'src/a.ts': `import fc from 'fast-check';` }).length, 1);
  assert.equal(foundInRisk({}, { 'test/a.test.ts': `import fc from 'fast-check';` }).length, 0);
});

test('the packages of tests and benches depend on what their files import', () => {
  const manifest = (name: string) => JSON.stringify({ name, dependencies: { ws: '1', undici: '1' } });
  const sources = { ...ROOT, 'test/package.json': manifest('@tickpath/test'), 'test/e2e/a.test.ts': `import 'ws';` };
  assert.deepEqual(foundIn(declaredDependencies, sources), [
    'test/package.json:1 declared-dependencies undici is never imported',
  ]);
});

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { noCycles } from './cycles.ts';
import { importDirection, packageFace, zeromqOwners } from './import-direction.ts';
import { found } from './made-up-workspace.ts';

describe('import-direction', () => {
  for (const [path, specifier] of [
    ['libs/trading/src/a.ts', '@tickpath/wire'],
    ['libs/journal/src/a.ts', '@tickpath/trading'],
    ['libs/runtime/src/a.ts', '@tickpath/trading'],
    ['libs/wire/src/a.ts', '@tickpath/runtime'],
    ['libs/strategy/src/a.ts', '@tickpath/wire'],
    ['libs/testkit/src/a.ts', '@tickpath/strategy'],
    ['libs/trading/test/a.test.ts', '@tickpath/wire'],
    ['libs/trading/src/a.ts', '@tickpath/testkit'],
    ['services/risk/src/main.ts', '@tickpath/testkit'],
    ['services/risk/src/main.ts', '@tickpath/venue/core'],
    ['services/risk/test/a.test.ts', '@tickpath/venue/core'],
    ['services/backtest/src/main.ts', '@tickpath/venue'],
    ['services/backtest/src/main.ts', '@tickpath/venue/book'],
    ['bin/cli/src/main.ts', '@tickpath/risk/core'],
    ['bin/cli/src/main.ts', '@tickpath/testkit'],
    ['test/e2e/a.test.ts', '@tickpath/risk'],
    ['bench/a.bench.ts', '@tickpath/risk/book'],
    ['libs/wire/src/a.ts', '@tickpath/test'],
  ] as const) {
    test(`${path} may not import ${specifier}`, () => {
      const folder = path.split('/').slice(0, /^(?:test|bench)\//.test(path) ? 1 : 2);
      const message = `${folder.join('/')} may not import ${specifier}`;
      const text = `\nimport {\n  a,\n} from '${specifier}';`;
      assert.deepEqual(found(importDirection, { [path]: text }), [`${path}:2 import-direction ${message}`]);
    });
  }

  for (const [path, specifier] of [
    ['libs/wire/src/a.ts', '@tickpath/trading'],
    ['libs/strategy/src/a.ts', '@tickpath/trading'],
    ['libs/testkit/src/a.ts', '@tickpath/journal'],
    ['libs/trading/test/a.test.ts', '@tickpath/testkit'],
    ['libs/trading/test/a.test.ts', '@tickpath/trading'],
    ['libs/trading/src/a.ts', 'decimal.js'],
    ['libs/trading/src/a.ts', './b.ts'],
    ['services/risk/src/main.ts', '@tickpath/wire'],
    ['services/risk/test/a.test.ts', '@tickpath/testkit'],
    ['services/risk/test/a.test.ts', '@tickpath/risk/core'],
    ['services/backtest/src/main.ts', '@tickpath/venue/core'],
    ['bin/cli/src/main.ts', '@tickpath/runtime'],
    ['test/e2e/a.test.ts', '@tickpath/risk/core'],
    ['test/e2e/a.test.ts', '@tickpath/testkit'],
    ['bench/a.bench.ts', '@tickpath/risk/core'],
  ] as const) {
    test(`${path} may import ${specifier}`, () => {
      assert.deepEqual(found(importDirection, { [path]: `import { a } from '${specifier}';` }), []);
    });
  }

  for (const [title, text] of [
    ['a type', `import type { A } from '@tickpath/wire';`],
    ['a re-export', `export * from '@tickpath/wire';`],
    ['an import at run time', `await import('@tickpath/wire');`],
  ] as const) {
    test(`${title} counts as an import`, () => {
      assert.equal(found(importDirection, { 'libs/trading/src/a.ts': text }).length, 1);
    });
  }

  test('an import in a comment or in a string does not count', () => {
    const text = `// import '@tickpath/wire';\nexport const a = "import '@tickpath/wire'";`;
    assert.deepEqual(found(importDirection, { 'libs/trading/src/a.ts': text }), []);
  });

  test('a package that does not exist is named', () => {
    assert.deepEqual(found(importDirection, { 'services/risk/src/a.ts': `import '@tickpath/bus';` }), [
      'services/risk/src/a.ts:1 import-direction @tickpath/bus names no package of this workspace',
    ]);
  });

  test('a library that the rule does not list may import no other', () => {
    const sources = { 'libs/new/package.json': '{ "name": "@tickpath/new" }' };
    const text = `import '@tickpath/trading';`;
    assert.equal(found(importDirection, { ...sources, 'libs/new/src/a.ts': text }).length, 1);
  });
});

describe('zeromq-owners', () => {
  for (const path of [
    'services/risk/src/a.ts',
    'libs/runtime/src/a.ts',
    'bin/cli/src/a.ts',
    'libs/journal/test/a.ts',
  ]) {
    test(`${path} may not import zeromq`, () => {
      assert.deepEqual(found(zeromqOwners, { [path]: `import type { Reply } from 'zeromq';` }), [
        `${path}:1 zeromq-owners zeromq is reached through @tickpath/wire`,
      ]);
    });
  }

  for (const path of [
    'libs/wire/src/a.ts',
    'libs/testkit/src/a.ts',
    'bench/a.bench.ts',
    'test/compatibility/a.test.ts',
  ]) {
    test(`${path} may import zeromq`, () => {
      assert.deepEqual(found(zeromqOwners, { [path]: `import { Reply } from 'zeromq';` }), []);
    });
  }
});

describe('no-cycles', () => {
  test('files that import each other in a circle are found, by types and re-exports too', () => {
    const sources = {
      'libs/wire/src/a.ts': `import { b } from './b.ts';`,
      'libs/wire/src/b.ts': `\nimport type { C } from './deep/c.ts';`,
      'libs/wire/src/deep/c.ts': `\n\nexport * from '../a.ts';`,
    };
    assert.deepEqual(found(noCycles, sources), [
      'libs/wire/src/deep/c.ts:3 no-cycles import cycle: ' +
        'libs/wire/src/a.ts → libs/wire/src/b.ts → libs/wire/src/deep/c.ts → libs/wire/src/a.ts',
    ]);
  });

  test('a file that imports its own entry is found', () => {
    const sources = {
      'libs/wire/src/index.ts': `export * from './a.ts';`,
      'libs/wire/src/a.ts': `import { b } from '@tickpath/wire';`,
    };
    assert.deepEqual(found(noCycles, sources), [
      'libs/wire/src/a.ts:1 no-cycles import cycle: ' +
        'libs/wire/src/index.ts → libs/wire/src/a.ts → libs/wire/src/index.ts',
    ]);
  });

  test('packages that import each other are found even through unrelated files', () => {
    const sources = {
      'libs/wire/src/a.ts': `import '@tickpath/trading';`,
      'libs/trading/src/z.ts': `import '@tickpath/wire';`,
    };
    assert.deepEqual(found(noCycles, sources), [
      'libs/wire/src/a.ts:1 no-cycles package cycle: @tickpath/trading → @tickpath/wire → @tickpath/trading',
    ]);
  });

  test('two ways to the same file are no circle', () => {
    const sources = {
      'libs/wire/src/a.ts': `import './b.ts';\nimport './c.ts';\n// import './a.ts'`,
      'libs/wire/src/b.ts': `import './d.ts';`,
      'libs/wire/src/c.ts': `import './d.ts';\nimport './b.ts';`,
      'libs/wire/src/d.ts': '',
    };
    assert.deepEqual(found(noCycles, sources), []);
  });

  test('a test that imports the testkit, which imports its package, is no circle', () => {
    const sources = {
      'libs/testkit/src/a.ts': `import '@tickpath/trading';`,
      'libs/trading/test/a.test.ts': `import '@tickpath/testkit';`,
    };
    assert.deepEqual(found(noCycles, sources), []);
  });
});

describe('package-face', () => {
  for (const [path, specifier, message] of [
    ['services/risk/src/a.ts', '@tickpath/wire/src/ring.ts', 'is not in the exports of @tickpath/wire'],
    ['services/backtest/src/a.ts', '@tickpath/risk', 'is not in the exports of @tickpath/risk'],
    ['services/risk/src/a.ts', '../../venue/src/core/index.ts', 'leaves the package'],
    ['test/a.test.ts', '../libs/wire/src/index.ts', 'leaves the package'],
    ['libs/wire/src/a.ts', '../../../package.json', 'leaves the package'],
    ['libs/wire/src/a.ts', '/opt/a.ts', 'leaves the package'],
  ] as const) {
    test(`${specifier} from ${path} is found`, () => {
      const sources = { 'package.json': '{ "name": "root" }', [path]: `export {\n  a,\n} from '${specifier}';` };
      assert.deepEqual(found(packageFace, sources), [`${path}:1 package-face ${specifier} ${message}`]);
    });
  }

  for (const [path, specifier] of [
    ['services/risk/src/a.ts', '@tickpath/wire'],
    ['services/backtest/src/a.ts', '@tickpath/risk/core'],
    ['libs/wire/test/a.test.ts', '../src/ring.ts'],
    ['libs/wire/src/a.ts', '../package.json'],
    ['test/e2e/a.test.ts', '../fixtures/day.ts'],
    ['libs/wire/src/a.ts', 'msgpackr/unpack'],
  ] as const) {
    test(`${specifier} from ${path} is clean`, () => {
      assert.deepEqual(found(packageFace, { [path]: `await import('${specifier}');` }), []);
    });
  }
});

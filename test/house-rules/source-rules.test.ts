import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { fileNames, fileSize, noDefaultExport } from './file-shape.ts';
import { noLeftovers, noMachinePaths } from './leftovers.ts';
import { found } from './made-up-workspace.ts';

describe('no-leftovers', () => {
  for (const [text, finding] of [
    ['// TODO: later', '1 no-leftovers leftover TODO'],
    ['/**\n * Sums.\n * FIXME rounding\n */', '3 no-leftovers leftover FIXME'],
    ['const a = 1; // XXX', '1 no-leftovers leftover XXX'],
    [`/* HACK */ const a = \`\${b /* fine */}\`;`, '1 no-leftovers leftover HACK'],
    ["test.only('a', run);", '1 no-leftovers .only(…)'],
    ["test('a', { only: true }, run);", '1 no-leftovers only: true'],
    ["describe\n  .todo('a');", '2 no-leftovers .todo(…)'],
    ["it.skip('a', run);", "1 no-leftovers .skip(…) gives no reason; use { skip: 'reason' }"],
    ['context.skip();', '1 no-leftovers .skip() gives no reason'],
    ["test('a', { skip: true }, run);", '1 no-leftovers skip: true; give the reason as text'],
  ] as const) {
    test(`${JSON.stringify(text)} is found`, () => {
      const path = 'libs/wire/test/a.test.ts';
      assert.deepEqual(found(noLeftovers, { [path]: text }), [`${path}:${finding}`]);
    });
  }

  for (const text of [
    "const marker = 'TODO' + `FIXME`; const HACK = /XXX/;",
    '// A METHODOLOGY that is TODOS free.',
    "test('a', { skip: 'needs a network' }, run); context.skip('needs a network');",
    "const text = 'test.only(a)'; reader.skip(4); only(a); // test.only(a)",
  ]) {
    test(`${JSON.stringify(text)} is clean`, () => {
      assert.deepEqual(found(noLeftovers, { 'libs/wire/test/a.test.ts': text }), []);
    });
  }

  test('outside of tests, skip and only are words like others', () => {
    assert.deepEqual(found(noLeftovers, { 'libs/wire/src/a.ts': 'reader.skip(); filter.only(a);' }), []);
  });
});

describe('no-machine-paths', () => {
  for (const folder of ['work', 'root', 'home', 'Users']) {
    for (const text of [`'/${folder}/a'`, `\`/${folder}/\${a}\``, `'file:///${folder}/a'`, `b;// see /${folder}/a`]) {
      test(`${text} is found`, () => {
        const path = 'libs/wire/src/a.ts';
        const finding = `${path}:2 no-machine-paths machine path /${folder}/`;
        assert.deepEqual(found(noMachinePaths, { [path]: `\nconst a = ${text}` }), [finding]);
      });
    }
  }

  for (const text of [
    `'./${'home'}/a'`,
    `'../${'work'}/a'`,
    `'https://example.com/${'home'}/a'`,
    `'https://${'work'}/a'`,
    `\`\${folder}/${'root'}/a\``,
    `/${'home'}/.test(b)`,
    `'/homework/a'`,
    `b / work / c`,
  ]) {
    test(`${text} is clean`, () => {
      assert.deepEqual(found(noMachinePaths, { 'libs/wire/src/a.ts': `const a = ${text};` }), []);
    });
  }
});

describe('file-names', () => {
  for (const [path, message] of [
    ['libs/wire/src/orderBook.ts', '"orderBook" is not kebab-case'],
    ['libs/wire/src/order_book.test.ts', '"order_book" is not kebab-case'],
    ['libs/wire/src/listen.1.test.ts', '"listen.1" is not kebab-case'],
    ['libs/wire/src/Sockets/a.ts', '"Sockets" is not kebab-case'],
    ['libs/wire/src/utils.ts', '"utils" does not say what it holds'],
    ['libs/wire/src/helpers/a.ts', '"helpers" does not say what it holds'],
    ['libs/wire/test/common.test.ts', '"common" does not say what it holds'],
    ['libs/wire/src/misc.ts', '"misc" does not say what it holds'],
    ['libs/wire/src/socket-manager.ts', '"socket-manager" does not say what it holds'],
  ] as const) {
    test(`${path} is found`, () => {
      assert.deepEqual(found(fileNames, { [path]: '' }), [`${path}:1 file-names ${message}`]);
    });
  }

  for (const path of [
    'libs/wire/src/order-book.ts',
    'services/market-data/src/l2-book.test.ts',
    'bench/tick-to-order.bench.ts',
    'libs/wire/src/zeromq.d.ts',
    'libs/trading/src/common-stock.ts',
  ]) {
    test(`${path} is clean`, () => {
      assert.deepEqual(found(fileNames, { [path]: '' }), []);
    });
  }
});

describe('file-size', () => {
  test('a file of 401 lines is found', () => {
    assert.deepEqual(found(fileSize, { 'libs/wire/src/a.ts': 'a;\n'.repeat(401) }), [
      'libs/wire/src/a.ts:401 file-size 401 lines > 400',
    ]);
  });

  test('a file of 400 lines is clean', () => {
    assert.deepEqual(found(fileSize, { 'libs/wire/src/a.ts': 'a;\n'.repeat(400) }), []);
  });
});

describe('no-default-export', () => {
  for (const text of [
    'export default function a() {}',
    'export\n  default a;',
    'export { a, b as default };',
    "export { default } from './b.ts';",
  ]) {
    test(`${JSON.stringify(text)} is found`, () => {
      assert.deepEqual(found(noDefaultExport, { 'libs/wire/src/a.ts': `\n${text}` }), [
        'libs/wire/src/a.ts:2 no-default-export default export',
      ]);
    });
  }

  for (const text of [
    "export { default as a, b } from './b.ts';",
    'export const a = 1; switch (b) { default: c(); }',
    "// export default a\nconst text = 'export default a';",
    "import a, { default as b } from 'b';",
  ]) {
    test(`${JSON.stringify(text)} is clean`, () => {
      assert.deepEqual(found(noDefaultExport, { 'libs/wire/src/a.ts': text }), []);
    });
  }
});

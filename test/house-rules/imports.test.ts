import assert from 'node:assert/strict';
import { test } from 'node:test';
import { importsOf } from './imports.ts';
import { scan, withoutComments } from './tokens.ts';

function specifiersOf(text: string): string[] {
  return importsOf(withoutComments(scan(text))).map(({ specifier }) => specifier);
}

for (const [title, text] of [
  ['of a side effect', `import 'x';`],
  ['of a name', `import { a } from 'x';`],
  ['of a default', `import a from 'x';`],
  ['of a default and names', `import a, { b as c } from "x"`],
  ['of a namespace', `import * as a from 'x';`],
  ['of a default and a namespace', `import a, * as b from 'x';`],
  ['over several lines', `import {\n  a, // first\n  type B,\n  /* from 'y' */\n} from\n  'x';`],
  ['of JSON', `import a from 'x' with { type: 'json' };`],
  ['of names that are words of the language', `import { from, type as as, default as type } from 'x';`],
  ['of a default called type', `import type from 'x';`],
  ['of a type called from', `import type from from 'x';`],
  ['of types', `import type { A } from 'x';`],
  ['of a namespace of types', `import type * as A from 'x';`],
  ['by a re-export of names', `export {\n  a,\n  b as c,\n} from 'x';`],
  ['by a re-export of all', `export * from 'x';`],
  ['by a re-export as a namespace', `export * as a from 'x';`],
  ['by a re-export of types', `export type { A } from 'x';`],
  ['at run time', `const a = await import('x');`],
  ['at run time, inside a template literal', `const a = \`\${(await import(\`x\`)).b}\`;`],
  ['at run time, with attributes', `import('x', { with: { type: 'json' } })`],
  ['in a type', `let a: import('x').A;`],
  ['by require', `const a = require('x');`],
  ['by resolving with require', `const path = require.resolve('x');`],
  ['by resolving', `const url = import.meta.resolve('x');`],
] as const) {
  test(`an import ${title} is seen`, () => {
    assert.deepEqual(specifiersOf(text), ['x']);
  });
}

for (const [title, text] of [
  ['a comment', `// import a from 'x';\n/* export * from 'x';\n * import('x') */`],
  ['a string', `const a = "import b from 'x'";`],
  ['a template literal', "const a = `import b from 'x'; import('x')`;"],
  ['a regular expression', `const a = /import ('x')/;`],
  ['import.meta', `const a = import.meta.url;`],
  ['a computed import', `await import(name); await import(\`./\${name}.ts\`);`],
  ['a member called import', `a.import('x'); b?.require('x');`],
  ['a property called import', `const a = { import: 'x', require: 'x' };`],
  ['an export of its own', `export { a };\nfrom('x');\nexport const b = 'x';\nexport type C = 'x';`],
] as const) {
  test(`${title} imports nothing`, () => {
    assert.deepEqual(specifiersOf(text), []);
  });
}

test('an import knows its line, its names and whether it is of types only', () => {
  const text = [
    `import type { A, B as C } from 'types';`,
    `import d, {`,
    `  type E,`,
    `  f as g,`,
    `  type,`,
    `} from 'mixed';`,
    `export * from 'all';`,
    `import type from 'value';`,
  ].join('\n');
  assert.deepEqual(importsOf(withoutComments(scan(text))), [
    { specifier: 'types', line: 1, typeOnly: true, names: ['A', 'B'] },
    { specifier: 'mixed', line: 2, typeOnly: false, names: ['default', 'E', 'f', 'type'] },
    { specifier: 'all', line: 7, typeOnly: false, names: ['*'] },
    { specifier: 'value', line: 8, typeOnly: false, names: ['default'] },
  ]);
});

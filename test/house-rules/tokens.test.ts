import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { scan } from './tokens.ts';

/** `kind:text` of every token. */
function kinds(text: string): string[] {
  return scan(text).map((token) => `${token.kind}:${token.text}`);
}

function textsOf(kind: string, text: string): string[] {
  return scan(text)
    .filter((token) => token.kind === kind)
    .map((token) => token.text);
}

test('names, numbers, strings and punctuation are told apart', () => {
  assert.deepEqual(kinds(`#a?.b(0x1f, 1_000n, .5e-3, 'it\\'s', "q")`), [
    'name:#a',
    'punctuation:?.',
    'name:b',
    'punctuation:(',
    'number:0x1f',
    'punctuation:,',
    'number:1_000n',
    'punctuation:,',
    'number:.5e-3',
    'punctuation:,',
    `string:it\\'s`,
    'punctuation:,',
    'string:q',
    'punctuation:)',
  ]);
});

test('a comment holds no code, and a string or a regular expression holds no comment', () => {
  assert.deepEqual(textsOf('name', '// import\n/* from\n * x */ a'), ['a']);
  assert.deepEqual(textsOf('comment', `'// no' + "/* no */" + \`// no\` + /[/*]\\/\\// // yes`), [' yes']);
});

test('the code inside a template literal is code, the text around it is not', () => {
  assert.deepEqual(kinds(`\`a \${ { b: \`\${c}\` }.b } \\\` $d\`.e`), [
    'template:a ',
    'punctuation:{',
    'name:b',
    'punctuation::',
    'template:',
    'name:c',
    'template-rest:',
    'punctuation:}',
    'punctuation:.',
    'name:b',
    'template-rest: \\` $d',
    'punctuation:.',
    'name:e',
  ]);
});

for (const [text, regexes] of [
  ['a / b / c', []],
  ['(a) / b / c', []],
  ['a[0] / b / c', []],
  ['i++ / b / c', []],
  [`\`\${a}\` / b / c`, []],
  ['x = /b/g', ['/b/g']],
  ['return /[/]b/', ['/[/]b/']],
  ['if (a) /b/.test(c)', ['/b/']],
  ['[/a/, !/b/]', ['/a/', '/b/']],
  ['a => { } /b/.test(c)', ['/b/']],
] as const) {
  test(`${text} has ${regexes.length} regular expressions`, () => {
    assert.deepEqual(textsOf('regex', text), regexes);
  });
}

test('every token knows its line', () => {
  const lines = scan(`#!/bin/env node\na /* \n\n */ b \`\n\${c}\n\` d`).map(({ text, line }) => [text.trim(), line]);
  assert.deepEqual(lines, [
    ['a', 2],
    ['', 2],
    ['b', 4],
    ['', 4],
    ['c', 5],
    ['', 5],
    ['d', 6],
  ]);
});

test('any text gives tokens, and quoted code gives none', () => {
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom(...`'"\`\${}()[]/*\\\n a1.`) }), (text) => {
      scan(text);
      assert.deepEqual(kinds(JSON.stringify(text)).length, 1);
    }),
  );
});

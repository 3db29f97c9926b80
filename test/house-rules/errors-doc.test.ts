import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { codesIn, exitCodesIn, venueCodesIn } from './error-codes.ts';
import { errorsDocFaults } from './errors-doc.ts';
import { readTree } from './read-tree.ts';
import { parseWorkspace, type Workspace } from './workspace.ts';

const ROOT = new URL('../../', import.meta.url);
const doc = readFileSync(new URL('docs/errors.md', ROOT), 'utf8');
const workspace = parseWorkspace(readTree(fileURLToPath(ROOT)));

test('docs/errors.md has every code of the sources and no other', () => {
  assert.deepEqual(errorsDocFaults(doc, workspace), []);
});

test('codes of every kind are found in the sources', () => {
  const codes = codesIn(workspace);
  // A type's union, a field, a constructor's argument, an answer, a conditional, a refusal.
  for (const code of ['PEER_UNKNOWN', 'CONFIG_INVALID', 'TAPE_EMPTY', 'BAD_REQUEST', 'TIMEOUT', 'NOT_READY']) {
    assert.ok(codes.has(code), code);
  }
  assert.ok(exitCodesIn(workspace).has('78'));
  assert.ok(venueCodesIn(workspace).has('42210000') && venueCodesIn(workspace).has('405'));
});

function sources(files: Readonly<Record<string, string>>): Workspace {
  return parseWorkspace(Object.entries(files).map(([path, text]) => ({ path, text })));
}

function found(text: string, path = 'libs/wire/src/a.ts'): string[] {
  return [...codesIn(sources({ [path]: text })).keys()];
}

describe('a code of the sources', () => {
  test('is found however it is given out', () => {
    assert.deepEqual(found("export type SeatFault = 'SEAT_TAKEN' | 'SEAT_GONE';"), ['SEAT_TAKEN', 'SEAT_GONE']);
    assert.deepEqual(found("type OrdRejReason =\n  /** why */\n  | 'A_B'\n  | 'C';\nconst x = 'D';"), ['A_B', 'C']);
    assert.deepEqual(found("class E extends Error { readonly code = 'SEAT_TAKEN'; }"), ['SEAT_TAKEN']);
    assert.deepEqual(found("class E { readonly code: 'A' | 'B'; readonly text = 'C'; }"), ['A', 'B']);
    assert.deepEqual(found("return { ok: false, code: late ? 'LATE' : 'GONE', text: 'TEXT' };"), ['LATE', 'GONE']);
    assert.deepEqual(found("throw new SeatError('SEAT_TAKEN', text, { cause: 'NOT_THIS' });"), ['SEAT_TAKEN']);
    assert.deepEqual(found("throw new SeatError(\n  isOld ? 'SEAT_OLD' : error.code,\n  'TEXT');"), ['SEAT_OLD']);
    assert.deepEqual(found("return failure(idOf(request, 'x'), 'SEAT_TAKEN', text);"), ['SEAT_TAKEN']);
    assert.deepEqual(found("return refuse('TOO_LATE', text);"), ['TOO_LATE']);
    assert.deepEqual(found("append({ kind: 'OrderRefused', payload: { clOrdId, reason: 'NEVER_SENT' } });"), [
      'NEVER_SENT',
    ]);
  });

  test('is not what it is compared with, what a text holds, a status, a comment or what tests make', () => {
    assert.deepEqual(found("if (error.code === 'EADDRINUSE') return 'PORT_TAKEN_TEXT';"), []);
    assert.deepEqual(found("const reason = error.code === 'ENOENT' ? 'no such file' : String(error);"), []);
    assert.deepEqual(found(`return { reason: \`\${code ?? 'ERROR'}: \${message}\` };`), []);
    assert.deepEqual(found("type OrdStatus = 'NEW' | 'FILLED'; const side = 'BUY';"), []);
    assert.deepEqual(found("// code: 'OLD_CODE'\n/* new SeatError('X') */"), []);
    assert.deepEqual(found("const code = 'SEAT_TAKEN';", 'libs/wire/test/a.test.ts'), []);
  });

  test('of a process or of the venue is a number', () => {
    const exits = exitCodesIn(
      sources({ 'libs/a.ts': 'export const EXIT_OK = 0;\nconst EXIT_ODD = 99;\nEXIT_OK === 3;' }),
    );
    assert.deepEqual([...exits.keys()], ['0', '99']);
    const text = `const NO = { status: 401, code: 40110000, message: 'no' }; const T = { 405: 'limit' };
      send(status, { code: status * 100_000 }); const late = is ? 5 : 'x'; const bad = { code: 1 * 2 };`;
    const codes = venueCodesIn(sources({ 'services/venue/src/a.ts': text, 'services/risk/src/a.ts': text }));
    assert.deepEqual([...codes].flat(2), ['40110000', 'services/venue/src/a.ts', '405', 'services/venue/src/a.ts']);
  });
});

describe('a document that differs from the sources', () => {
  const files = {
    'libs/wire/src/a.ts': "throw new SeatError('SEAT_TAKEN', 'x');",
    'libs/runtime/src/b.ts': 'export const EXIT_OK = 0;',
  };
  const head = (heading: string) => `| ${heading} | From | Meaning |\n| --- | --- | --- |\n`;
  const exits = `${head('Exit code')}| \`0\` | all | it is over |\n`;
  const faults = (rows: string, more: Readonly<Record<string, string>> = {}) =>
    errorsDocFaults(`${exits}\n${head('Code')}${rows}`, sources({ ...files, ...more }));
  const row = '| `SEAT_TAKEN` | `libs/wire` | somebody sits there |\n';

  test('is told of by name', () => {
    assert.deepEqual(faults(row), []);
    assert.deepEqual(faults(''), ['Code SEAT_TAKEN of libs/wire/src/a.ts is not documented']);
    assert.deepEqual(faults(row, { 'bin/c.ts': "const e = { code: 'SEAT_LOST' };" }), [
      'Code SEAT_LOST of bin/c.ts is not documented',
    ]);
    assert.deepEqual(faults(row, { 'bin/c.ts': 'const EXIT_ODD = 99;' }), [
      'Exit code 99 of bin/c.ts is not documented',
    ]);
    assert.deepEqual(faults(`${row}| \`SEAT_LOST\` | \`bin\` | it is lost |\n`), [
      'Code SEAT_LOST is documented, but not in the sources',
    ]);
  });

  test('is told of for a row that is there twice, has a hole or names another place', () => {
    assert.deepEqual(faults(row + row), ['Code SEAT_TAKEN is documented twice']);
    assert.deepEqual(faults('| `SEAT_TAKEN` | `libs/wire` | |\n'), ['Code SEAT_TAKEN has an empty cell']);
    assert.deepEqual(faults('| `SEAT_TAKEN` | `libs/wire`, `libs/runtime` | taken |\n'), [
      'Code SEAT_TAKEN is not in libs/runtime',
    ]);
  });
});

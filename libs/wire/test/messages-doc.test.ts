import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { decodeFrame, type Envelope, encodeEnvelope, MAX_FRAME_BYTES, WIRE_VERSION } from '../src/envelope.ts';
import { KINDS, MESSAGES } from '../src/messages.ts';
import { type Fields, MAX_TEXT_LENGTH, type WireType } from '../src/schema.ts';

const doc = readFileSync(new URL('../../../docs/messages.md', import.meta.url), 'utf8');
const corpus = new URL('corpus/', import.meta.url);

/** The cells of every row of the tables whose first column has the given heading, `\|` read as `|`. */
function rowsOf(heading: string): string[][] {
  const rows: string[][] = [];
  let inTable: boolean | undefined;
  for (const line of doc.split('\n')) {
    const cells = line.startsWith('|') ? cellsOf(line) : undefined;
    if (cells === undefined) inTable = undefined;
    else if (inTable === undefined) inTable = cells[0] === heading;
    else if (inTable && !/^-+$/.test(cells[0] ?? '')) rows.push(cells);
  }
  return rows;
}

function cellsOf(line: string): string[] {
  const cells = line.split(/(?<!\\)\|/).slice(1, -1);
  return cells.map((cell) => cell.trim().replaceAll('\\|', '|'));
}

function codeSpans(cell: string | undefined): string[] {
  return Array.from((cell ?? '').matchAll(/`([^`]+)`/g), ([, code]) => code as string);
}

function fieldList(fields: Fields): string[] {
  return Object.entries(fields).map(([key, type]) => `${key}: ${type.name}`);
}

/** What a type's name is short for, or the name itself. */
function spelledOut({ name, shape }: WireType<unknown>): string {
  if (shape.type === 'oneOf') return shape.values.join(' | ');
  return shape.type === 'struct' ? `(${fieldList(shape.fields).join(', ')})` : name;
}

function typesIn(type: WireType<unknown>): WireType<unknown>[] {
  const { shape } = type;
  if (shape.type === 'struct') return [type, ...Object.values(shape.fields).flatMap(typesIn)];
  return 'of' in shape ? [type, ...typesIn(shape.of)] : [type];
}

test('every kind has one row in docs/messages.md, and every row is a kind', () => {
  const documented = rowsOf('Kind').flatMap(([kind]) => codeSpans(kind));
  assert.deepEqual(documented.toSorted(), KINDS.toSorted());
});

for (const [kindCell, where, fields] of rowsOf('Kind')) {
  test(`the row of ${kindCell} has its fields in order with their types`, () => {
    const kind = KINDS.find((known) => known === codeSpans(kindCell)[0]);
    assert.ok(kind !== undefined && where !== '');
    assert.deepEqual(codeSpans(fields), fieldList(MESSAGES[kind].fields));
  });
}

test('every named type has one row that spells it out, and every row is used', () => {
  const named = new Map<string, string>();
  for (const type of KINDS.flatMap((kind) => Object.values<WireType<unknown>>(MESSAGES[kind].fields)).flatMap(
    typesIn,
  )) {
    if (spelledOut(type) !== type.name) named.set(type.name, spelledOut(type));
  }
  const documented = rowsOf('Name').map(([name, spelled]) => [name, spelled]);
  assert.deepEqual(documented.toSorted(), [...named].toSorted());
});

test('every reason to drop that the corpus knows is explained', () => {
  const explained = new Set(rowsOf('Reason').flatMap(([reason]) => codeSpans(reason)));
  const known = readdirSync(corpus).flatMap((name) =>
    Array.from(readFileSync(new URL(name, corpus), 'utf8').matchAll(/!(\w+)/g), ([, reason]) => reason as string),
  );
  assert.deepEqual(
    known.filter((reason) => !explained.has(reason)),
    [],
  );
});

test('the limits in the text are those of the code', () => {
  assert.ok(doc.includes(`at most ${MAX_FRAME_BYTES.toLocaleString('en-US')} bytes`));
  assert.ok(doc.includes(`at most ${MAX_TEXT_LENGTH.toLocaleString('en-US')} characters`));
  assert.match(doc, new RegExp(`\`version\` +\\| int +\\| ${WIRE_VERSION}\\.`));
});

test('the bytes of the example are those of an encoded trade', () => {
  const dump = doc.split('```').find((block) => block.startsWith('\n98 ')) ?? '';
  const hex = dump.split('\n').map((line) => /^(?:[0-9a-f]{2} )*/.exec(line)?.[0] ?? '');
  const frame = Buffer.from(hex.join('').replaceAll(' ', ''), 'hex');
  const envelopes: Envelope[] = [];
  decodeFrame(frame, (envelope) => envelopes.push(envelope), assert.fail);
  const [trade] = envelopes;
  assert.ok(trade?.kind === 'trade' && envelopes.length === 1);
  assert.equal(trade.payload.price, '187.23');
  assert.equal(encodeEnvelope('trade', trade, trade.payload).toString('hex'), frame.toString('hex'));
});

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { type EventMap, type EventTypes, type Journal, openJournal } from '../src/index.ts';
import { BOOT, testFolder, withCode } from './fixture.ts';

interface Old extends EventMap {
  readonly Placed: { readonly quantity: number };
}
interface Today extends EventMap {
  readonly Placed: { readonly qty: string; readonly side: 'BUY' | 'SELL' };
}

const OLD: EventTypes<Old> = { Placed: { schema: 1 } };
const TODAY: EventTypes<Today> = {
  Placed: {
    schema: 3,
    upcast: {
      1: (payload) => ({ qty: String((payload as Old['Placed']).quantity) }),
      2: (payload) => ({ ...(payload as object), side: 'BUY' }),
    },
  },
};

function openWith<T extends EventMap>(folder: string, types: EventTypes<T>): Promise<Journal<T>> {
  const path = join(folder, 'test.sqlite');
  return openJournal<T>({ path, types, nowNs: () => 1n, random: randomBytes, bootId: BOOT });
}

async function journalOf<T extends EventMap>(
  t: TestContext,
  types: EventTypes<T>,
  write: (journal: Journal<T>) => void,
) {
  const folder = testFolder(t);
  const journal = await openWith(folder, types);
  write(journal);
  await journal.close();
  return folder;
}

test('an old event is read in the schema of today, one step after the other', async (t) => {
  const folder = await journalOf(t, OLD, (journal) => {
    journal.transact((tx) => tx.append('s', [{ type: 'Placed', payload: { quantity: 5 } }], 0));
  });
  const journal = await openWith(folder, TODAY);
  journal.transact((tx) => tx.append('s', [{ type: 'Placed', payload: { qty: '7', side: 'SELL' } }], 1));
  const found = [...journal.readStream('s')].map(({ payload, schema }) => [payload, schema]);
  assert.deepEqual(found, [
    [{ qty: '5', side: 'BUY' }, 3],
    [{ qty: '7', side: 'SELL' }, 3],
  ]);
  await journal.verify();
  await journal.close();
});

test('a newer schema, a missing step and an unknown type stop a recovery, and say what to do', async (t) => {
  const folder = await journalOf(t, TODAY, (journal) => {
    journal.transact((tx) => tx.append('s', [{ type: 'Placed', payload: { qty: '7', side: 'SELL' } }], 0));
  });
  const cases = [
    [OLD, 'JOURNAL_NEWER_SCHEMA', /event 1 of type Placed has schema 3, newer than 1; start the version that wrote it/],
    [{ Other: { schema: 1 } }, 'JOURNAL_UNKNOWN_TYPE', /event 1 is of type Placed, which is none of Other; start/],
    [{ Placed: { schema: 4 } }, 'JOURNAL_UNKNOWN_TYPE', /schema 3, and nothing brings 3 to 4/],
    [{ toString: { schema: 1 } }, 'JOURNAL_UNKNOWN_TYPE', /Placed/],
  ] as const;
  for (const [types, code, message] of cases) {
    const journal = await openWith<EventMap>(folder, types as EventTypes);
    const seen: unknown[] = [];
    const recovery = journal.recover({ snapshot: () => {}, event: (event) => seen.push(event) });
    await assert.rejects(recovery, withCode(code, message));
    assert.deepEqual(seen, []);
    await journal.close();
  }
});

test('a table of types with a gap in its upcasters is refused before anything is opened', async (t) => {
  const folder = testFolder(t);
  const step = (payload: unknown) => payload;
  for (const types of [
    { A: { schema: 0 } },
    { A: { schema: 3, upcast: { 1: step } } },
    { A: { schema: 2, upcast: { 2: step } } },
    { 'A\n': { schema: 1 } },
  ]) {
    await assert.rejects(openWith<EventMap>(folder, types as EventTypes), withCode('JOURNAL_MISUSE'));
  }
});

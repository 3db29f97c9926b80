import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { AnswerStoreFull, MemoryAnswers } from '../src/answers.ts';
import './seed.ts';

const CAPACITY = 4;
const KEEP_MS = 100;

const steps = fc.array(
  fc.record({
    id: fc.integer({ min: 0, max: 12 }).map(String),
    laterMs: fc.integer({ min: 0, max: 60 }),
    throws: fc.boolean(),
  }),
  { maxLength: 60 },
);

test('it holds what is younger than keepMs, never more than its capacity, and counts what it forgets and refuses', () => {
  fc.assert(
    fc.property(steps, (script) => {
      let nowMs = 0;
      const store = new MemoryAnswers({ capacity: CAPACITY, keepMs: KEEP_MS, nowMs: () => nowMs });
      const committed = new Map<string, number>();
      let executions = 0;
      let refusals = 0;
      for (const { id, laterMs, throws } of script) {
        nowMs += laterMs;
        if (store.find(id) !== undefined) continue;
        const began = executions;
        try {
          store.commit(id, Buffer.from(`${id}@${nowMs}`), () => {
            if (throws) throw new Error('undone');
            executions += 1;
          });
          committed.set(id, nowMs);
        } catch (error) {
          assert.equal(executions, began);
          if (error instanceof AnswerStoreFull) refusals += 1;
          else assert.match(String(error), /undone/);
        }
        for (const [known, atMs] of committed) {
          const found = store.find(known);
          if (nowMs - atMs < KEEP_MS) assert.equal(String(found), `${known}@${atMs}`);
        }
        assert.ok(store.size <= CAPACITY);
        assert.equal(store.refused, refusals);
        assert.equal(store.size + store.forgotten, executions);
      }
    }),
  );
});

test('full of young answers it executes nothing, and says so', () => {
  const store = new MemoryAnswers({ capacity: 1, keepMs: KEEP_MS, nowMs: () => 0 });
  store.commit('first', Buffer.from('1'), () => {});
  assert.throws(() => store.commit('second', Buffer.from('2'), assert.fail), {
    code: 'ANSWER_STORE_FULL',
    message: '1 answers are younger than 100 ms: nothing was executed, ask again later',
  });
});

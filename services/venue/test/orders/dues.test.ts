import '../seed.ts';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { createDueQueue, type Due, peekDue, popDue, pushDue, sweepDues } from '../../src/core/orders/dues.ts';
import { step } from '../../src/core/orders/exchange-core.ts';
import { anExchange, anOrder } from '../builders.ts';

const KINDS = ['arrival', 'cancel', 'replace', 'expiry'] as const;
const RANK = { arrival: 0, cancel: 1, replace: 1, expiry: 2 };

const steps = fc.array(
  fc.oneof(
    { weight: 2, arbitrary: fc.record({ ns: fc.bigInt(0n, 5n), kind: fc.constantFrom(...KINDS) }) },
    { weight: 1, arbitrary: fc.constant('pop' as const) },
  ),
  { maxLength: 200 },
);

test('what is due comes by its time, then arrivals before requests before ends, then by the age of the order', () => {
  fc.assert(
    fc.property(steps, (script) => {
      const queue = createDueQueue();
      const naive: Due[] = [];
      for (const [index, step] of script.entries()) {
        if (step === 'pop') {
          naive.sort((a, b) => Number(a.ns - b.ns) || RANK[a.kind] - RANK[b.kind] || Number(a.createdNs - b.createdNs));
          assert.deepEqual(peekDue(queue), naive[0]);
          assert.deepEqual(popDue(queue), naive.shift());
          continue;
        }
        // In no order of their own: the oldest orders come at any place.
        const due = { ...step, orderId: `${index}`, createdNs: BigInt((index * 7919) % 211) };
        pushDue(queue, due);
        naive.push(due);
      }
      assert.equal(queue.heap.length, naive.length);
    }),
  );
});

test('a sweep leaves what stands, in its order', () => {
  fc.assert(
    fc.property(fc.array(fc.bigInt(0n, 50n), { maxLength: 100 }), (times) => {
      const queue = createDueQueue();
      for (const [index, ns] of times.entries()) {
        pushDue(queue, { ns, kind: 'expiry', orderId: `${index}`, createdNs: BigInt(index) });
      }
      const stands = ({ orderId }: Due) => Number(orderId) % 3 === 0;
      sweepDues(queue, stands);
      const left: Due[] = [];
      for (let due = popDue(queue); due !== undefined; due = popDue(queue)) left.push(due);
      assert.ok(left.every(stands));
      const kept = times.filter((_, index) => index % 3 === 0).sort((a, b) => Number(a - b));
      assert.deepEqual(
        left.map(({ ns }) => ns),
        kept,
      );
    }),
  );
});

test('orders that have closed leave no end behind that would only be due in months', () => {
  const state = anExchange();
  const order = { ...anOrder({ type: 'limit', limitPx: '1', timeInForce: 'gtc' }) };
  for (let n = 0; n < 5000; n += 1) {
    const orderId = `order-${n}`;
    const tsNs = BigInt(n);
    step(state, { kind: 'submit', order: { ...order, clOrdId: orderId }, orderId, tsNs });
    if (n >= 10) step(state, { kind: 'cancel', orderId, tsNs });
  }
  assert.equal(state.open.size, 10);
  assert.ok(state.dues.heap.length < 1200, `${state.dues.heap.length} dues of 10 open orders`);
});

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  clOrdIdOf,
  type DecisionKey,
  MAX_CL_ORD_ID_LENGTH,
  readTraceparent,
  spanIdOf,
  traceIdOf,
  traceparentOf,
} from '../src/index.ts';
import './seed.ts';

const keys: fc.Arbitrary<DecisionKey> = fc.record({
  run: fc.string(),
  strategy: fc.string(),
  symbol: fc.string({ maxLength: 6 }),
  cause: fc.string(),
  n: fc.nat(3),
});
const KEY: DecisionKey = { run: 'r1', strategy: 'momentum', symbol: 'AAPL', cause: 'trade:7', n: 0 };

test('the same decision has the same id, of at most 48 characters that need no escaping', () => {
  fc.assert(
    fc.property(keys, (key) => {
      const id = clOrdIdOf('tp123456', key);
      assert.equal(id, clOrdIdOf('tp123456', { ...key }));
      assert.match(id, /^tp123456-[0-9a-z]{26}$/);
      assert.ok(id.length <= MAX_CL_ORD_ID_LENGTH);
    }),
  );
});

test('the hash is the first 130 bits of SHA-256 in base 32', () => {
  const digest = createHash('sha256').update('["r1","momentum","AAPL","trade:7",0]').digest('hex');
  const bits = BigInt(`0x${digest}`).toString(2).padStart(256, '0').slice(0, 130);
  const text = Array.from(bits.matchAll(/.{5}/g), ([five]) => '0123456789abcdefghjkmnpqrstvwxyz'[Number(`0b${five}`)]);
  assert.equal(clOrdIdOf('tp', KEY), `tp-${text.join('')}`);
});

test('a prefix that would make the id too long is refused', () => {
  assert.equal(clOrdIdOf('p'.repeat(21), KEY).length, 48);
  assert.throws(
    () => clOrdIdOf('p'.repeat(22), KEY),
    new RangeError('clOrdId of 49 characters > 48: prefix pppppppppppppppppppppp'),
  );
});

test('decisions that differ in any part have different ids', () => {
  const others = [{ run: 'r2' }, { strategy: 'm' }, { symbol: 'A' }, { cause: 'trade:8' }, { n: 1 }];
  const ids = [KEY, ...others.map((part) => ({ ...KEY, ...part }))].map((key) => clOrdIdOf('tp', key));
  assert.equal(new Set(ids).size, ids.length);
  assert.notEqual(clOrdIdOf('tp', KEY), clOrdIdOf('tq', KEY));
  fc.assert(
    fc.property(keys, keys, (a, b) => {
      const same = a.run === b.run && a.strategy === b.strategy && a.symbol === b.symbol && a.cause === b.cause;
      assert.equal(clOrdIdOf('tp', a) === clOrdIdOf('tp', b), same && a.n === b.n);
    }),
  );
});

test('parts that run together when joined are still different decisions', () => {
  const a = clOrdIdOf('tp', { ...KEY, run: 'r","x', strategy: 'y' });
  const b = clOrdIdOf('tp', { ...KEY, run: 'r', strategy: 'x","y' });
  assert.notEqual(a, b);
});

test('the trace of an order is valid W3C Trace Context, one trace for all stages and one span for each', () => {
  fc.assert(
    fc.property(fc.string(), fc.string(), fc.string(), (clOrdId, stage, other) => {
      const traceparent = traceparentOf(clOrdId, stage);
      assert.match(traceparent, /^00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-01$/);
      assert.equal(traceparent, `00-${traceIdOf(clOrdId)}-${spanIdOf(traceIdOf(clOrdId), stage)}-01`);
      assert.equal(traceparent === traceparentOf(clOrdId, other), stage === other);
    }),
  );
  assert.notEqual(traceIdOf('tp-a'), traceIdOf('tp-b'));
});

test('what was written as a traceparent is read back as the span it names', () => {
  fc.assert(
    fc.property(fc.string(), fc.string(), (clOrdId, stage) => {
      const traceId = traceIdOf(clOrdId);
      assert.deepEqual(readTraceparent(traceparentOf(clOrdId, stage)), { traceId, spanId: spanIdOf(traceId, stage) });
    }),
  );
});

test('a traceparent that W3C does not allow names no span', () => {
  const [trace, span] = ['4bf92f3577b34da6a3ce929d0e0e4736', '00f067aa0ba902b7'];
  assert.deepEqual(readTraceparent(`00-${trace}-${span}-00`), { traceId: trace, spanId: span });
  const invalid = [
    ...[null, undefined, '', 'nonsense', `00-${trace}-${span}`, `01-${trace}-${span}-01`, `ff-${trace}-${span}-01`],
    ...[`00-${'0'.repeat(32)}-${span}-01`, `00-${trace}-${'0'.repeat(16)}-01`, ` 00-${trace}-${span}-01`],
    ...[`00-${trace.toUpperCase()}-${span}-01`, `00-${trace.slice(1)}-${span}-01`, `00-${trace}-${span}-01-more`],
    `00-${trace}-${span}-01, 00-${trace}-${span}-01`,
  ];
  for (const text of invalid) assert.equal(readTraceparent(text), undefined, String(text));
});

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import type { TraceSpan } from '../src/jaeger.ts';
import { nodesOf, type TraceNode, treeOf } from '../src/trace-tree.ts';

function span(spanId: string, parentId?: string, times: { startUs?: number; durationUs?: number } = {}): TraceSpan {
  const { startUs = 0, durationUs = 10 } = times;
  return {
    spanId,
    parentId,
    startUs,
    durationUs,
    links: [],
    service: 'risk',
    name: spanId,
    attributes: {},
    events: [],
  };
}

/** `a(b,c)`: a with the children b and c; an orphan with `!`. */
function shape(nodes: readonly TraceNode[]): string {
  const each = nodes.map(({ span: { spanId }, isOrphan, children }) => {
    return `${spanId}${isOrphan ? '!' : ''}${children.length > 0 ? `(${shape(children)})` : ''}`;
  });
  return each.join(',');
}

describe('the tree of a trace', () => {
  test('has children under their parents, in order of their starts, whatever order they came in', () => {
    const spans = [
      span('c', 'a', { startUs: 5 }),
      span('d', 'b', { startUs: 2 }),
      span('a'),
      span('b', 'a', { startUs: 1 }),
    ];
    assert.equal(shape(treeOf(spans).roots), 'a(b(d),c)');
  });

  test('puts the longer of two that begin together first', () => {
    const spans = [span('short', 'a', { durationUs: 1 }), span('long', 'a', { durationUs: 5 }), span('a')];
    assert.equal(shape(treeOf(spans).roots), 'a(long,short)');
  });

  test('shows several roots, and spans whose parent is missing as orphans', () => {
    const spans = [span('b', undefined, { startUs: 3 }), span('x', 'gone', { startUs: 2 }), span('y', 'x'), span('a')];
    assert.equal(shape(treeOf(spans).roots), 'a,x!(y),b');
  });

  test('takes a span that was exported twice once, and says so', () => {
    const { roots, repeats } = treeOf([span('a'), span('b', 'a'), span('a'), span('b', 'a')]);
    assert.equal(shape(roots), 'a(b)');
    assert.equal(repeats, 2);
  });

  test('cuts a ring of parents where it begins', () => {
    const spans = [span('c', 'b', { startUs: 2 }), span('a', 'c', { startUs: 0 }), span('b', 'a', { startUs: 1 })];
    assert.equal(shape(treeOf(spans).roots), 'a!(b(c))');
    assert.equal(shape(treeOf([span('a', 'a')]).roots), 'a!');
  });

  test('holds every span id once, whoever claims to be whose parent', () => {
    const id = fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f');
    const spans = fc.array(
      fc.record({ spanId: id, parentId: fc.option(id, { nil: undefined }), startUs: fc.nat(9) }).map((each) => ({
        ...span(each.spanId, each.parentId, each),
      })),
    );
    fc.assert(
      fc.property(spans, (some) => {
        const { roots, repeats } = treeOf(some);
        const ids = [...nodesOf(roots)].map((node) => node.span.spanId);
        assert.deepEqual(ids.toSorted(), [...new Set(some.map(({ spanId }) => spanId))].toSorted());
        assert.equal(repeats + ids.length, some.length);
      }),
    );
  });
});

import type { TraceSpan } from './jaeger.ts';

/** A span and what it caused, in order of their starts. */
export interface TraceNode {
  readonly span: TraceSpan;
  /** Its parent is named, but is not in the trace. */
  readonly isOrphan: boolean;
  readonly children: readonly TraceNode[];
}

export interface TraceTree {
  /** Spans without a parent in the trace, orphans among them, in order of their starts. */
  readonly roots: readonly TraceNode[];
  /** Spans left out because one with their id is in the tree: exported twice. */
  readonly repeats: number;
}

/**
 * Every span id of the trace once. Parents that form a ring are cut where it begins earliest, so that nothing is lost
 * and nothing is without end.
 */
export function treeOf(spans: readonly TraceSpan[]): TraceTree {
  const byId = new Map<string, TraceSpan>();
  for (const span of spans) if (!byId.has(span.spanId)) byId.set(span.spanId, span);
  const sorted = [...byId.values()].sort(inTime);
  const children = Map.groupBy(sorted, ({ parentId }) => parentId);
  const placed = new Set<string>();

  const nodeOf = (span: TraceSpan): TraceNode => {
    placed.add(span.spanId);
    const isOrphan = span.parentId !== undefined && !byId.has(span.parentId);
    const own = (children.get(span.spanId) ?? []).filter(({ spanId }) => !placed.has(spanId));
    return { span, isOrphan, children: own.map(nodeOf) };
  };
  const isRoot = ({ parentId }: TraceSpan) => parentId === undefined || !byId.has(parentId);
  const roots = sorted.filter(isRoot).map(nodeOf);
  for (const span of sorted) if (!placed.has(span.spanId)) roots.push({ ...nodeOf(span), isOrphan: true });
  return { roots: roots.sort((a, b) => inTime(a.span, b.span)), repeats: spans.length - byId.size };
}

/** Spans that begin together: the longer one first, because it may hold the other. */
function inTime(a: TraceSpan, b: TraceSpan): number {
  return a.startUs - b.startUs || b.durationUs - a.durationUs;
}

/** Every node of the tree, parents before their children. */
export function* nodesOf(nodes: readonly TraceNode[]): Generator<TraceNode> {
  for (const node of nodes) {
    yield node;
    yield* nodesOf(node.children);
  }
}

/** What falls due of an order: its arrival in the market, its cancel or replacement, its end. In this order at one moment. */
export type DueKind = 'arrival' | 'cancel' | 'replace' | 'expiry';

export interface Due {
  readonly ns: bigint;
  readonly kind: DueKind;
  /** For a replace: the order that is to take the other's place. */
  readonly orderId: string;
  /** When the order was created: no two orders share it, so it decides between dues of one kind and moment. */
  readonly createdNs: bigint;
}

/** A binary heap: `heap[0]` is the next due. */
export interface DueQueue {
  readonly heap: Due[];
}

const RANK: Readonly<Record<DueKind, number>> = { arrival: 0, cancel: 1, replace: 1, expiry: 2 };

export function createDueQueue(): DueQueue {
  return { heap: [] };
}

/** The next due; it stays. */
export function peekDue({ heap }: DueQueue): Due | undefined {
  return heap[0];
}

/** Takes away all that do not stand. */
export function sweepDues(queue: DueQueue, stands: (due: Due) => boolean): void {
  const standing = queue.heap.filter(stands);
  clearDues(queue);
  for (const due of standing) pushDue(queue, due);
}

export function clearDues({ heap }: DueQueue): void {
  heap.length = 0;
}

export function pushDue({ heap }: DueQueue, due: Due): void {
  let at = heap.length;
  heap.push(due);
  while (at > 0) {
    const above = (at - 1) >> 1;
    const parent = heap[above];
    if (parent === undefined || !isBefore(due, parent)) break;
    heap[at] = parent;
    at = above;
  }
  heap[at] = due;
}

/** Takes the next due away. */
export function popDue({ heap }: DueQueue): Due | undefined {
  const first = heap[0];
  const last = heap.pop();
  if (last === undefined || heap.length === 0) return first;
  let at = 0;
  for (;;) {
    const below = nextBelow(heap, at);
    const child = heap[below];
    if (child === undefined || !isBefore(child, last)) break;
    heap[at] = child;
    at = below;
  }
  heap[at] = last;
  return first;
}

function nextBelow(heap: readonly Due[], at: number): number {
  const left = heap[2 * at + 1];
  const right = heap[2 * at + 2];
  return left !== undefined && right !== undefined && isBefore(right, left) ? 2 * at + 2 : 2 * at + 1;
}

function isBefore(a: Due, b: Due): boolean {
  if (a.ns !== b.ns) return a.ns < b.ns;
  if (a.kind !== b.kind && RANK[a.kind] !== RANK[b.kind]) return RANK[a.kind] < RANK[b.kind];
  return a.createdNs < b.createdNs;
}

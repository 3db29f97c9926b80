import { join } from 'node:path';
import { openJournalReader, type StoredEvent } from '@tickpath/journal';
import { recompute } from '../e2e/independent-ledger.ts';
import type { VenueActivity, VenueWitness } from './venue-witness.ts';

/** What three books of record say of the same orders, each read where it is kept. */
export interface Books {
  readonly risk: readonly StoredEvent[];
  readonly execution: readonly StoredEvent[];
  readonly orders: readonly { readonly id: string; readonly client_order_id: string; readonly filled_qty: string }[];
  readonly activities: readonly VenueActivity[];
  readonly cash: string;
  readonly positions: Readonly<Record<string, { readonly qty: string; readonly cost: string }>>;
}

export interface Audited {
  /** One line for each thing that must not be; empty when the books are right. */
  readonly faults: readonly string[];
  readonly approvals: number;
  readonly fills: number;
  readonly rebases: number;
}

/** Reads the journals of a stack that is at rest, and asks the venue for its orders, its fills and its account. */
export async function readBooks(dataDir: string, venue: VenueWitness): Promise<Books> {
  const { cash, positions } = await venue.book();
  return {
    risk: eventsOf(dataDir, 'risk'),
    execution: eventsOf(dataDir, 'execution'),
    orders: await venue.orders(),
    activities: await venue.activities(),
    cash,
    positions,
  };
}

function eventsOf(dataDir: string, service: string): readonly StoredEvent[] {
  const reader = openJournalReader(join(dataDir, `${service}.sqlite`));
  try {
    return [...reader.readAll()];
  } finally {
    reader.close();
  }
}

/**
 * Holds the books against each other: no order at the venue twice; every fill of the venue in execution's log once, and no
 * other; every event of that log applied by risk once and in order; every approval with one terminal event and one freed
 * reservation; the account what the fills make it, to the last decimal.
 */
export function audit(books: Books, initialCash: string): Audited {
  const { risk, execution, orders, activities } = books;
  const approved = risk.filter(({ type }) => type === 'OrderApproved').map(({ payload }) => fieldsOf(payload));
  const rebases = execution.filter(({ type }) => type === 'AccountRebased').length;
  const faults = [
    ...repeated(
      'an order of the venue',
      orders.map(({ client_order_id }) => client_order_id),
    ),
    ...repeated(
      'an approval',
      approved.map(({ clOrdId }) => String(clOrdId)),
    ),
    ...fillFaults(execution, activities),
    ...appliedFaults(risk, execution),
    ...freedFaults(risk, execution),
    ...chainFaults(approved, endsOf(execution), 'terminal event'),
    ...chainFaults(
      approved,
      risk.filter(({ type }) => type === 'ReservationFreed'),
      'freed reservation',
    ),
    ...accountFaults(books, initialCash),
  ];
  return { faults, approvals: approved.length, fills: activities.length, rebases };
}

function repeated(what: string, names: readonly string[]): string[] {
  return [...Map.groupBy(names, (name) => name)]
    .filter(([, same]) => same.length > 1)
    .map(([name, same]) => `${what} ${name} is there ${same.length} times`);
}

function fillFaults(execution: readonly StoredEvent[], activities: readonly VenueActivity[]): string[] {
  const logged = execution
    .filter(({ type }) => type === 'OrderFilled')
    .map(({ payload }) => {
      const { orderId, cumQty, lastQty, lastPx } = fieldsOf(payload);
      return `${orderId} ${cumQty}: ${lastQty} @ ${lastPx}`;
    });
  const known = new Set(logged);
  const told = activities.map(({ order_id, cum_qty, qty, price }) => `${order_id} ${cum_qty}: ${qty} @ ${price}`);
  const real = new Set(told);
  const missing = told.filter((fill) => !known.has(fill));
  const made = logged.filter((fill) => !real.has(fill));
  return [
    ...repeated('a logged fill', logged),
    ...repeated('a fill of the venue', told),
    ...missing.map((fill) => `the fill ${fill} is in no event of the execution log`),
    ...made.map((fill) => `the logged fill ${fill} is none of the venue's`),
  ];
}

function appliedFaults(risk: readonly StoredEvent[], execution: readonly StoredEvent[]): string[] {
  const applied = risk.filter(({ type }) => type === 'ExecutionApplied').map(({ payload }) => fieldsOf(payload));
  return applied.flatMap(({ seq, kind }, i) => {
    const event = execution[i];
    if (event !== undefined && event.seq === seq && event.type === kind) return [];
    return [`risk applied ${kind} ${seq} in place ${i + 1}, where execution logged ${event?.type} ${event?.seq}`];
  });
}

/** Until an order has ended, and all its fills are in the position, its reservation stands. */
function freedFaults(risk: readonly StoredEvent[], execution: readonly StoredEvent[]): string[] {
  const ends = new Map(endsOf(execution).map(({ seq, payload }) => [fieldsOf(payload).clOrdId, seq]));
  const freed = risk.filter(({ type }) => type === 'ReservationFreed').map(({ payload }) => fieldsOf(payload));
  return freed.flatMap(({ clOrdId, executionSeq }) => {
    const end = ends.get(clOrdId);
    return end === executionSeq
      ? []
      : [`the reservation ${clOrdId} was freed by event ${executionSeq}, it ended at ${end}`];
  });
}

const ENDS = new Set(['OrderCanceled', 'OrderExpired', 'OrderRejected', 'OrderRefused']);

function endsOf(execution: readonly StoredEvent[]): StoredEvent[] {
  return execution.filter(({ type, payload }) =>
    type === 'OrderFilled' ? fieldsOf(payload).leavesQty === '0' : ENDS.has(type),
  );
}

function chainFaults(
  approved: readonly Readonly<Record<string, unknown>>[],
  ends: readonly StoredEvent[],
  what: string,
): string[] {
  const counts = Map.groupBy(ends, ({ payload }) => fieldsOf(payload).clOrdId);
  return approved.flatMap(({ clOrdId }) => {
    const count = counts.get(clOrdId)?.length ?? 0;
    return count === 1 ? [] : [`the approval ${clOrdId} has ${count} times a ${what}`];
  });
}

function accountFaults({ activities, cash, positions }: Books, initialCash: string): string[] {
  const fills = activities.map(({ symbol, side, qty, price }) => {
    return { symbol, side: side === 'buy' ? ('BUY' as const) : ('SELL' as const), lastQty: qty, lastPx: price };
  });
  const counted = recompute(initialCash, fills);
  const held = [...counted.positions].filter(([, { qty }]) => qty !== '0');
  const expected = held.map(([symbol, { qty, cost }]) => `${symbol} ${qty} for ${cost}`).sort();
  const found = Object.entries(positions)
    .map(([symbol, { qty, cost }]) => `${symbol} ${qty} for ${cost}`)
    .sort();
  const faults = cash === counted.cash ? [] : [`the venue has ${cash} USD, its fills make ${counted.cash}`];
  if (expected.join() !== found.join())
    faults.push(`the venue holds ${found.join()}, its fills make ${expected.join()}`);
  return faults;
}

function fieldsOf(payload: unknown): Readonly<Record<string, unknown>> {
  return payload as Readonly<Record<string, unknown>>;
}

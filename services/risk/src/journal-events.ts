import type { EventTypes, JournalEvent, NewEvent } from '@tickpath/journal';
import { traceparentOf } from '@tickpath/trading';
import {
  type ExecutionLogKind,
  fromJson,
  type LogPosition,
  type Payload,
  type PayloadJson,
  type RiskLogKind,
  toJson,
} from '@tickpath/wire';
import type { ExecutionEvent, RiskAppend } from './core/index.ts';

/** The risk log in the journal: each type is a kind of message, its payload that kind's JSON form. */
export type RiskEvents = { readonly [K in RiskLogKind]: PayloadJson };
export type RiskJournalEvent = JournalEvent<RiskEvents>;

export const RISK_EVENTS: EventTypes<RiskEvents> = {
  OrderApproved: { schema: 1 },
  IntentRefused: { schema: 1 },
  PositionUpdated: { schema: 1 },
  ReservationFreed: { schema: 1 },
  OrderAdopted: { schema: 1 },
  ExecutionApplied: { schema: 1 },
  TradingStateChanged: { schema: 1 },
};

/** What `ExecutionApplied` has in the journal alone: the event itself, and what was known when it was applied. */
interface AppliedJson extends Payload<'ExecutionApplied'> {
  readonly event: PayloadJson;
  readonly decidedBefore: boolean;
}

/** What a journal takes as a name: the same words come from others, who may send anything. */
const NAME = /^[^\p{Cc}]{1,256}$/u;

export function isName(text: string): boolean {
  return text.length <= 256 && text.isWellFormed() && NAME.test(text);
}

/** Where the events of an order are. An id that cannot name a stream is refused, and takes none. */
export function orderStream(clOrdId: string): string | undefined {
  const stream = `order/${clOrdId}`;
  return isName(stream) ? stream : undefined;
}

export function streamOf(append: RiskAppend): string {
  if (append.kind === 'ExecutionApplied') return 'execution';
  return (append.clOrdId === null ? undefined : orderStream(append.clOrdId)) ?? 'account';
}

/** The event as it is appended; `causation` is what led to it. */
export function toJournal(append: RiskAppend, causation: string | null): NewEvent<RiskEvents> {
  return {
    type: append.kind,
    payload: payloadJson(append),
    correlationId: nameOrNull(orderOf(append)),
    causationId: nameOrNull(causation),
  };
}

function payloadJson(append: RiskAppend): PayloadJson {
  const json = toJson(append.kind, append.payload as never);
  if (append.kind !== 'ExecutionApplied') return json;
  const { event, decidedBefore } = append.applied;
  return { ...json, event: toJson(event.kind, event.payload as never), decidedBefore };
}

function orderOf(append: RiskAppend): string | null {
  if (append.kind !== 'ExecutionApplied') return append.clOrdId;
  const { payload } = append.applied.event;
  return 'clOrdId' in payload ? payload.clOrdId : null;
}

/** What the core said when the event was new. */
export function fromJournal({ type, payload: json }: RiskJournalEvent): RiskAppend {
  const payload = fromJson(type, json);
  if (type !== 'ExecutionApplied') {
    const { clOrdId = null } = payload as { readonly clOrdId?: string | null };
    return { type: 'append', kind: type, payload, clOrdId } as RiskAppend;
  }
  const { event, decidedBefore, uuid, generation, seq, kind } = json as unknown as AppliedJson;
  const applied = fromJson(kind as ExecutionLogKind, event);
  return {
    type: 'append',
    kind: type,
    payload: payload as Payload<'ExecutionApplied'>,
    clOrdId: null,
    applied: {
      type: 'execution',
      log: { uuid, generation },
      event: { kind, seq, payload: applied } as unknown as ExecutionEvent,
      decidedBefore,
    },
  };
}

/** An event of the execution log, as the events of ours that it led to name it. */
export function causationOf({ uuid, generation, seq }: LogPosition): string {
  return `${uuid}/${generation}/${seq}`;
}

/**
 * The stage that names the span under which an event of our log is published: what execution's span links to. Of some
 * kinds an order has several, told apart by the event of the execution log that led to each.
 */
export function logSpan(kind: RiskLogKind, payload: object, causation: string | null): string {
  return 'executionSeq' in payload ? `risk.log ${kind} ${causation}` : `risk.log ${kind}`;
}

/** The span in which the event was published; null for one that is of no order. */
export function traceparentOfEvent({ type, payload, causationId }: RiskJournalEvent): string | null {
  const { clOrdId } = payload;
  return typeof clOrdId === 'string' ? traceparentOf(clOrdId, logSpan(type, payload, causationId)) : null;
}

function nameOrNull(text: string | null): string | null {
  return text !== null && isName(text) ? text : null;
}

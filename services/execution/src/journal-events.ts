import type { EventTypes, JournalEvent, NewEvent } from '@tickpath/journal';
import { traceparentOf } from '@tickpath/trading';
import { type ExecutionLogKind, fromJson, type LogPosition, type PayloadJson, toJson } from '@tickpath/wire';
import type { ExecutionEvent } from './core/index.ts';
import { isOrderEvent, logSpan } from './order-journeys.ts';

/** The execution log in the journal: each type is a kind of message, its payload that kind's JSON form and what we keep. */
export type ExecutionEvents = { readonly [K in ExecutionLogKind]: PayloadJson };
export type ExecutionJournalEvent = JournalEvent<ExecutionEvents>;

export const EXECUTION_EVENTS: EventTypes<ExecutionEvents> = {
  AccountRebased: { schema: 1 },
  RiskGenerationSeen: { schema: 1 },
  TradingStateChanged: { schema: 1 },
  OrderSubmitted: { schema: 1 },
  OrderUnknown: { schema: 1 },
  OrderAccepted: { schema: 1 },
  OrderFilled: { schema: 1 },
  OrderCanceled: { schema: 1 },
  OrderExpired: { schema: 1 },
  OrderRejected: { schema: 1 },
  OrderRefused: { schema: 1 },
};

/** What a journal takes as a name: the words are those of risk and of the venue, who may send anything. */
const NAME = /^[^\p{Cc}]{1,256}$/u;

/** Where the events of an order are; undefined for an id that cannot name a stream. */
export function orderStream(clOrdId: string): string | undefined {
  const stream = `order/${clOrdId}`;
  return isName(stream) ? stream : undefined;
}

export function streamOf(event: ExecutionEvent): string {
  return ('clOrdId' in event.payload ? orderStream(event.payload.clOrdId) : undefined) ?? 'account';
}

/** The event as it is appended; `causation` is the event of the risk log that led to it. */
export function toJournal(event: ExecutionEvent, causation: LogPosition | undefined): NewEvent<ExecutionEvents> {
  const { kind, payload, kept } = event;
  const order = 'clOrdId' in payload ? payload.clOrdId : null;
  return {
    type: kind,
    payload: { ...toJson(kind, payload as never), ...kept },
    correlationId: order !== null && isName(order) ? order : null,
    causationId: causation === undefined ? null : `${causation.uuid}/${causation.generation}/${causation.seq}`,
  };
}

/** What the core appended when the event was new. */
export function fromJournal({ type: kind, payload: json }: ExecutionJournalEvent): ExecutionEvent {
  const payload = fromJson(kind, json);
  if (kind === 'AccountRebased') {
    const { settled } = json;
    return { kind, payload, kept: { settled } } as ExecutionEvent;
  }
  if (kind === 'TradingStateChanged') {
    const { halted, taking } = json;
    return { kind, payload, kept: { halted, taking } } as ExecutionEvent;
  }
  return { kind, payload } as ExecutionEvent;
}

/** The span in which the event was published; null for one that is of no order. */
export function traceparentOfEvent(stored: ExecutionJournalEvent): string | null {
  const output = { type: 'append', ...fromJournal(stored) } as const;
  return isOrderEvent(output) ? traceparentOf(output.payload.clOrdId, logSpan(output)) : null;
}

function isName(text: string): boolean {
  return text.length <= 256 && text.isWellFormed() && NAME.test(text);
}

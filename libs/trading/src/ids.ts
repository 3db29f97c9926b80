import { hash } from 'node:crypto';

/** Longest `client_order_id` that Alpaca accepts. */
export const MAX_CL_ORD_ID_LENGTH = 48;

/** What makes two decisions the same decision: a signal service that restarts and decides again names it alike. */
export interface DecisionKey {
  readonly run: string;
  readonly strategy: string;
  readonly symbol: string;
  readonly cause: string;
  /** Ordinal of the order among those the same event caused, from 0. */
  readonly n: number;
}

/**
 * The idempotency key of an order from strategy to venue (DESIGN §7): installation prefix, a dash, and the first
 * 130 bits of SHA-256 over the decision, in base 32. The prefix is how we know our orders at a venue. Throws `RangeError`
 * when the prefix makes it longer than a venue accepts.
 */
export function clOrdIdOf(prefix: string, key: DecisionKey): string {
  const text = JSON.stringify([key.run, key.strategy, key.symbol, key.cause, key.n]);
  const clOrdId = `${prefix}-${base32(hash('sha256', text, 'buffer'), 26)}`;
  if (clOrdId.length > MAX_CL_ORD_ID_LENGTH) {
    throw new RangeError(`clOrdId of ${clOrdId.length} characters > ${MAX_CL_ORD_ID_LENGTH}: prefix ${prefix}`);
  }
  return clOrdId;
}

/** W3C trace id of an order: 16 bytes of SHA-256 over its `clOrdId`, so that every service names the same trace. */
export function traceIdOf(clOrdId: string): string {
  return hash('sha256', `trace:${clOrdId}`).slice(0, 32);
}

/** Span id of a stage of an order's trace: 8 bytes of SHA-256 over trace id and stage. */
export function spanIdOf(traceId: string, stage: string): string {
  return hash('sha256', `${traceId}:${stage}`).slice(0, 16);
}

/** The stage of the root of an order's trace: from the receipt of its cause until it is closed. */
export const ORDER_SPAN = 'order';

/** The `traceparent` (W3C Trace Context, version 00, sampled) under which a stage of the order hands on. */
export function traceparentOf(clOrdId: string, stage: string): string {
  const traceId = traceIdOf(clOrdId);
  return `00-${traceId}-${spanIdOf(traceId, stage)}-01`;
}

/** A span as a message names it. */
export interface SpanContext {
  readonly traceId: string;
  readonly spanId: string;
}

const TRACEPARENT = /^00-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}$/;

/** Reads a `traceparent`; undefined when there is none or it is not one of version 00. */
export function readTraceparent(text: string | null | undefined): SpanContext | undefined {
  const [, traceId, spanId] = TRACEPARENT.exec(text ?? '') ?? [];
  if (traceId === undefined || spanId === undefined || /^0+$/.test(traceId) || /^0+$/.test(spanId)) return undefined;
  return { traceId, spanId };
}

const BASE32 = '0123456789abcdefghjkmnpqrstvwxyz';

function base32(bytes: Uint8Array, length: number): string {
  let text = '';
  let bits = 0;
  let value = 0;
  for (const byte of bytes) {
    value = ((value << 8) | byte) & 0xfff;
    bits += 8;
    while (bits >= 5 && text.length < length) {
      bits -= 5;
      text += BASE32.charAt((value >> bits) & 31);
    }
  }
  return text;
}

import { type Decimal, type DecimalText, decimal, decimalTextOfNumber, isDecimalText } from '@tickpath/trading';
import { isSymbol } from './market-event.ts';
import { badField, type Refusal, unprocessable } from './refusal.ts';

export type Side = 'buy' | 'sell';
export type TimeInForce = 'day' | 'gtc';

/** The body of `POST /v2/orders` once read: everything this venue can carry out, and nothing else. */
export interface OrderRequest {
  readonly symbol: string;
  readonly side: Side;
  readonly type: 'market';
  readonly timeInForce: TimeInForce;
  readonly orderQty: Decimal;
  /** `null`: the client left it to the venue to name the order. */
  readonly clOrdId: string | null;
}

export type OrderRequestResult =
  | { readonly ok: true; readonly request: OrderRequest }
  | { readonly ok: false; readonly refusal: Refusal };

const MAX_CLIENT_ORDER_ID_LENGTH = 48;
const MAX_QTY_DECIMALS = 9;
/** Fields that belong to orders this venue does not take. Ignoring one would carry out an order that was not meant. */
const UNSUPPORTED_FIELDS = [
  'notional',
  'limit_price',
  'stop_price',
  'trail_price',
  'trail_percent',
  'take_profit',
  'stop_loss',
  'legs',
] as const;
const SHOWN_LENGTH = 80;

function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? 'undefined';
  return text.length > SHOWN_LENGTH ? `${text.slice(0, SHOWN_LENGTH)}…` : text;
}

class RequestFault extends Error {
  readonly refusal: Refusal;
  constructor(refusal: Refusal) {
    super(refusal.message);
    this.refusal = refusal;
  }
}

function choice<T extends string>(fields: Record<string, unknown>, name: string, allowed: readonly T[]): T {
  const value = fields[name];
  if (value === undefined || value === null) throw new RequestFault(badField(`${name} is required`));
  const found = allowed.find((one) => one === value);
  if (found === undefined) {
    throw new RequestFault(unprocessable(`invalid ${name}: ${shown(value)}; this venue takes ${allowed.join(', ')}`));
  }
  return found;
}

function quantity(value: unknown): Decimal {
  if (value === undefined || value === null) throw new RequestFault(badField('qty is required'));
  let text: DecimalText | null = null;
  if (isDecimalText(value)) text = value;
  else if (typeof value === 'number' && Number.isFinite(value)) text = decimalTextOfNumber(value);
  if (text === null || !isDecimalText(text)) throw new RequestFault(unprocessable(`invalid qty: ${shown(value)}`));
  const qty = decimal(text);
  if (qty.lte(0)) throw new RequestFault(unprocessable(`qty must be > 0: ${text}`));
  if (qty.decimalPlaces() > MAX_QTY_DECIMALS) {
    throw new RequestFault(unprocessable(`qty ${text} has more than ${MAX_QTY_DECIMALS} decimals`));
  }
  return qty;
}

function symbolOf(value: unknown): string {
  if (value === undefined || value === null || value === '') throw new RequestFault(badField('symbol is required'));
  if (typeof value !== 'string' || !isSymbol(value)) {
    throw new RequestFault(unprocessable(`invalid symbol: ${shown(value)}`));
  }
  return value;
}

function clientOrderId(value: unknown): string | null {
  if (value === undefined || value === null || value === '') return null;
  if (typeof value !== 'string') throw new RequestFault(badField(`invalid client_order_id: ${shown(value)}`));
  // It names the order in the journal as well, which takes no such text.
  if (/\p{Cc}/u.test(value) || !value.isWellFormed()) {
    throw new RequestFault(badField(`client_order_id ${shown(value)} has control characters or is no Unicode text`));
  }
  if (value.length > MAX_CLIENT_ORDER_ID_LENGTH) {
    throw new RequestFault(
      badField(`client_order_id has ${value.length} characters > limit ${MAX_CLIENT_ORDER_ID_LENGTH}`),
    );
  }
  return value;
}

function refuseUnsupported(fields: Record<string, unknown>): void {
  for (const name of UNSUPPORTED_FIELDS) {
    const value = fields[name];
    if (value !== undefined && value !== null) {
      throw new RequestFault(
        unprocessable(`${name} ${shown(value)} is not supported: this venue takes plain market orders`),
      );
    }
  }
  const orderClass = fields.order_class;
  if (orderClass !== undefined && orderClass !== null && orderClass !== '' && orderClass !== 'simple') {
    throw new RequestFault(unprocessable(`invalid order_class: ${shown(orderClass)}; this venue takes simple`));
  }
  if (fields.extended_hours !== undefined && fields.extended_hours !== null && fields.extended_hours !== false) {
    throw new RequestFault(
      unprocessable(`invalid extended_hours: ${shown(fields.extended_hours)}; a market order takes false`),
    );
  }
}

/** Reads the body of an order. What is missing, has the wrong type or is beyond this venue is refused, naming the value. */
export function readOrderRequest(body: unknown): OrderRequestResult {
  if (typeof body !== 'object' || body === null || Array.isArray(body)) {
    return { ok: false, refusal: badField('request body must be a JSON object') };
  }
  const fields = body as Record<string, unknown>;
  try {
    const request: OrderRequest = {
      symbol: symbolOf(fields.symbol),
      side: choice(fields, 'side', ['buy', 'sell']),
      type: choice(fields, 'type', ['market']),
      timeInForce: choice(fields, 'time_in_force', ['day', 'gtc']),
      orderQty: quantity(fields.qty),
      clOrdId: clientOrderId(fields.client_order_id),
    };
    refuseUnsupported(fields);
    return { ok: true, request };
  } catch (error) {
    if (error instanceof RequestFault) return { ok: false, refusal: error.refusal };
    throw error;
  }
}

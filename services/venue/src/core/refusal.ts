/** An answer that says no, as Alpaca's REST gives it: the HTTP status and the body `{code, message}`. */
export interface Refusal {
  readonly status: number;
  readonly code: number;
  readonly message: string;
  /** Further fields of the body, as Alpaca adds them to some refusals: numbers as text. */
  readonly extra?: RefusalDetails;
}

export type RefusalDetails = Readonly<Record<string, string | number | readonly string[]>>;

/** The body of the answer. Alpaca sorts its keys. */
export function refusalBody({ code, message, extra }: Refusal): RefusalDetails {
  const entries: [string, RefusalDetails[string]][] = Object.entries({ ...extra, code, message });
  return Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** A request that cannot be carried out as asked (Alpaca: 422, 42210000). */
export function unprocessable(message: string, extra?: RefusalDetails): Refusal {
  return { status: 422, code: 42210000, message, ...(extra !== undefined && { extra }) };
}

/** A request with a field that is missing or has the wrong form (Alpaca: 422, 40010001). */
export function badField(message: string): Refusal {
  return { status: 422, code: 40010001, message };
}

/** What the account may not do (Alpaca: 403, 40310000). */
export function forbidden(message: string, extra?: RefusalDetails): Refusal {
  return { status: 403, code: 40310000, message, ...(extra !== undefined && { extra }) };
}

/** An order that this venue does not know (Alpaca: 404, 40410000). */
export function orderNotFound(id: string): Refusal {
  return notFound(`order not found for ${id}`);
}

/** Asked for the position in a symbol of which nothing is held (Alpaca: 404, 40410000). */
export function positionNotFound(): Refusal {
  return notFound('position does not exist');
}

/** Asked to close the position in a symbol of which nothing is held (Alpaca: 404, 40410000). */
export function nothingToClose(symbol: string): Refusal {
  return notFound(`position not found: ${symbol}`);
}

/** A path that names an asset which this venue does not list (Alpaca: 404, 40410000). */
export function symbolNotFound(symbol: string): Refusal {
  return notFound(`symbol not found: ${symbol}`);
}

function notFound(message: string): Refusal {
  return { status: 404, code: 40410000, message };
}

/** An order for an asset that this venue does not list. */
export function assetNotFound(symbol: string): Refusal {
  return unprocessable(`asset "${symbol}" not found`);
}

export function assetNotTradable(symbol: string): Refusal {
  return unprocessable(`asset "${symbol}" is not tradable`);
}

export function clOrdIdNotUnique(): Refusal {
  return badField('client_order_id must be unique');
}

/** The account's cash or margin does not carry the order. Amounts in USD, as text. */
export function insufficientBuyingPower(amounts: {
  readonly buyingPower: string;
  readonly costBasis: string;
}): Refusal {
  return forbidden('insufficient buying power', { buying_power: amounts.buyingPower, cost_basis: amounts.costBasis });
}

/** Less is free to be closed than the order asks for. Quantities as text and without a sign. */
export function insufficientQty(amounts: {
  readonly symbol: string;
  readonly requested: string;
  readonly available: string;
  readonly existing: string;
  readonly heldForOrders: string;
  /** Ids of the orders that hold it. */
  readonly relatedOrders: readonly string[];
}): Refusal {
  const { symbol, requested, available, existing, heldForOrders, relatedOrders } = amounts;
  return forbidden(`insufficient qty available for order (requested: ${requested}, available: ${available})`, {
    available,
    existing_qty: existing,
    held_for_orders: heldForOrders,
    related_orders: relatedOrders,
    symbol,
  });
}

/** The account sells short nothing at all. */
export function shortingNotAllowed(): Refusal {
  return forbidden('account is not allowed to short');
}

/** 422, as Alpaca has answered it, although the account's own inability is a 403. */
export function assetNotShortable(symbol: string): Refusal {
  return unprocessable(`asset "${symbol}" cannot be sold short`);
}

export function fractionNotShortable(): Refusal {
  return unprocessable('fractional orders cannot be sold short');
}

/** The client stated another intent than its position gives the order. */
export function positionIntentMismatch(inferred: string, specified: string): Refusal {
  return unprocessable(`position intent mismatch, inferred: ${inferred}, specified: ${specified}`);
}

/** A cancel of an order that is closed. */
export function orderClosed(status: string): Refusal {
  return unprocessable(`order is already in "${status}" state`);
}

/** A cancel of an order that is about to be replaced. */
export function pendingReplacement(): Refusal {
  return unprocessable('original order pending replacement');
}

/** A replace of an order in a status that does not allow it. */
export function orderNotReplaceable(status: string): Refusal {
  return unprocessable(`cannot replace order in ${status} status`);
}

/** A replace whose quantity leaves nothing to fill. */
export function qtyNotAboveFilled(qty: string, filledQty: string): Refusal {
  return unprocessable(`qty must be > filled_qty: ${qty} <= ${filledQty}`);
}

/** An answer that says no, as Alpaca's REST gives it: the HTTP status and the body `{code, message}`. */
export interface Refusal {
  readonly status: number;
  readonly code: number;
  readonly message: string;
}

/** A request that cannot be carried out as asked (Alpaca: 422, 42210000). */
export function unprocessable(message: string): Refusal {
  return { status: 422, code: 42210000, message };
}

/** A request with a field that is missing or has the wrong form (Alpaca: 422, 40010001). */
export function badField(message: string): Refusal {
  return { status: 422, code: 40010001, message };
}

/** An order that this venue does not know (Alpaca: 404, 40410000). */
export function orderNotFound(id: string): Refusal {
  return { status: 404, code: 40410000, message: `order not found for ${id}` };
}

/** A symbol of which nothing is held (Alpaca: 404, 40410000). */
export function positionNotFound(): Refusal {
  return { status: 404, code: 40410000, message: 'position does not exist' };
}

/** One fill as the execution log tells it. */
export interface Fill {
  readonly symbol: string;
  readonly side: 'BUY' | 'SELL';
  readonly lastQty: string;
  readonly lastPx: string;
}

export interface LedgerText {
  readonly cash: string;
  readonly positions: ReadonlyMap<
    string,
    { readonly qty: string; readonly cost: string; readonly realizedPnl: string }
  >;
}

/** Amounts are integers of 1e-12; quantities and prices are read as integers of 1e-6, so that a product is one of 1e-12. */
const SIX = 6;

/**
 * Cash, position and realised P&L from fills alone, in integer arithmetic that shares nothing with the ledger under test.
 * Average cost; a partial close's cost is rounded half-even to 1e-12.
 */
export function recompute(initialCash: string, fills: readonly Fill[]): LedgerText {
  let cash = scaled(initialCash, 2 * SIX);
  const books = new Map<string, { qty: bigint; cost: bigint; pnl: bigint }>();
  for (const fill of fills) {
    const qty = scaled(fill.lastQty, SIX) * (fill.side === 'BUY' ? 1n : -1n);
    const px = scaled(fill.lastPx, SIX);
    const book = books.get(fill.symbol) ?? { qty: 0n, cost: 0n, pnl: 0n };
    books.set(fill.symbol, book);
    cash -= qty * px;
    const closing = book.qty !== 0n && book.qty > 0n !== qty > 0n ? min(abs(qty), abs(book.qty)) : 0n;
    const closingSigned = qty > 0n ? closing : -closing;
    const closedCost = closing === 0n ? 0n : halfEven(book.cost * closing, abs(book.qty));
    book.pnl += -closingSigned * px - closedCost;
    book.cost += (qty - closingSigned) * px - closedCost;
    book.qty += qty;
  }
  const positions = Array.from(books, ([symbol, { qty, cost, pnl }]) => {
    const book = { qty: text(qty, SIX), cost: text(cost, 2 * SIX), realizedPnl: text(pnl, 2 * SIX) };
    return [symbol, book] as const;
  });
  return { cash: text(cash, 2 * SIX), positions: new Map(positions) };
}

function scaled(decimal: string, places: number): bigint {
  const [whole = '', fraction = ''] = decimal.split('.');
  if (fraction.length > places) throw new Error(`${decimal} has more than ${places} decimals`);
  return BigInt(whole + fraction.padEnd(places, '0'));
}

function text(value: bigint, places: number): string {
  const digits = String(abs(value)).padStart(places + 1, '0');
  const fraction = digits.slice(-places).replace(/0+$/, '');
  return `${value < 0n ? '-' : ''}${digits.slice(0, -places)}${fraction === '' ? '' : `.${fraction}`}`;
}

function halfEven(numerator: bigint, denominator: bigint): bigint {
  const sign = numerator < 0n ? -1n : 1n;
  const n = abs(numerator);
  const quotient = n / denominator;
  const twice = (n % denominator) * 2n;
  const up = twice > denominator || (twice === denominator && quotient % 2n === 1n);
  return sign * (up ? quotient + 1n : quotient);
}

function abs(value: bigint): bigint {
  return value < 0n ? -value : value;
}

function min(a: bigint, b: bigint): bigint {
  return a < b ? a : b;
}

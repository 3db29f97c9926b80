import { decimal, decimalText } from '@tickpath/trading';
import fc from 'fast-check';
import type { MatchingInput } from '../src/core/matching.ts';
import { readOrderRequest } from '../src/core/order-request.ts';
import { aQuote } from './builders.ts';

export type Action =
  | {
      do: 'quote';
      symbol: string;
      bid: number;
      bidSz: number;
      spread: number;
      askSz: number;
      updates: 'both' | 'bid' | 'ask';
    }
  | { do: 'submit'; symbol: string; side: 'buy' | 'sell'; qty: number }
  | { do: 'cancel'; pick: number };

const symbols = fc.constantFrom('AAPL', 'MSFT');
/** What a market and its client may do, in no order that makes sense. Prices in cents; in whole shares. */
export const actions: fc.Arbitrary<Action[]> = fc.array(
  fc.oneof(
    fc.record({
      do: fc.constant('quote' as const),
      symbol: symbols,
      bid: fc.integer({ min: 0, max: 300 }),
      bidSz: fc.integer({ min: 0, max: 12 }),
      spread: fc.integer({ min: 1, max: 5 }),
      askSz: fc.integer({ min: 0, max: 12 }),
      updates: fc.constantFrom('both' as const, 'bid' as const, 'ask' as const),
    }),
    fc.record({
      do: fc.constant('submit' as const),
      symbol: symbols,
      side: fc.constantFrom('buy' as const, 'sell' as const),
      qty: fc.integer({ min: 1, max: 30 }),
    }),
    fc.record({ do: fc.constant('cancel' as const), pick: fc.nat(20) }),
  ),
  { minLength: 5, maxLength: 60, size: 'max' },
);

/** An action as input of matching. `orders` is the number of orders so far, which names the next one. */
export function inputOf(action: Action, { index, orders }: { index: number; orders: number }): MatchingInput {
  if (action.do === 'submit') return order(action.side, String(action.qty), String(orders), action.symbol);
  const tsNs = BigInt(index);
  if (action.do === 'cancel') return { kind: 'cancel', orderId: `order-${action.pick}`, tsNs };
  const { symbol, bid, spread, updates } = action;
  const sizes = { bidSz: String(action.bidSz), askSz: String(action.askSz) };
  return aQuote({ symbol, bidPx: dollars(bid), askPx: dollars(bid + spread), ...sizes, updates, tsNs });
}

function dollars(cents: number): string {
  return decimalText(decimal(String(cents)).div(100));
}

/** A market order as a client asks for it. */
export function order(side: 'buy' | 'sell', qty: string, id: string, symbol = 'AAPL'): MatchingInput {
  const read = readOrderRequest({ symbol, side, qty, type: 'market', time_in_force: 'day', client_order_id: id });
  if (!read.ok) throw new Error(read.refusal.message);
  return { kind: 'submit', order: { ...read.request, clOrdId: id }, orderId: `order-${id}`, tsNs: 2n };
}

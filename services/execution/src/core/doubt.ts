import { takeAnew } from './account.ts';
import type { Turn } from './replay.ts';
import type { Tracked } from './state.ts';

/** The venue knows more of the order than we can book: its account holds the truth. */
export function doubt(turn: Turn, order: Tracked, fault: string): void {
  const { clOrdId } = order.terms;
  const text = `order ${clOrdId}: ${fault}`;
  turn.out.push({ type: 'warn', clOrdId, text });
  takeAnew(turn, text);
}

/** What the venue says cannot be: stop rather than guess. */
export function haltOn({ state, out }: Turn, order: Tracked, fault: string): void {
  const { clOrdId } = order.terms;
  const text = `order ${clOrdId}: ${fault}`;
  state.halted ??= text;
  out.push({ type: 'warn', clOrdId, text });
}

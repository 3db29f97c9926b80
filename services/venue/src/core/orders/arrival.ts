/** How an order comes to the market: at once, after its latency, or when its session opens. */
import type { AssetClass } from '@tickpath/trading';
import { setPhase } from '../matching/matcher.ts';
import type { TradingPhase } from '../matching/types.ts';
import { pushDue } from './dues.ts';
import { latencyNs } from './latency.ts';
import { carryOut, enter, leave } from './market-place.ts';
import { isOpen, type VenueOrder } from './order.ts';
import type { ExchangeState } from './state.ts';
import { happen, knownOrder, type Turn } from './turn.ts';

/** True when an order of this kind may trade in the phase in which its asset class is. */
export function isInSession(
  state: ExchangeState,
  { asset, extendedHours }: Pick<VenueOrder, 'asset' | 'extendedHours'>,
): boolean {
  const phase = state.sessions.get(asset.assetClass)?.phase ?? 'closed';
  return phase === 'regular' || (phase === 'extended' && extendedHours);
}

/** The order has come in: it enters the market, or waits for its session. */
export function arrive(turn: Turn, orderId: string): void {
  const order = knownOrder(turn.state, orderId);
  if (!isInSession(turn.state, order)) {
    happen(turn, orderId, { kind: 'accepted', terms: null, orderQty: null });
    return;
  }
  enter(turn, happen(turn, orderId, { kind: 'new', terms: null, orderQty: null }));
}

/** Times of an order that follow from the order alone, so that a start finds them again. */
export function arrivalNs({ rules, aheadNs }: ExchangeState, { orderId, createdNs }: VenueOrder): bigint {
  return createdNs - aheadNs + latencyNs(rules.latency, 'order', orderId);
}

export function pushExpiry(state: ExchangeState, { orderId, createdNs, expiresNs }: VenueOrder): void {
  if (expiresNs !== null) pushDue(state.dues, { ns: expiresNs, kind: 'expiry', orderId, createdNs });
}

/**
 * The asset class enters a phase: what matching holds meets the market if it may, what waited for it arrives, and good
 * orders whose session is over are done for the day. Orders of one moment go in order of submission.
 */
export function enterPhase(turn: Turn, assetClass: AssetClass, phase: TradingPhase): void {
  const { state } = turn;
  carryOut(turn, setPhase(state.matcher, assetClass, phase));
  for (const orderId of [...state.open]) {
    const order = knownOrder(state, orderId);
    if (order.asset.assetClass !== assetClass || !isOpen(order)) continue;
    if (isInSession(state, order)) {
      if (order.status === 'accepted' || order.status === 'done_for_day') arrive(turn, orderId);
    } else if (isResting(order) && order.timeInForce === 'gtc') {
      leave(state, orderId);
      happen(turn, orderId, { kind: 'done_for_day' });
    }
  }
}

function isResting({ status }: VenueOrder): boolean {
  return status === 'new' || status === 'partially_filled';
}

import {
  type ApprovedOrder,
  Decimal,
  type DecimalText,
  decimal,
  decimalText,
  MAX_CL_ORD_ID_LENGTH,
  type OrderIntent,
  type OrdRejReason,
  ZERO,
} from '@tickpath/trading';
import { openQty, positionQty, type RiskState, referencePx, tradingState } from './state.ts';

export type CheckResult =
  | { readonly approved: true; readonly order: ApprovedOrder; readonly exposure: Decimal }
  | { readonly approved: false; readonly reason: OrdRejReason; readonly text: string };

/** What a venue takes as a name and gives back unchanged; an empty one it would replace by its own. */
const CL_ORD_ID = new RegExp(`^[!-~]{1,${MAX_CL_ORD_ID_LENGTH}}$`);

/**
 * Every pre-trade check, in order; the first that fails refuses, with both numbers in its text. Counts positions and the
 * reservations of open orders. An order that only reduces is never held back by a limit: exits stay open.
 */
export function checkOrder(state: RiskState, intent: OrderIntent, nowNs: bigint): CheckResult {
  const trading = tradingState(state);
  if (trading.state === 'HALTED') return refuse('TRADING_HALTED', trading.reasons.join('; '));
  if (trading.state === 'CATCHING_UP') return refuse('NOT_READY', trading.reasons.join('; '));
  if (!CL_ORD_ID.test(intent.clOrdId)) {
    const found = `clOrdId ${JSON.stringify(intent.clOrdId)} has ${intent.clOrdId.length} characters`;
    return refuse('INVALID_CL_ORD_ID', `${found}, allowed are 1 to ${MAX_CL_ORD_ID_LENGTH} visible ASCII ones`);
  }
  if (state.decisions.has(intent.clOrdId))
    return refuse('DUPLICATE_ORDER', `clOrdId ${intent.clOrdId} was decided before`);
  if (nowNs >= intent.expiresNs) return refuse('EXPIRED_INTENT', `now ${nowNs} >= expiry ${intent.expiresNs}`);
  if (intent.ordType !== 'MARKET') {
    return refuse('UNSUPPORTED_ORDER_CHARACTERISTIC', `order type ${intent.ordType}, supported MARKET`);
  }
  const qty = decimal(intent.orderQty);
  if (!qty.isPositive() || qty.isZero()) return refuse('INVALID_QUANTITY', `order quantity ${intent.orderQty} <= 0`);
  const px = referencePx(state, intent.symbol, intent.side);
  if (px === undefined) return refuse('NO_REFERENCE_PRICE', `no price of ${intent.symbol} has come yet`);

  const exposure = worstQty(state, intent.symbol, intent).times(px);
  if (!onlyReduces(state, intent, qty)) {
    if (trading.state === 'REDUCING') return refuse('TRADING_HALTED', `only reducing: ${trading.reasons.join('; ')}`);
    const inDoubt = unknownOrder(state, intent.symbol);
    if (inDoubt !== undefined) return refuse('NOT_READY', `whether the venue has order ${inDoubt} is not known yet`);
    const refusal = checkLimits(state, { intent, qty, px, exposure });
    if (refusal !== undefined) return refusal;
  }
  return { approved: true, order: intent as ApprovedOrder, exposure };
}

/** Quantity ≤ |position| − open quantity of every order on that side (DESIGN §8): together they cannot flip it. */
function onlyReduces(state: RiskState, intent: OrderIntent, qty: Decimal): boolean {
  const position = positionQty(state, intent.symbol);
  const opposes = intent.side === 'BUY' ? position.lt(0) : position.gt(0);
  return opposes && qty.lte(position.abs().minus(openQty(state, intent.symbol, intent.side)));
}

/** An order of the symbol that may or may not have arrived: until that is known, no new risk is taken (DESIGN §8). */
function unknownOrder(state: RiskState, symbol: string): string | undefined {
  for (const order of state.reservations.values()) {
    if (order.symbol === symbol && order.status === 'UNKNOWN') return order.clOrdId;
  }
  return undefined;
}

interface Proposal {
  readonly intent: OrderIntent;
  readonly qty: Decimal;
  readonly px: Decimal;
  readonly exposure: Decimal;
}

function checkLimits(state: RiskState, proposal: Proposal): CheckResult | undefined {
  const { limits } = state;
  const { intent, qty, px, exposure } = proposal;
  const grossAfter = state.grossExposure.minus(state.exposures.get(intent.symbol) ?? ZERO).plus(exposure);
  return (
    exceeds('order notional', qty.times(px), limits.maxOrderNotionalUsd) ??
    exceeds('position quantity', worstQty(state, intent.symbol, intent), limits.maxPositionQty) ??
    exceeds('position notional', exposure, limits.maxPositionNotionalUsd) ??
    exceeds('gross notional', grossAfter, limits.maxGrossNotionalUsd)
  );
}

function exceeds(what: string, value: Decimal, limit: Decimal): CheckResult | undefined {
  if (value.lte(limit)) return undefined;
  return refuse('ORDER_EXCEEDS_LIMIT', `${what} ${decimalText(value)} > limit ${decimalText(limit)}`);
}

/** The largest |position| that open orders on either side, and the new one if given, could make. */
export function worstQty(
  state: RiskState,
  symbol: string,
  added?: { side: 'BUY' | 'SELL'; orderQty: DecimalText },
): Decimal {
  const position = positionQty(state, symbol);
  let buys = openQty(state, symbol, 'BUY');
  let sells = openQty(state, symbol, 'SELL');
  if (added?.side === 'BUY') buys = buys.plus(decimal(added.orderQty));
  if (added?.side === 'SELL') sells = sells.plus(decimal(added.orderQty));
  return Decimal.max(position.plus(buys).abs(), position.minus(sells).abs());
}

function refuse(reason: OrdRejReason, text: string): CheckResult {
  return { approved: false, reason, text };
}

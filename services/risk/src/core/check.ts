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
import type { CheckInput } from './input.ts';
import { type InvalidData, openQty, positionQty, type RiskState, referencePx, tradingState } from './state.ts';

export type CheckResult =
  | { readonly approved: true; readonly order: ApprovedOrder; readonly exposure: Decimal }
  | Refusal;

interface Refusal {
  readonly approved: false;
  readonly reason: OrdRejReason;
  readonly text: string;
}

/** One check as it was made; `value` was held against `limit`. */
export interface CheckMade {
  readonly name: string;
  readonly value: string;
  readonly limit: string;
  readonly passed: boolean;
}

/** Told of every check at the moment it is made, the last one being the one that refuses. */
export type CheckObserver = (check: CheckMade) => void;

const NS_PER_MS = 1_000_000n;

/** What a venue takes as a name and gives back unchanged; an empty one it would replace by its own. */
const CL_ORD_ID = new RegExp(`^[!-~]{1,${MAX_CL_ORD_ID_LENGTH}}$`);

/**
 * Every pre-trade check, in order; the first that fails refuses, with both numbers in its text. Counts positions and the
 * reservations of open orders. An order that only reduces is never held back by a limit: exits stay open.
 */
export function checkOrder(
  state: RiskState,
  asked: Pick<CheckInput, 'intent' | 'nowNs' | 'decidedBefore'>,
  observe: CheckObserver = () => {},
): CheckResult {
  const { intent } = asked;
  const { state: trading, reasons } = tradingState(state);
  observe({ name: 'trading state', value: trading, limit: 'ACTIVE', passed: trading === 'ACTIVE' });
  if (trading === 'HALTED') return refuse('TRADING_HALTED', reasons.join('; '));
  if (trading === 'CATCHING_UP') return refuse('NOT_READY', reasons.join('; '));
  const fault = checkForm(asked);
  observe({ name: 'form', value: fault?.reason ?? 'valid', limit: 'valid', passed: fault === undefined });
  if (fault !== undefined) return fault;
  const px = referencePx(state, intent.symbol, intent.side);
  observe({ name: 'reference price', value: px?.toFixed() ?? 'none', limit: 'known', passed: px !== undefined });
  if (px === undefined) return refuse('NO_REFERENCE_PRICE', `no price of ${intent.symbol} has come yet`);

  const qty = decimal(intent.orderQty);
  const exposure = worstQty(state, intent.symbol, intent).times(px);
  const reduces = onlyReduces(state, intent, qty);
  observe({ name: 'only reduces', value: String(reduces), limit: 'true: no limit holds it back', passed: true });
  if (reduces) return { approved: true, order: intent as ApprovedOrder, exposure };
  if (trading === 'REDUCING') return refuse('TRADING_HALTED', `only reducing: ${reasons.join('; ')}`);
  const inDoubt = unknownOrder(state, intent.symbol);
  observe({ name: 'order in doubt', value: inDoubt ?? 'none', limit: 'none', passed: inDoubt === undefined });
  if (inDoubt !== undefined) return refuse('NOT_READY', `whether the venue has order ${inDoubt} is not known yet`);
  const spoiled = checkData(state, asked, observe);
  if (spoiled !== undefined) return spoiled;
  const refusal = checkLimits(state, { intent, qty, px, exposure }, observe);
  return refusal ?? { approved: true, order: intent as ApprovedOrder, exposure };
}

/** What can be said of an intent without knowing the account. */
function checkForm({
  intent,
  nowNs,
  decidedBefore,
}: Pick<CheckInput, 'intent' | 'nowNs' | 'decidedBefore'>): Refusal | undefined {
  const { clOrdId, expiresNs, ordType, orderQty } = intent;
  if (!CL_ORD_ID.test(clOrdId)) {
    const found = `clOrdId ${JSON.stringify(clOrdId)} has ${clOrdId.length} characters`;
    return refuse('INVALID_CL_ORD_ID', `${found}, allowed are 1 to ${MAX_CL_ORD_ID_LENGTH} visible ASCII ones`);
  }
  if (decidedBefore) return refuse('DUPLICATE_ORDER', `clOrdId ${clOrdId} was decided before`);
  if (nowNs >= expiresNs) return refuse('EXPIRED_INTENT', `now ${nowNs} >= expiry ${expiresNs}`);
  if (ordType !== 'MARKET') {
    return refuse('UNSUPPORTED_ORDER_CHARACTERISTIC', `order type ${ordType}, supported MARKET`);
  }
  const qty = decimal(orderQty);
  if (!qty.isPositive() || qty.isZero()) return refuse('INVALID_QUANTITY', `order quantity ${orderQty} <= 0`);
  return undefined;
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

/** On prices that may be wrong no new risk is taken; the reasons name what was found and what is allowed. */
function checkData(
  state: RiskState,
  { intent, nowNs }: Pick<CheckInput, 'intent' | 'nowNs'>,
  observe: CheckObserver,
): Refusal | undefined {
  const { symbol } = intent;
  const invalid = state.marketSilentNs === undefined ? state.invalidData.get(symbol) : silence(state.marketSilentNs);
  const found = invalid?.reasons.join('; ') ?? 'valid';
  observe({ name: 'market data', value: found, limit: 'valid', passed: invalid === undefined });
  if (invalid === undefined) return undefined;
  const forMs = (nowNs - invalid.sinceNs) / NS_PER_MS;
  return refuse('MARKET_DATA_INVALID', `data of ${symbol} has not been valid for ${forMs} ms: ${found}`);
}

function silence(sinceNs: bigint): InvalidData {
  return { sinceNs, reasons: ['found no beat from market-data, needed one'] };
}

interface Proposal {
  readonly intent: OrderIntent;
  readonly qty: Decimal;
  readonly px: Decimal;
  readonly exposure: Decimal;
}

function checkLimits(state: RiskState, proposal: Proposal, observe: CheckObserver): Refusal | undefined {
  const { limits } = state;
  const { intent, qty, px, exposure } = proposal;
  const grossAfter = state.grossExposure.minus(state.exposures.get(intent.symbol) ?? ZERO).plus(exposure);
  const within = (name: string, value: Decimal, limit: Decimal): Refusal | undefined => {
    const passed = value.lte(limit);
    observe({ name, value: decimalText(value), limit: decimalText(limit), passed });
    if (passed) return undefined;
    return refuse('ORDER_EXCEEDS_LIMIT', `${name} ${decimalText(value)} > limit ${decimalText(limit)}`);
  };
  return (
    within('order notional', qty.times(px), limits.maxOrderNotionalUsd) ??
    within('position quantity', worstQty(state, intent.symbol, intent), limits.maxPositionQty) ??
    within('position notional', exposure, limits.maxPositionNotionalUsd) ??
    unvaluedExposure(state, intent.symbol, observe) ??
    within('gross notional', grossAfter, limits.maxGrossNotionalUsd)
  );
}

/** A sum with an unknown term cannot be held against a limit. */
function unvaluedExposure(state: RiskState, symbol: string, observe: CheckObserver): Refusal | undefined {
  const other = [...state.unvalued].find((one) => one !== symbol);
  observe({ name: 'exposure without a price', value: other ?? 'none', limit: 'none', passed: other === undefined });
  if (other === undefined) return undefined;
  return refuse('NO_REFERENCE_PRICE', `no price of ${other}, in which there is exposure, has come yet`);
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

function refuse(reason: OrdRejReason, text: string): Refusal {
  return { approved: false, reason, text };
}

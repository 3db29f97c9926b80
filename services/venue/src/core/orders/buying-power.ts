import { Decimal, decimalOfUnits, type Position, ZERO } from '@tickpath/trading';
import type { ExchangeState } from './state.ts';

/** What the account is worth now, in USD, exact. */
export interface AccountValue {
  readonly longMarketValue: Decimal;
  /** Negative or 0. */
  readonly shortMarketValue: Decimal;
  /** Cash + both market values. */
  readonly equity: Decimal;
}

/** Signed. A position in what no price is known of is worth its cost. */
export function marketValue(state: ExchangeState, { symbol, qty, cost }: Position): Decimal {
  if (qty.isZero()) return ZERO;
  const px = state.lastPx.get(symbol);
  const asset = state.assetOf(symbol);
  return px === undefined || asset === undefined ? cost : qty.times(decimalOfUnits(px, asset.priceDecimals));
}

export function accountValue(state: ExchangeState): AccountValue {
  let long = ZERO;
  let short = ZERO;
  for (const position of state.ledger.positions.values()) {
    const value = marketValue(state, position);
    if (value.isNegative()) short = short.plus(value);
    else long = long.plus(value);
  }
  return { longMarketValue: long, shortMarketValue: short, equity: state.ledger.cash.plus(long).plus(short) };
}

/**
 * What orders that open exposure may still cost: equity × multiplier − Σ |market value| − what open orders have
 * reserved + `releasedUsd`, never below 0. With multiplier 1 and nothing short that is cash − reserved.
 */
export function buyingPowerUsd(state: ExchangeState, releasedUsd: Decimal = ZERO): Decimal {
  const { equity, longMarketValue, shortMarketValue } = accountValue(state);
  const gross = longMarketValue.minus(shortMarketValue);
  const free = equity.times(state.rules.multiplier).minus(gross).minus(state.reservedUsd).plus(releasedUsd);
  return Decimal.max(ZERO, free);
}

/** The same for what is bought with cash alone: an asset that is not marginable. */
export function nonMarginableBuyingPowerUsd(state: ExchangeState, releasedUsd: Decimal = ZERO): Decimal {
  const cash = state.ledger.cash.minus(state.reservedUsd).plus(releasedUsd);
  return Decimal.max(ZERO, Decimal.min(buyingPowerUsd(state, releasedUsd), cash));
}

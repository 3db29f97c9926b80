import { Decimal, type DecimalText, decimal, decimalOfUnits, decimalText, ZERO } from '@tickpath/trading';
import type { Side } from '../matching/types.ts';
import type { Asset } from '../reference/asset.ts';
import type { FeeRules } from './state.ts';

/** One fill as the fees see it; price and quantity in units of the asset. */
export interface ChargedFill {
  readonly asset: Pick<Asset, 'assetClass' | 'priceDecimals' | 'qtyDecimals'>;
  readonly side: Side;
  readonly lastPx: number;
  readonly lastQty: number;
  readonly liquidity: 'maker' | 'taker';
}

/** Section 31 of the Securities Exchange Act: USD for each USD of a sale. 27.80 for a million, from 2024-05-22 to 2025-05-13. */
const SEC_FEE_RATE = decimal('0.0000278');
/** FINRA's Trading Activity Fee on a sale: USD a share, and the most of it for one trade. By-Laws, Schedule A, section 1, as of 2024. */
const TAF_PER_SHARE = decimal('0.000166');
const TAF_MOST = decimal('8.3');
const BPS = decimal('0.0001');

/**
 * What a fill costs in USD, exact but for the two fees of the regulators, each of which is rounded up to the cent:
 * `perShareUsd` × quantity + notional × `makerBps` or `takerBps` ÷ 10⁴, and on sales of equities the SEC fee and the TAF.
 * Negative when a rebate is more than the rest.
 */
export function feeUsd(rules: FeeRules, fill: ChargedFill): DecimalText {
  const { asset, side, lastPx, lastQty, liquidity } = fill;
  const { priceDecimals, qtyDecimals } = asset;
  const bps = liquidity === 'maker' ? rules.makerBps : rules.takerBps;
  const isRegulated = rules.regulatory && side === 'sell' && asset.assetClass === 'us_equity';
  if (rules.perShareUsd === '0' && bps === '0' && !isRegulated) return '0';
  const qty = decimalOfUnits(lastQty, qtyDecimals);
  const notional = decimalOfUnits(BigInt(lastPx) * BigInt(lastQty), priceDecimals + qtyDecimals);
  const commission = qty.times(decimal(rules.perShareUsd)).plus(notional.times(decimal(bps)).times(BPS));
  return decimalText(isRegulated ? commission.plus(regulatoryFees(qty, notional)) : commission);
}

function regulatoryFees(qty: Decimal, notional: Decimal): Decimal {
  const taf = Decimal.min(upToCent(qty.times(TAF_PER_SHARE)), TAF_MOST);
  return upToCent(notional.times(SEC_FEE_RATE)).plus(taf);
}

function upToCent(amount: Decimal): Decimal {
  return amount.isZero() ? ZERO : amount.toDecimalPlaces(2, Decimal.ROUND_UP);
}

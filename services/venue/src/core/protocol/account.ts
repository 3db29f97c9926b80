import { Decimal, decimalText, newYorkDateOf, ZERO } from '@tickpath/trading';
import { accountValue, buyingPowerUsd, nonMarginableBuyingPowerUsd } from '../orders/buying-power.ts';
import type { ExchangeState } from '../orders/state.ts';
import { timeText } from '../time-text.ts';
import { type Holding, holdings } from './positions.ts';

/**
 * Alpaca's account object: amounts as text, in USD, exact. Its whole life is one trading day: `last_equity` is the cash
 * it was opened with. Options and transfers are not built, so their fields never change.
 */
export interface AlpacaAccount {
  readonly id: string;
  readonly admin_configurations: Readonly<Record<string, never>>;
  readonly user_configurations: null;
  readonly account_number: string;
  readonly status: 'ACTIVE';
  readonly crypto_status: 'ACTIVE';
  readonly options_approved_level: 0;
  readonly options_trading_level: 0;
  readonly currency: 'USD';
  /** equity × multiplier − Σ |market value| − what open orders reserve, at least 0: orders are checked against it. */
  readonly buying_power: string;
  /** The same with a multiplier of at most 2, as Regulation T has it overnight. */
  readonly regt_buying_power: string;
  /** `buying_power` of an account with the multiplier 4, else 0. */
  readonly daytrading_buying_power: string;
  readonly effective_buying_power: string;
  /** Cash without what open orders reserve, at most `buying_power`: for assets that are not marginable. */
  readonly non_marginable_buying_power: string;
  readonly options_buying_power: '0';
  readonly bod_dtbp: '0';
  /** Exact: what it was opened with, minus Σ price × signed quantity of every fill, minus fees. */
  readonly cash: string;
  readonly accrued_fees: '0';
  readonly portfolio_value: string;
  readonly pattern_day_trader: false;
  readonly trading_blocked: false;
  readonly transfers_blocked: false;
  readonly account_blocked: false;
  readonly created_at: string;
  readonly trade_suspended_by_user: false;
  readonly multiplier: '1' | '2' | '4';
  readonly shorting_enabled: boolean;
  /** Cash + long_market_value + short_market_value. */
  readonly equity: string;
  readonly last_equity: string;
  readonly long_market_value: string;
  /** Negative or 0. */
  readonly short_market_value: string;
  /** long_market_value − short_market_value. */
  readonly position_market_value: string;
  /** Regulation T: half of |market value| of what is marginable, all of the rest; open orders by what they reserve. */
  readonly initial_margin: string;
  /**
   * What must be kept: of a long 30 % from 2.50 USD on, all below; of a short the greater of 5.00 USD a share and 30 %
   * from 5.00 on, the greater of 2.50 USD a share and all of it below; all of what is not marginable (Alpaca's table).
   */
  readonly maintenance_margin: string;
  readonly last_maintenance_margin: '0';
  readonly sma: '0';
  readonly daytrade_count: 0;
  /** The day in New York on which it was opened. */
  readonly balance_asof: string;
  readonly crypto_tier: 1;
  readonly intraday_adjustments: '0';
  readonly pending_reg_taf_fees: '0';
}

const REGT_MULTIPLIER = 2;
const MAINTENANCE_SHARE = '0.3';
const LONG_FROM_USD = '2.5';
const SHORT_FROM_USD = '5';
const SHORT_LEAST_USD = '5';
const CHEAP_SHORT_LEAST_USD = '2.5';

export function alpacaAccount(state: ExchangeState): AlpacaAccount {
  const { account, ledger, rules } = state;
  const { equity, longMarketValue, shortMarketValue } = accountValue(state);
  const gross = longMarketValue.minus(shortMarketValue);
  const buyingPower = decimalText(buyingPowerUsd(state));
  const regtMultiplier = Math.min(REGT_MULTIPLIER, rules.multiplier);
  const regt = Decimal.max(ZERO, equity.times(regtMultiplier).minus(gross).minus(state.reservedUsd));
  return {
    id: account.id,
    admin_configurations: {},
    user_configurations: null,
    account_number: account.accountNumber,
    status: 'ACTIVE',
    crypto_status: 'ACTIVE',
    options_approved_level: 0,
    options_trading_level: 0,
    currency: 'USD',
    buying_power: buyingPower,
    regt_buying_power: decimalText(regt),
    daytrading_buying_power: rules.multiplier === 4 ? buyingPower : '0',
    effective_buying_power: buyingPower,
    non_marginable_buying_power: decimalText(nonMarginableBuyingPowerUsd(state)),
    options_buying_power: '0',
    bod_dtbp: '0',
    cash: decimalText(ledger.cash),
    accrued_fees: '0',
    portfolio_value: decimalText(equity),
    pattern_day_trader: false,
    trading_blocked: false,
    transfers_blocked: false,
    account_blocked: false,
    created_at: timeText(account.createdNs),
    trade_suspended_by_user: false,
    multiplier: String(rules.multiplier) as AlpacaAccount['multiplier'],
    shorting_enabled: rules.shorting && rules.multiplier > 1,
    equity: decimalText(equity),
    last_equity: decimalText(ledger.netDeposits),
    long_market_value: decimalText(longMarketValue),
    short_market_value: decimalText(shortMarketValue),
    position_market_value: decimalText(gross),
    ...margins(state),
    last_maintenance_margin: '0',
    sma: '0',
    daytrade_count: 0,
    balance_asof: newYorkDateOf(account.createdNs),
    crypto_tier: 1,
    intraday_adjustments: '0',
    pending_reg_taf_fees: '0',
  };
}

function margins(state: ExchangeState): Pick<AlpacaAccount, 'initial_margin' | 'maintenance_margin'> {
  const isMargin = state.rules.multiplier > 1;
  let initial = isMargin ? state.reservedUsd.div(2) : state.reservedUsd;
  let maintenance = ZERO;
  for (const held of holdings(state)) {
    const value = held.marketValue.abs();
    initial = initial.plus(isMargin && held.asset.marginable ? value.div(2) : value);
    maintenance = maintenance.plus(isMargin && held.asset.marginable ? maintenanceUsd(held) : value);
  }
  return { initial_margin: decimalText(initial), maintenance_margin: decimalText(maintenance) };
}

/** Of a marginable holding. */
function maintenanceUsd({ position, px, marketValue }: Holding): Decimal {
  const value = marketValue.abs();
  const share = value.times(MAINTENANCE_SHARE);
  if (position.qty.isPositive()) return px.gte(LONG_FROM_USD) ? share : value;
  const leastAShare = px.gte(SHORT_FROM_USD) ? SHORT_LEAST_USD : CHEAP_SHORT_LEAST_USD;
  return Decimal.max(position.qty.abs().times(leastAShare), px.gte(SHORT_FROM_USD) ? share : value);
}

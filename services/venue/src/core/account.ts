import { averagePx, type Decimal, decimal, decimalText, divide, type Position, ZERO } from '@tickpath/trading';
import { assetIdOf } from './alpaca-messages.ts';
import { scopedUuid } from './ids.ts';
import type { MatchingState } from './matching.ts';
import { timeText } from './time-text.ts';

/** Which account it is. It lasts as long as the journal: another id tells a client that the book of before is gone. */
export interface AccountIdentity {
  readonly id: string;
  /** As Alpaca numbers its paper accounts: `PA` and ten letters or digits. */
  readonly accountNumber: string;
  readonly createdNs: bigint;
}

/** The account that a run opens when there is none. */
export function accountIdentity(runId: string, createdNs: bigint): AccountIdentity {
  const number = scopedUuid(`account number ${runId}`, 0).replaceAll('-', '').slice(0, 10).toUpperCase();
  return { id: scopedUuid(`account ${runId}`, 0), accountNumber: `PA${number}`, createdNs };
}

/**
 * Alpaca's account object: amounts as text, in USD. A plain account without margin (`multiplier` 1), whose buying power
 * is its cash; this venue checks no order against it and asks for no margin. Its whole life is one trading day:
 * `last_equity` is the cash it was opened with.
 */
export interface AlpacaAccount {
  readonly id: string;
  readonly account_number: string;
  readonly status: 'ACTIVE';
  readonly currency: 'USD';
  readonly buying_power: string;
  readonly regt_buying_power: string;
  readonly daytrading_buying_power: '0';
  readonly non_marginable_buying_power: string;
  /** Exact: the cash before the first fill minus Σ price × signed quantity of every fill. */
  readonly cash: string;
  readonly accrued_fees: '0';
  readonly portfolio_value: string;
  readonly pattern_day_trader: false;
  readonly trading_blocked: false;
  readonly transfers_blocked: false;
  readonly account_blocked: false;
  readonly created_at: string;
  readonly trade_suspended_by_user: false;
  readonly multiplier: '1';
  readonly shorting_enabled: true;
  /** Cash + long_market_value + short_market_value. */
  readonly equity: string;
  readonly last_equity: string;
  readonly long_market_value: string;
  /** Negative or 0. */
  readonly short_market_value: string;
  readonly initial_margin: '0';
  readonly maintenance_margin: '0';
  readonly last_maintenance_margin: '0';
  readonly sma: '0';
  readonly daytrade_count: 0;
}

/** Alpaca's position object: amounts as text, those of a short negative. */
export interface AlpacaPosition {
  readonly asset_id: string;
  readonly symbol: string;
  /** Always empty: the venue does not know where a symbol is listed. */
  readonly exchange: '';
  readonly asset_class: 'us_equity';
  /** `cost_basis` / `qty`, rounded half-even at 1e-12. */
  readonly avg_entry_price: string;
  readonly qty: string;
  /** `qty` without what open orders would close, down to 0. */
  readonly qty_available: string;
  readonly side: 'long' | 'short';
  readonly market_value: string;
  /** Exact: the ledger's cost of the position. */
  readonly cost_basis: string;
  readonly unrealized_pl: string;
  readonly unrealized_plpc: string;
  readonly unrealized_intraday_pl: string;
  readonly unrealized_intraday_plpc: string;
  /** The price at which shares of it last changed hands. */
  readonly current_price: string;
  /** `null`: the account has only ever seen one day. */
  readonly lastday_price: null;
  readonly change_today: null;
}

export function alpacaAccount(state: MatchingState, identity: AccountIdentity): AlpacaAccount {
  const { ledger } = state;
  let long = ZERO;
  let short = ZERO;
  for (const position of ledger.positions.values()) {
    const value = marketValue(state, position);
    if (value.isNegative()) short = short.plus(value);
    else long = long.plus(value);
  }
  const equity = decimalText(ledger.cash.plus(long).plus(short));
  const buyingPower = decimalText(ledger.cash.isNegative() ? ZERO : ledger.cash);
  return {
    id: identity.id,
    account_number: identity.accountNumber,
    status: 'ACTIVE',
    currency: 'USD',
    buying_power: buyingPower,
    regt_buying_power: buyingPower,
    daytrading_buying_power: '0',
    non_marginable_buying_power: buyingPower,
    cash: decimalText(ledger.cash),
    accrued_fees: '0',
    portfolio_value: equity,
    pattern_day_trader: false,
    trading_blocked: false,
    transfers_blocked: false,
    account_blocked: false,
    created_at: timeText(identity.createdNs),
    trade_suspended_by_user: false,
    multiplier: '1',
    shorting_enabled: true,
    equity,
    last_equity: decimalText(ledger.netDeposits),
    long_market_value: decimalText(long),
    short_market_value: decimalText(short),
    initial_margin: '0',
    maintenance_margin: '0',
    last_maintenance_margin: '0',
    sma: '0',
    daytrade_count: 0,
  };
}

/** What is held, flat symbols left out, in the order in which symbols were first traded. */
export function alpacaPositions(state: MatchingState): AlpacaPosition[] {
  const held = [...state.ledger.positions.values()].filter(({ qty }) => !qty.isZero());
  return held.map((position) => positionOf(state, position));
}

/** The position in a symbol, which may also be named by its asset id; `undefined` when nothing of it is held. */
export function alpacaPosition(state: MatchingState, symbolOrAssetId: string): AlpacaPosition | undefined {
  const { positions } = state.ledger;
  const position =
    positions.get(symbolOrAssetId) ??
    [...positions.values()].find(({ symbol }) => assetIdOf(symbol) === symbolOrAssetId);
  return position === undefined || position.qty.isZero() ? undefined : positionOf(state, position);
}

function positionOf(state: MatchingState, position: Position): AlpacaPosition {
  const { symbol, qty, cost } = position;
  const value = marketValue(state, position);
  const profit = value.minus(cost);
  // What is left of a cost after many rounded closes can be 0 while shares worth next to nothing are still held.
  const share = decimalText(cost.isZero() ? ZERO : divide(profit, cost.abs()));
  return {
    asset_id: assetIdOf(symbol),
    symbol,
    exchange: '',
    asset_class: 'us_equity',
    avg_entry_price: decimalText(averagePx(position)),
    qty: decimalText(qty),
    qty_available: decimalText(availableQty(state, position)),
    side: qty.isNegative() ? 'short' : 'long',
    market_value: decimalText(value),
    cost_basis: decimalText(cost),
    unrealized_pl: decimalText(profit),
    unrealized_plpc: share,
    unrealized_intraday_pl: decimalText(profit),
    unrealized_intraday_plpc: share,
    current_price: decimalText(priceOf(state, symbol) ?? ZERO),
    lastday_price: null,
    change_today: null,
  };
}

function priceOf(state: MatchingState, symbol: string): Decimal | undefined {
  const text = state.lastPx.get(symbol);
  return text === undefined ? undefined : decimal(text);
}

/** Signed. Whatever is held was filled, and a fill leaves a price: only a flat symbol has none. */
function marketValue(state: MatchingState, { symbol, qty }: Position): Decimal {
  return qty.times(priceOf(state, symbol) ?? ZERO);
}

function availableQty(state: MatchingState, { symbol, qty }: Position): Decimal {
  const closingSide = qty.isNegative() ? 'buy' : 'sell';
  let free = qty.abs();
  for (const orderId of state.open.get(symbol) ?? []) {
    const order = state.orders.get(orderId);
    if (order?.side === closingSide) free = free.minus(order.orderQty.minus(order.cumQty));
  }
  if (free.isNegative()) return ZERO;
  return qty.isNegative() ? free.neg() : free;
}

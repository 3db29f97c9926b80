import {
  DATE,
  DECIMAL,
  type Fields,
  FLAG,
  listOf,
  literal,
  matching,
  NAME,
  NUMBER,
  nullable,
  object,
  optional,
  type Shape,
  TEXT,
  TIME,
  ULID,
  UUID,
  WHOLE,
} from './schema.ts';

const STATUSES = [
  ...['new', 'partially_filled', 'filled', 'done_for_day', 'canceled', 'expired', 'replaced'],
  ...['pending_cancel', 'pending_replace', 'accepted', 'pending_new', 'rejected'],
];

/** An order as REST and `trade_updates` show it; what may be null was null, or its like was, in a recorded one. */
export const ORDER: Fields = {
  id: UUID,
  client_order_id: NAME,
  created_at: TIME,
  updated_at: nullable(TIME),
  submitted_at: nullable(TIME),
  filled_at: nullable(TIME),
  expired_at: nullable(TIME),
  cancel_requested_at: nullable(TIME),
  canceled_at: nullable(TIME),
  failed_at: nullable(TIME),
  replaced_at: nullable(TIME),
  replaced_by: nullable(UUID),
  replaces: nullable(UUID),
  asset_id: UUID,
  symbol: NAME,
  asset_class: literal('us_equity', 'crypto'),
  notional: literal(null),
  qty: DECIMAL,
  filled_qty: DECIMAL,
  filled_avg_price: nullable(DECIMAL),
  order_class: literal('', 'simple'),
  order_type: literal('market', 'limit', 'stop', 'stop_limit', 'trailing_stop'),
  type: literal('market', 'limit', 'stop', 'stop_limit', 'trailing_stop'),
  side: literal('buy', 'sell'),
  position_intent: literal('buy_to_open', 'buy_to_close', 'sell_to_open', 'sell_to_close'),
  time_in_force: literal('day', 'gtc', 'ioc', 'fok'),
  limit_price: nullable(DECIMAL),
  stop_price: nullable(DECIMAL),
  status: literal(...STATUSES),
  extended_hours: FLAG,
  legs: literal(null),
  trail_percent: nullable(DECIMAL),
  trail_price: nullable(DECIMAL),
  hwm: nullable(DECIMAL),
  expires_at: nullable(TIME),
};

/** What every update has besides what its event brings. */
const UPDATE: Fields = { at: TIME, event_id: ULID, timestamp: TIME, order: object(ORDER) };

const FILL: Fields = {
  ...{ execution_id: UUID, price: DECIMAL, qty: DECIMAL, position_qty: DECIMAL },
  ...{ swap_rate: DECIMAL, settle_date: DATE },
};

/** Events that were recorded, and those that have no more than a `new`. */
const EVENTS: Readonly<Record<string, Fields>> = {
  pending_new: {},
  fill: FILL,
  partial_fill: FILL,
  ...Object.fromEntries(
    [
      ...['new', 'accepted', 'canceled', 'expired', 'replaced', 'rejected', 'done_for_day'],
      ...['pending_cancel', 'pending_replace', 'order_cancel_rejected', 'order_replace_rejected'],
    ].map((event) => [event, { execution_id: UUID }]),
  ),
};

/** The data of a trade update, by its event. */
export const UPDATES: Readonly<Record<string, Fields>> = Object.fromEntries(
  Object.entries(EVENTS).map(([event, fields]) => [event, { ...UPDATE, event: literal(event), ...fields }]),
);

export const AUTHORIZATION = object({
  stream: literal('authorization'),
  data: object({ action: NAME, message: optional(NAME), status: literal('authorized', 'unauthorized') }),
});

export const LISTENING = object({ stream: literal('listening'), data: object({ streams: listOf(NAME) }) });

export const POSITION = object({
  asset_id: UUID,
  symbol: NAME,
  exchange: TEXT,
  asset_class: literal('us_equity', 'crypto'),
  asset_marginable: FLAG,
  qty: DECIMAL,
  avg_entry_price: DECIMAL,
  side: literal('long', 'short'),
  market_value: nullable(DECIMAL),
  cost_basis: DECIMAL,
  unrealized_pl: nullable(DECIMAL),
  unrealized_plpc: nullable(DECIMAL),
  unrealized_intraday_pl: nullable(DECIMAL),
  unrealized_intraday_plpc: nullable(DECIMAL),
  current_price: nullable(DECIMAL),
  lastday_price: nullable(DECIMAL),
  change_today: nullable(DECIMAL),
  qty_available: DECIMAL,
});

const MONEY = [
  ...['buying_power', 'regt_buying_power', 'non_marginable_buying_power', 'cash', 'portfolio_value', 'equity'],
  ...['last_equity', 'long_market_value', 'short_market_value', 'initial_margin', 'maintenance_margin'],
  ...['last_maintenance_margin', 'sma', 'accrued_fees', 'multiplier'],
];
/** Documented at one time or another; an account may go without. */
const MORE_MONEY = [
  ...['daytrading_buying_power', 'effective_buying_power', 'options_buying_power', 'bod_dtbp', 'position_market_value'],
  ...['pending_transfer_in', 'pending_transfer_out', 'pending_reg_taf_fees', 'intraday_adjustments'],
];

export const ACCOUNT = object({
  id: UUID,
  account_number: NAME,
  status: literal('ACTIVE'),
  currency: literal('USD'),
  ...Object.fromEntries(MONEY.map((key) => [key, DECIMAL])),
  ...Object.fromEntries(MORE_MONEY.map((key) => [key, optional(DECIMAL)])),
  trading_blocked: FLAG,
  transfers_blocked: FLAG,
  account_blocked: FLAG,
  trade_suspended_by_user: FLAG,
  shorting_enabled: FLAG,
  pattern_day_trader: optional(FLAG),
  daytrade_count: optional(WHOLE),
  created_at: TIME,
  balance_asof: optional(DATE),
  crypto_status: optional(literal('ACTIVE')),
  crypto_tier: optional(WHOLE),
  options_approved_level: optional(WHOLE),
  options_trading_level: optional(WHOLE),
  admin_configurations: optional(object({})),
  user_configurations: optional(literal(null)),
});

export const FILL_ACTIVITY = object({
  id: matching('a time, :: and a UUID', /^\d{17}::[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/),
  activity_type: literal('FILL'),
  transaction_time: TIME,
  type: literal('fill', 'partial_fill'),
  price: DECIMAL,
  qty: DECIMAL,
  side: literal('buy', 'sell', 'sell_short'),
  symbol: NAME,
  leaves_qty: DECIMAL,
  order_id: UUID,
  cum_qty: DECIMAL,
  order_status: literal('filled', 'partially_filled'),
});

export const ASSET = object({
  id: UUID,
  class: literal('us_equity', 'crypto'),
  exchange: NAME,
  symbol: NAME,
  name: NAME,
  status: literal('active'),
  tradable: FLAG,
  marginable: FLAG,
  shortable: FLAG,
  easy_to_borrow: FLAG,
  fractionable: FLAG,
  attributes: listOf(NAME),
  maintenance_margin_requirement: optional(NUMBER),
  margin_requirement_long: optional(DECIMAL),
  margin_requirement_short: optional(DECIMAL),
  borrow_status: optional(literal('easy_to_borrow', 'hard_to_borrow')),
  min_order_size: optional(DECIMAL),
  min_trade_increment: optional(DECIMAL),
  price_increment: optional(DECIMAL),
});

const HOURS = matching('hours and minutes', /^\d\d:\d\d$/);
const SESSION = matching('hours and minutes without a colon', /^\d{4}$/);

export const CALENDAR_DAY = object({
  ...{ date: DATE, open: HOURS, close: HOURS, session_open: SESSION, session_close: SESSION, settlement_date: DATE },
});

/** An error of REST; some carry what the refusal was about. */
export const REFUSAL: Fields = { code: WHOLE, message: NAME };

export const CANCELED_ONE: Shape = object({ id: UUID, status: literal(200) });
export const CLOSED_ONE: Shape = object({ symbol: NAME, status: literal(200), body: object(ORDER) });

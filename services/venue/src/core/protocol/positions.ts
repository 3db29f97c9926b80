import { averagePx, type Decimal, decimalOfUnits, decimalText, divide, type Position, ZERO } from '@tickpath/trading';
import { marketValue } from '../orders/buying-power.ts';
import { committedIn } from '../orders/commitments.ts';
import type { ExchangeState } from '../orders/state.ts';
import type { Asset } from '../reference/asset.ts';
import { positionSymbol } from './asset-names.ts';

/** Alpaca's position object: amounts as text, those of a short negative. */
export interface AlpacaPosition {
  readonly asset_id: string;
  /** Of a pair without the slash: `BTCUSD`. */
  readonly symbol: string;
  readonly exchange: string;
  readonly asset_class: Asset['assetClass'];
  readonly asset_marginable: boolean;
  readonly qty: string;
  /** `cost_basis` / `qty`, rounded half-even at 1e-12. */
  readonly avg_entry_price: string;
  readonly side: 'long' | 'short';
  readonly market_value: string;
  /** Exact: the ledger's cost of the position, without fees. */
  readonly cost_basis: string;
  readonly unrealized_pl: string;
  readonly unrealized_plpc: string;
  readonly unrealized_intraday_pl: string;
  readonly unrealized_intraday_plpc: string;
  /** The price at which it last changed hands: in the market's trades, or in a fill of this account. */
  readonly current_price: string;
  /** `null`: the account has only ever seen one day. */
  readonly lastday_price: null;
  readonly change_today: null;
  /** `qty` without what open orders may close, down to 0. */
  readonly qty_available: string;
}

/** Something held, with what is known of the asset. */
export interface Holding {
  readonly asset: Asset;
  readonly position: Position;
  /** In USD, at which it last changed hands. A fill leaves one, so that only what is flat can be without. */
  readonly px: Decimal;
  /** Signed, in USD, as it counts for the account's equity. */
  readonly marketValue: Decimal;
}

/** What is held, flat symbols left out, in the order in which symbols were first traded. */
export function holdings(state: ExchangeState): Holding[] {
  const found: Holding[] = [];
  for (const position of state.ledger.positions.values()) {
    if (!position.qty.isZero()) found.push(holdingOf(state, heldAsset(state, position.symbol), position));
  }
  return found;
}

/** What is held of an asset; `undefined` when it is nothing. */
export function holding(state: ExchangeState, asset: Asset): Holding | undefined {
  const position = state.ledger.positions.get(asset.symbol);
  return position === undefined || position.qty.isZero() ? undefined : holdingOf(state, asset, position);
}

/** Whatever is held has been ordered, and an asset stays listed: a start lists those of its journal. */
function heldAsset(state: ExchangeState, symbol: string): Asset {
  const asset = state.assetOf(symbol);
  if (asset === undefined) throw new Error(`${symbol} is held, but not listed`);
  return asset;
}

function holdingOf(state: ExchangeState, asset: Asset, position: Position): Holding {
  const units = state.lastPx.get(asset.symbol);
  const px = units === undefined ? averagePx(position) : decimalOfUnits(units, asset.priceDecimals);
  return { asset, position, px, marketValue: marketValue(state, position) };
}

/** What of a holding no open order may close, without a sign. */
function availableQty(state: ExchangeState, { asset, position }: Holding): Decimal {
  const { buyQty, sellQty } = committedIn(state, asset.symbol);
  const heldForOrders = decimalOfUnits(position.qty.isNegative() ? buyQty : sellQty, asset.qtyDecimals);
  const available = position.qty.abs().minus(heldForOrders);
  return available.isNegative() ? ZERO : available;
}

export function alpacaPosition(state: ExchangeState, held: Holding): AlpacaPosition {
  const { asset, position, px, marketValue: value } = held;
  const { qty, cost } = position;
  const profit = value.minus(cost);
  // What is left of a cost after many rounded closes can be 0 while shares worth next to nothing are still held.
  const share = decimalText(cost.isZero() ? ZERO : divide(profit, cost.abs()));
  const available = availableQty(state, held);
  return {
    asset_id: asset.id,
    symbol: positionSymbol(asset),
    exchange: asset.exchange,
    asset_class: asset.assetClass,
    asset_marginable: asset.marginable,
    qty: decimalText(qty),
    avg_entry_price: decimalText(averagePx(position)),
    side: qty.isNegative() ? 'short' : 'long',
    market_value: decimalText(value),
    cost_basis: decimalText(cost),
    unrealized_pl: decimalText(profit),
    unrealized_plpc: share,
    unrealized_intraday_pl: decimalText(profit),
    unrealized_intraday_plpc: share,
    current_price: decimalText(px),
    lastday_price: null,
    change_today: null,
    qty_available: decimalText(qty.isNegative() ? available.neg() : available),
  };
}

export function alpacaPositions(state: ExchangeState): AlpacaPosition[] {
  return holdings(state).map((held) => alpacaPosition(state, held));
}

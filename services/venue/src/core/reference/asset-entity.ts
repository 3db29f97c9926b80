import { unitsText } from '@tickpath/trading';
import { QueryFields } from '../protocol/query-fields.ts';
import { shown } from '../protocol/shown.ts';
import type { Refusal } from '../refusal.ts';
import type { Asset } from './asset.ts';

/** An asset as Alpaca's REST gives it. Equities and crypto have fields that the other lacks. */
export interface AssetEntity {
  readonly id: string;
  readonly class: Asset['assetClass'];
  readonly exchange: string;
  readonly symbol: string;
  readonly name: string;
  readonly status: 'active' | 'inactive';
  readonly tradable: boolean;
  readonly marginable: boolean;
  /** Per cent, as the two below. */
  readonly maintenance_margin_requirement: number;
  readonly margin_requirement_long: string;
  readonly margin_requirement_short: string;
  readonly shortable: boolean;
  readonly easy_to_borrow: boolean;
  readonly borrow_status?: 'easy_to_borrow' | 'hard_to_borrow';
  readonly fractionable: boolean;
  readonly min_order_size?: string;
  readonly min_trade_increment?: string;
  readonly price_increment?: string;
  readonly attributes: readonly string[];
}

/** FINRA rule 4210(c): 25 % of a long and 30 % of a short is the least; Alpaca asks 30 % of both. */
const EQUITY_MARGIN_PERCENT = 30;
/** What cannot be bought on margin is paid in full. */
const FULL_PERCENT = 100;

/** Alpaca says of an asset in which fractions trade that they do in extended hours too. */
const FRACTIONS_IN_EXTENDED_HOURS = 'fractional_eh_enabled';

export function assetEntity(asset: Asset): AssetEntity {
  const isCrypto = asset.assetClass === 'crypto';
  const margin = asset.marginable ? EQUITY_MARGIN_PERCENT : FULL_PERCENT;
  return {
    id: asset.id,
    class: asset.assetClass,
    exchange: asset.exchange,
    symbol: asset.symbol,
    name: asset.name,
    status: 'active',
    tradable: asset.tradable,
    marginable: asset.marginable,
    maintenance_margin_requirement: margin,
    margin_requirement_long: String(margin),
    margin_requirement_short: String(margin),
    shortable: asset.shortable,
    easy_to_borrow: asset.easyToBorrow,
    ...(!isCrypto && { borrow_status: asset.easyToBorrow ? ('easy_to_borrow' as const) : ('hard_to_borrow' as const) }),
    fractionable: asset.fractionable,
    ...(isCrypto && {
      min_order_size: unitsText(asset.minOrderQty, asset.qtyDecimals),
      min_trade_increment: unitsText(asset.qtyIncrement, asset.qtyDecimals),
      price_increment: unitsText(asset.priceIncrement, asset.priceDecimals),
    }),
    attributes: asset.fractionable && !isCrypto ? [FRACTIONS_IN_EXTENDED_HOURS] : [],
  };
}

/** Which assets are asked for; `null` is any. */
export interface AssetListing {
  readonly status: 'active' | 'inactive' | null;
  readonly assetClass: string | null;
  readonly exchange: string | null;
  readonly attributes: readonly string[] | null;
}

const STATUSES = ['active', 'inactive', 'all'] as const;
/** The classes that Alpaca has; of those that are not the venue's there is none to list. */
const CLASSES = ['us_equity', 'us_option', 'crypto', 'crypto_perp', 'global_equity'] as const;

/** Reads the query of `GET /v2/assets`. */
export function readAssetListing(
  query: Readonly<Record<string, unknown>>,
): { readonly ok: true; readonly listing: AssetListing } | { readonly ok: false; readonly refusal: Refusal } {
  const fields = new QueryFields(query);
  const status = fields.choice('status', STATUSES);
  const listing = {
    status: status === 'all' ? null : status,
    assetClass: fields.choice('asset_class', CLASSES),
    exchange: fields.text('exchange'),
    attributes: fields.list('attributes'),
  };
  const refusal = fields.refusal();
  return refusal === null ? { ok: true, listing } : { ok: false, refusal };
}

/** True for an asset that is asked for; with several attributes one of them is enough. */
export function isListed(entity: AssetEntity, { status, assetClass, exchange, attributes }: AssetListing): boolean {
  if (status !== null && entity.status !== status) return false;
  if (assetClass !== null && entity.class !== assetClass) return false;
  if (exchange !== null && entity.exchange !== exchange) return false;
  return attributes === null || attributes.some((attribute) => entity.attributes.includes(attribute));
}

const PLAIN_NAME = /^[\w./-]{1,40}$/;

/** A path that names an asset which this venue does not list (Alpaca: 404, 40410000). */
export function assetNotListed(name: string): Refusal {
  const asked = PLAIN_NAME.test(name) ? name : shown(name);
  return { status: 404, code: 40410000, message: `asset not found for ${asked}` };
}

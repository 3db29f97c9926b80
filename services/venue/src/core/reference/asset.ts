import type { Instrument } from '@tickpath/trading';

/** An instrument as this venue lists it: what may be ordered, and in which steps. Steps are in the instrument's units. */
export interface Asset extends Instrument {
  /** The same for a symbol on every run. */
  readonly id: string;
  readonly name: string;
  /** Where it is listed: `NASDAQ`, `NYSE`, `ARCA`, `CRYPTO`, … */
  readonly exchange: string;
  readonly tradable: boolean;
  readonly marginable: boolean;
  readonly shortable: boolean;
  readonly easyToBorrow: boolean;
  readonly fractionable: boolean;
  /** Step of an order's price from 1.00 USD on, and below. Equal for crypto. */
  readonly priceIncrement: number;
  readonly priceIncrementBelowOne: number;
  /** Step of an order's quantity, and the least of it. */
  readonly qtyIncrement: number;
  readonly minOrderQty: number;
}

/** The reference data: `undefined` for what this venue does not list. */
export type AssetOf = (symbol: string) => Asset | undefined;

import { type AssetClass, type DecimalText, type Instrument, unitsOf } from '@tickpath/trading';
import { scopedUuid } from '../ids.ts';
import { isSymbol } from '../market/event.ts';
import type { Asset, AssetOf } from './asset.ts';

/** What the configuration says of an instrument; `null` leaves it to the defaults of its class. */
export interface AssetConfig {
  readonly symbol: string;
  readonly name: string | null;
  readonly exchange: string | null;
  readonly tradable: boolean;
  readonly marginable: boolean;
  readonly shortable: boolean;
  readonly fractionable: boolean;
  readonly priceIncrement: DecimalText | null;
  readonly qtyIncrement: DecimalText | null;
  readonly priceDecimals: number | null;
  readonly qtyDecimals: number | null;
}

/** The instruments of a venue. */
export interface Assets {
  /** `undefined` for what the venue does not list. */
  readonly assetOf: AssetOf;
  /** By the id of the asset, in lower case. */
  assetById(id: string): Asset | undefined;
  /** All that are listed, by symbol. */
  all(): Asset[];
  /**
   * The instrument of a symbol that the market shows, which lists it if it is not listed yet: the same object for ever.
   * Throws `RangeError` for text that can name no instrument.
   */
  instrumentOf(symbol: string): Instrument;
}

interface ClassDefaults {
  readonly exchange: string;
  readonly priceDecimals: number;
  readonly qtyDecimals: number;
}

const CLASSES: Readonly<Record<AssetClass, ClassDefaults>> = {
  us_equity: { exchange: 'NASDAQ', priceDecimals: 6, qtyDecimals: 9 },
  crypto: { exchange: 'CRYPTO', priceDecimals: 9, qtyDecimals: 9 },
};

/** SEC rule 612: the least step of a quote is a cent, from 1.00 USD on; below a hundredth of one. */
const EQUITY_PRICE_INCREMENT = '0.01';
const EQUITY_PRICE_INCREMENT_BELOW_ONE = '0.0001';

/** The defaults of every instrument that the configuration does not name. */
const UNSAID: Omit<AssetConfig, 'symbol'> = {
  ...{ name: null, exchange: null, priceIncrement: null, qtyIncrement: null, priceDecimals: null, qtyDecimals: null },
  ...{ tradable: true, marginable: true, shortable: true, fractionable: true },
};

/** A symbol with a slash is a pair of currencies, as Alpaca spells them. */
function assetClassOf(symbol: string): AssetClass {
  return symbol.includes('/') ? 'crypto' : 'us_equity';
}

/** The id of an asset: the same for a symbol on every run and in every installation. */
export function assetIdOf(symbol: string): string {
  return scopedUuid(`asset ${symbol}`, 0);
}

/**
 * The reference data: what the configuration names, the `symbols` of the source (`null`: a tape, which shows them one by
 * one), and every symbol that `instrumentOf` has been asked for. Throws `RangeError` naming the symbol when an increment
 * is no whole number of its units.
 */
export function createAssets(
  configured: readonly AssetConfig[],
  { symbols }: { readonly symbols: readonly string[] | null },
): Assets {
  const configOf = new Map(configured.map((config) => [config.symbol, config]));
  const bySymbol = new Map<string, Asset>();
  const byId = new Map<string, Asset>();
  let sorted: Asset[] | undefined;

  const list = (symbol: string): Asset => {
    const known = bySymbol.get(symbol);
    if (known !== undefined) return known;
    const asset = assetFrom(configOf.get(symbol) ?? { ...UNSAID, symbol });
    bySymbol.set(symbol, asset);
    byId.set(asset.id, asset);
    sorted = undefined;
    return asset;
  };

  for (const symbol of [...(symbols ?? []), ...configOf.keys()]) list(symbol);
  return {
    assetOf: (symbol) => bySymbol.get(symbol),
    assetById: (id) => byId.get(id),
    all() {
      sorted ??= [...bySymbol.values()].sort((a, b) => (a.symbol < b.symbol ? -1 : 1));
      return [...sorted];
    },
    instrumentOf(symbol) {
      if (!isSymbol(symbol)) throw new RangeError(`${JSON.stringify(symbol.slice(0, 40))} can name no instrument`);
      return list(symbol);
    },
  };
}

/** What is wrong with configured assets, one line each. */
export function assetFaults(configured: readonly AssetConfig[]): string[] {
  const faults: string[] = [];
  const seen = new Set<string>();
  for (const config of configured) {
    if (seen.has(config.symbol)) faults.push(`${config.symbol} is named twice`);
    seen.add(config.symbol);
    try {
      assetFrom(config);
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      faults.push(error.message);
    }
  }
  return faults;
}

function assetFrom(config: AssetConfig): Asset {
  const { symbol } = config;
  const assetClass = assetClassOf(symbol);
  const isCrypto = assetClass === 'crypto';
  const defaults = CLASSES[assetClass];
  const priceDecimals = config.priceDecimals ?? defaults.priceDecimals;
  const qtyDecimals = config.qtyDecimals ?? defaults.qtyDecimals;
  const stepOf = (key: 'priceIncrement' | 'qtyIncrement', decimals: number): number | null => {
    const text = config[key];
    if (text === null) return null;
    try {
      return unitsOf(text, decimals);
    } catch (error) {
      throw new RangeError(`${key} of ${symbol}: ${(error as Error).message}`, { cause: error });
    }
  };
  const priceIncrement = stepOf('priceIncrement', priceDecimals);
  const coarsest = (text: DecimalText) => atLeastOneUnit(text, priceDecimals);
  const qtyIncrement = stepOf('qtyIncrement', qtyDecimals) ?? (isCrypto || config.fractionable ? 1 : 10 ** qtyDecimals);
  return {
    symbol,
    assetClass,
    priceDecimals,
    qtyDecimals,
    id: assetIdOf(symbol),
    name: config.name ?? symbol,
    exchange: config.exchange ?? defaults.exchange,
    tradable: config.tradable,
    marginable: config.marginable && !isCrypto,
    shortable: config.shortable && !isCrypto,
    easyToBorrow: config.shortable && !isCrypto,
    fractionable: config.fractionable || isCrypto,
    priceIncrement: priceIncrement ?? (isCrypto ? 1 : coarsest(EQUITY_PRICE_INCREMENT)),
    priceIncrementBelowOne: priceIncrement ?? (isCrypto ? 1 : coarsest(EQUITY_PRICE_INCREMENT_BELOW_ONE)),
    qtyIncrement,
    minOrderQty: qtyIncrement,
  };
}

/** A step of price in units; one unit where the instrument has fewer decimals than the step. */
function atLeastOneUnit(text: DecimalText, decimals: number): number {
  const fraction = text.length - text.indexOf('.') - 1;
  return decimals >= fraction ? unitsOf(text, decimals) : 1;
}

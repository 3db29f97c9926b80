import type { Asset } from '../reference/asset.ts';
import type { Assets } from '../reference/assets.ts';

/** What has to be known of the reference data to find an asset by any of its names. */
export type AssetNames = Pick<Assets, 'assetOf' | 'assetById' | 'all'>;

/**
 * The asset that a client means: by its symbol, by its id, or, a pair of currencies, by the older spelling without the
 * slash. `undefined` for what the venue does not list.
 */
export function assetNamed(assets: AssetNames, name: string): Asset | undefined {
  return (
    assets.assetOf(name) ??
    assets.assetById(name.toLowerCase()) ??
    assets.all().find((asset) => asset.assetClass === 'crypto' && positionSymbol(asset) === name)
  );
}

/** How Alpaca spells the symbol in positions: `BTCUSD` of the pair `BTC/USD`. Orders and activities have the pair. */
export function positionSymbol({ symbol, assetClass }: Asset): string {
  return assetClass === 'crypto' ? symbol.replaceAll('/', '') : symbol;
}

import { existsSync } from 'node:fs';
import { test } from 'node:test';
import { type ChaosVenue, runFeedChaos } from './feed-chaos-run.ts';
import {
  alpacaCryptoChaos,
  alpacaStocksChaos,
  COINBASE_FILES,
  CRYPTO_FILES,
  coinbaseChaos,
  KRAKEN_FILES,
  krakenChaos,
  STOCK_FILES,
} from './feed-chaos-venues.ts';

const SOAK = process.env.TICKPATH_SOAK;
const FAULTS = SOAK === undefined ? 12 : 50 * Number(SOAK);

const VENUES: readonly (readonly [name: string, files: readonly URL[], open: () => ChaosVenue])[] = [
  ['Coinbase', COINBASE_FILES, coinbaseChaos],
  ['Kraken', KRAKEN_FILES, krakenChaos],
  ['Alpaca’s stream of stocks', STOCK_FILES, alpacaStocksChaos],
  ['Alpaca’s stream of crypto', CRYPTO_FILES, alpacaCryptoChaos],
];

for (const [name, files, open] of VENUES) {
  const absent = files.find((file) => !existsSync(file));
  test(`whatever ${name} does, its books and trades are published as they are or declared missing`, {
    skip: absent === undefined ? false : `no recording ${absent.pathname}`,
    timeout: 60_000 + 5_000 * FAULTS,
  }, async () => {
    const seed = Number(process.env.TICKPATH_SEED ?? Math.floor(Math.random() * 2 ** 31));
    console.log(`seed ${seed}`);
    await runFeedChaos(open(), { faults: FAULTS, seed });
  });
}

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { eventually, TestStack } from '@tickpath/testkit';
import { stringify } from 'yaml';
import { familiesIn } from './exposition.ts';

const SERVICES = ['venue', 'market-data', 'store', 'signal', 'risk', 'execution'] as const;
const SYMBOLS = 1000;
/** More than the positions that risk gives a series of their own. */
const TRADED = 120;
const POSITION_SERIES = 50;
/** As docs/metrics.md promises it. */
const SERIES_BOUND = 400;

describe(`a market of ${SYMBOLS} symbols`, { timeout: 300_000 }, () => {
  let dir: string;
  let stack: TestStack;

  before(async () => {
    dir = mkdtempSync(join(tmpdir(), 'tickpath-symbols-'));
    const profile = join(dir, 'many-symbols.yaml');
    const names = Array.from({ length: SYMBOLS }, (_, index) => `S${String(index).padStart(4, '0')}`);
    writeFileSync(
      profile,
      stringify({
        log: { level: 'warn' },
        tracing: { exporter: 'none' },
        venue: {
          synthetic: { ticksPerSecond: 1, symbols: names.map((symbol) => ({ symbol, price: '100' })) },
        },
        signal: { symbols: names.slice(0, TRADED), momentum: { fastBars: 1, slowBars: 2, qty: '1' } },
      }),
    );
    stack = await TestStack.start(['--profile', profile]);
  });
  after(async () => {
    await stack?.stop();
    rmSync(dir, { recursive: true, force: true });
  });

  test(`every service has fewer than ${SERIES_BOUND} series`, async (context) => {
    await eventually(
      'every symbol has ticked and risk holds many positions',
      async () => {
        const [seen, kept, held] = await Promise.all([
          value('market-data', 'tickpath_market_data_symbols{feed="alpaca-stocks"}'),
          value('store', 'tickpath_store_symbols'),
          value('risk', 'tickpath_risk_positions'),
        ]);
        return seen === SYMBOLS && kept === SYMBOLS && held > POSITION_SERIES ? true : undefined;
      },
      200_000,
    );
    for (const service of SERVICES) {
      const families = familiesIn(await stack.metrics(service));
      const series = [...families.values()].reduce((sum, family) => sum + family.series, 0);
      context.diagnostic(`${service}: ${series} series`);
      assert.ok(series < SERIES_BOUND, `${service}: ${series} series >= ${SERIES_BOUND}`);
      if (service !== 'risk') continue;
      assert.equal(families.get('tickpath_risk_position_qty')?.series, POSITION_SERIES);
      assert.equal(families.get('tickpath_risk_position_notional_usd')?.series, POSITION_SERIES + 1);
    }
  });

  async function value(service: (typeof SERVICES)[number], name: string): Promise<number> {
    const text = await stack.metrics(service).catch(() => '');
    const line = text.split('\n').find((one) => one.startsWith(`${name} `));
    return Number(line?.slice(name.length + 1) ?? 0);
  }
});

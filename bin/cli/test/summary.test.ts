import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { readingOf, type SummaryService, summaryText, sumOf } from '../src/summary.ts';

const texts = (ticks: number) =>
  new Map<SummaryService, string>([
    [
      'market-data',
      `# HELP tickpath_market_data_ticks_total ticks
# TYPE tickpath_market_data_ticks_total counter
tickpath_market_data_ticks_total{symbol="AAPL",kind="a } b"} ${ticks}
tickpath_market_data_ticks_total{symbol="MSFT"} 50 1700000000000
tickpath_market_data_ticks_total_other 1000`,
    ],
    ['execution', 'tickpath_execution_orders_total 12\ntickpath_execution_fills_total 9'],
    ['risk', 'tickpath_risk_equity_usd 100012.3\ntickpath_risk_realized_pnl_usd -1.5e-3'],
  ]);

describe('the summary', () => {
  test('shows the rate since the reading before, and a dash for what nobody answers', () => {
    const before = readingOf(texts(100), 1000);
    const reading = readingOf(texts(300), 6000);
    assert.equal(
      summaryText(reading, before),
      'ticks/s 40  intents -  orders 12  fills 9  equity 100,012.30  realised 0.00  unrealised -',
    );
    assert.match(summaryText(before, undefined), /^ticks\/s - /);
  });

  test('counts from zero after a restart of the service', () => {
    assert.match(summaryText(readingOf(texts(150), 2000), readingOf(texts(9000), 1000)), /^ticks\/s 200 /);
  });

  test('of no answers at all is all dashes', () => {
    const nothing = readingOf(new Map(), 0);
    assert.equal(
      summaryText(nothing, nothing),
      'ticks/s -  intents -  orders -  fills -  equity -  realised -  unrealised -',
    );
  });
});

test('samples of a metric are added over their labels', () => {
  assert.equal(sumOf('a{x="1"} 1\na{x="2"} 2.5\nab 7\n', 'a'), 3.5);
  assert.equal(sumOf('ab 7', 'a'), undefined);
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createBinanceProtocol } from '../../src/core/feeds/binance.ts';
import { createCoinbaseProtocol } from '../../src/core/feeds/coinbase.ts';
import { createKrakenProtocol } from '../../src/core/feeds/kraken.ts';
import type { FeedOutput, VenueProtocol } from '../../src/core/feeds/protocol.ts';
import { createSnapshotBudget, SNAPSHOTS_A_SPAN, SPAN_NS } from '../../src/core/feeds/snapshot-budget.ts';

const START_NS = 1_700_000_000_000_000_000n;

/** Requests for a snapshot, by message or over REST. */
function asked(outputs: readonly FeedOutput[]): number {
  return outputs.filter(
    (output) =>
      (output.kind === 'fetch' && output.path.includes('/depth')) ||
      (output.kind === 'send' && /"subscribe".*"(?:level2|book)"/.test(output.text)),
  ).length;
}

for (const [venue, protocol, symbol, confirmation] of [
  ['Binance', createBinanceProtocol({ market: 'spot', snapshotDepth: 5_000 }), 'BTC-USDT', '{"result":null,"id":1}'],
  ['Coinbase', createCoinbaseProtocol(), 'BTC-USD', undefined],
  ['Kraken', createKrakenProtocol({ depth: 1_000 }), 'BTC-USD', undefined],
] as readonly (readonly [string, VenueProtocol, string, string | undefined])[]) {
  test(`a book of ${venue} that is wrong again and again is asked for again, but not as fast as it is wrong`, () => {
    protocol.subscribe([symbol]);
    protocol.connected(START_NS);
    const stamps = { receivedNs: START_NS, decodedNs: START_NS };
    if (confirmation !== undefined) protocol.receive(confirmation, stamps);
    const crossed = () => protocol.resync(symbol, 'crossed');
    assert.equal(asked(crossed()), 1, 'what happens once is asked for at once');
    const outputs = Array.from({ length: 1_000 }, crossed).flat();
    assert.equal(asked(outputs), SNAPSHOTS_A_SPAN - 1);
    assert.equal(outputs.filter(({ kind }) => kind === 'book-invalid').length, 1_000);
    assert.equal(asked(protocol.clock(START_NS + SPAN_NS - 1n)), 0);
    assert.equal(asked(protocol.clock(START_NS + SPAN_NS)), 1, 'it is not forgotten');
  });
}

test('so many snapshots may be asked for in each span of time', () => {
  const budget = createSnapshotBudget();
  for (const startNs of [0n, SPAN_NS, 7n * SPAN_NS]) {
    for (let count = 0; count < SNAPSHOTS_A_SPAN; count += 1) assert.equal(budget.take(startNs), undefined);
    assert.equal(budget.take(startNs + SPAN_NS - 1n), startNs + SPAN_NS);
  }
});

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import {
  applyExecution,
  averagePx,
  decimal,
  decimalText,
  type Execution,
  flatPosition,
  type Ledger,
  ledgerImbalance,
  openLedger,
  type Position,
  postExecution,
  unrealizedPnl,
  valueLedger,
} from '../src/index.ts';
import { halfEven, plain } from './fixed-point.ts';
import './seed.ts';

/** `BUY 10 @ 100`. */
function execution(text: string, symbol = 'IBM'): Execution {
  const [side, lastQty, , lastPx] = text.split(' ') as ['BUY' | 'SELL', string, string, string];
  return { symbol, side, lastQty, lastPx };
}

function positionAfter(...executions: string[]): Position {
  return executions.map((text) => execution(text)).reduce(applyExecution, flatPosition('IBM'));
}

function amountsOf({ qty, cost, realizedPnl }: Position): Record<string, string> {
  return { qty: decimalText(qty), cost: decimalText(cost), realizedPnl: decimalText(realizedPnl) };
}

describe('worked examples', () => {
  const examples: [what: string, executions: string[], after: [qty: string, cost: string, realizedPnl: string]][] = [
    ['two buys average', ['BUY 10 @ 100', 'BUY 30 @ 104'], ['40', '4120', '0']],
    [
      'a partial close realises at average cost',
      ['BUY 10 @ 100', 'BUY 10 @ 110', 'SELL 5 @ 120'],
      ['15', '1575', '75'],
    ],
    ['a short gains when covered lower', ['SELL 10 @ 100', 'BUY 4 @ 90'], ['-6', '-600', '40']],
    ['a close at a loss', ['BUY 3 @ 10', 'SELL 3 @ 7.5'], ['0', '0', '-7.5']],
    [
      'a fill that flips long to short closes the old lot at its cost and opens the rest at its price',
      ['BUY 10 @ 100', 'SELL 15 @ 110'],
      ['-5', '-550', '100'],
    ],
    ['a flip from short to long likewise', ['SELL 10 @ 100', 'BUY 15 @ 110'], ['5', '550', '-100']],
    [
      'what a partial close loses to rounding stays in the position',
      ['BUY 3 @ 33.333333333333', 'BUY 4 @ 1', 'SELL 1 @ 20'],
      ['6', '89.142857142856', '5.142857142857'],
    ],
    [
      'and comes out with the last share',
      ['BUY 3 @ 33.333333333333', 'BUY 4 @ 1', 'SELL 1 @ 20', 'SELL 6 @ 20'],
      ['0', '0', '36.000000000001'],
    ],
  ];
  const flip = 'a flip is exact where costs are finer than a partial close rounds to';
  const tiny = ['BUY 0.000000001 @ 1.000000001', 'SELL 0.000000002 @ 1'];
  examples.push([flip, tiny, ['-0.000000001', '-0.000000001', '-0.000000000000000001']]);
  for (const [what, executions, [qty, cost, realizedPnl]] of examples) {
    test(what, () => assert.deepEqual(amountsOf(positionAfter(...executions)), { qty, cost, realizedPnl }));
  }

  test('the average price is signed cost over signed quantity, and zero when flat', () => {
    assert.equal(decimalText(averagePx(positionAfter('SELL 10 @ 100', 'SELL 20 @ 101'))), '100.666666666667');
    assert.equal(decimalText(averagePx(positionAfter('BUY 1 @ 5', 'SELL 1 @ 6'))), '0');
  });

  test('equity counts a short at its negative market value', () => {
    const ledger = postExecution(openLedger(decimal('1000')), execution('SELL 10 @ 50'));
    assert.equal(decimalText(ledger.cash), '1500');
    const { equity, unrealizedPnl } = valueLedger(ledger, () => decimal('60'));
    assert.equal(decimalText(equity), '900');
    assert.equal(decimalText(unrealizedPnl), '-100');
  });

  test('a position without a price is carried at cost', () => {
    const ledger = postExecution(openLedger(decimal('1000')), execution('SELL 10 @ 50'));
    const { equity, unrealizedPnl } = valueLedger(ledger, () => undefined);
    assert.equal(decimalText(equity), '1000');
    assert.equal(decimalText(unrealizedPnl), '0');
  });

  test('fees leave the cash and are no part of realised profit', () => {
    const bought = postExecution(openLedger(decimal('1000')), { ...execution('BUY 10 @ 50'), fee: '1.25' });
    const sold = postExecution(bought, { ...execution('SELL 10 @ 51'), fee: '0.75' });
    assert.equal(decimalText(sold.cash), '1008');
    assert.equal(decimalText(sold.fees), '2');
    assert.equal(decimalText(valueLedger(sold, () => undefined).realizedPnl), '10');
    assert.equal(decimalText(bought.cash), '498.75', 'the ledger before is untouched');
    assert.equal(bought.positions.size, 1);
  });
});

/** Quantities in 1e-4, prices in 1e-6, money in 1e-12: the finest unit the ledger rounds to. */
interface Lot {
  qty: bigint;
  cost: bigint;
  realizedPnl: bigint;
}

/** The rules of DESIGN §8 in fixed point: first the part that closes, then the part that opens. */
function applyToLot(lot: Lot, signedQty: bigint, px: bigint): void {
  const money = (qty: bigint) => qty * px * 100n;
  const opposes = lot.qty * signedQty < 0n;
  const size = (value: bigint) => (value < 0n ? -value : value);
  const closing = !opposes ? 0n : size(signedQty) < size(lot.qty) ? -signedQty : lot.qty;
  if (closing !== 0n) {
    const closedCost = halfEven(lot.cost * closing, lot.qty);
    lot.realizedPnl += money(closing) - closedCost;
    lot.cost -= closedCost;
    lot.qty -= closing;
  }
  const opening = signedQty + closing;
  lot.qty += opening;
  lot.cost += money(opening);
}

interface Trade {
  readonly symbol: string;
  readonly buys: boolean;
  readonly qty: bigint;
  readonly px: bigint;
  readonly fee: bigint;
}

const trades = fc.array(
  fc.record({
    symbol: fc.constantFrom('IBM', 'SPY'),
    buys: fc.boolean(),
    qty: fc.oneof(fc.bigInt({ min: 1n, max: 9n }), fc.bigInt({ min: 1n, max: 10n ** 9n })),
    px: fc.bigInt({ min: 1n, max: 10n ** 10n }),
    fee: fc.oneof(fc.constant(0n), fc.bigInt({ min: 0n, max: 10n ** 6n })),
  }),
  { maxLength: 40 },
);

function executionOf({ symbol, buys, qty, px, fee }: Trade): Execution {
  return { symbol, side: buys ? 'BUY' : 'SELL', lastQty: plain(qty, 4), lastPx: plain(px, 6), fee: plain(fee, 6) };
}

describe('any sequence of executions', () => {
  test('gives the quantities, costs and profits of the fixed-point oracle, and books that balance to the last decimal', () => {
    fc.assert(
      fc.property(trades, (sequence) => {
        const lots = new Map<string, Lot>();
        let ledger = openLedger(decimal('1000000'));
        for (const trade of sequence) {
          ledger = postExecution(ledger, executionOf(trade));
          const lot = lots.get(trade.symbol) ?? { qty: 0n, cost: 0n, realizedPnl: 0n };
          lots.set(trade.symbol, lot);
          applyToLot(lot, trade.buys ? trade.qty : -trade.qty, trade.px);
          assert.equal(decimalText(ledgerImbalance(ledger)), '0');
          const { qty, cost, realizedPnl } = lot;
          const expected = { qty: plain(qty, 4), cost: plain(cost, 12), realizedPnl: plain(realizedPnl, 12) };
          assert.deepEqual(amountsOf(ledger.positions.get(trade.symbol) as Position), expected);
        }
      }),
      { numRuns: 500 },
    );
  });

  test('is worth what its cash flows and the market value of what is left are worth', () => {
    fc.assert(
      fc.property(trades, fc.bigInt({ min: 1n, max: 10n ** 10n }), (sequence, px) => {
        const ledger = sequence.map(executionOf).reduce(postExecution, openLedger(decimal('500')) as Ledger);
        let equity = 500n * 10n ** 12n;
        for (const trade of sequence) {
          const signed = trade.buys ? trade.qty : -trade.qty;
          equity += signed * (px - trade.px) * 100n - trade.fee * 10n ** 6n;
        }
        const value = valueLedger(ledger, () => decimal(plain(px, 6)));
        assert.equal(decimalText(value.equity), plain(equity, 12));
        const profit = value.realizedPnl.plus(value.unrealizedPnl).minus(ledger.fees);
        assert.equal(decimalText(profit), decimalText(value.equity.minus(ledger.netDeposits)));
      }),
    );
  });

  test('balances exactly even when amounts are finer than the ledger rounds to', () => {
    const fine = fc.array(
      fc.record({
        side: fc.constantFrom('BUY' as const, 'SELL' as const),
        lastQty: fc.bigInt({ min: 1n, max: 10n ** 12n }).map((units) => plain(units, 9)),
        lastPx: fc.bigInt({ min: 1n, max: 10n ** 14n }).map((units) => plain(units, 9)),
      }),
      { maxLength: 40 },
    );
    fc.assert(
      fc.property(fine, (sequence) => {
        let ledger = openLedger(decimal('0'));
        for (const part of sequence) {
          ledger = postExecution(ledger, { symbol: 'BTC-USD', ...part });
          const position = ledger.positions.get('BTC-USD') as Position;
          assert.equal(decimalText(ledgerImbalance(ledger)), '0');
          if (position.qty.isZero()) assert.equal(decimalText(position.cost), '0');
          else assert.ok(unrealizedPnl(position, averagePx(position)).abs().lte(position.qty.abs().times('1e-12')));
        }
      }),
    );
  });
});

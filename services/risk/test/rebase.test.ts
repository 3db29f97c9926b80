import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { ledgerImbalance } from '@tickpath/trading';
import { portfolioOf, type RiskOutput } from '../src/core/index.ts';
import { anAccount, anOpenVenueOrder, aRisk, effects } from './builders.ts';

/** A risk that has bought 10 at 100 and sold 4 of them at 110: 6 for 600, with 40 realised. */
function aTrader() {
  const risk = aRisk();
  risk.hold(10);
  const { clOrdId } = risk.order('SELL', '4');
  risk.say('submitted', clOrdId);
  risk.fill(clOrdId, '4', '110');
  return risk;
}

/** Until execution says anew which risk log it follows, nothing is approved: that is told too. */
function isOfBook(output: RiskOutput): boolean {
  return output.type === 'append' && output.kind !== 'TradingStateChanged';
}

const TRADED = { cash: '99440', positions: [{ symbol: 'IBM', qty: '6', cost: '600' }] };

describe("an account taken from the venue that is the book's to the last decimal", () => {
  test('leaves the book as it is, with what it has realised', () => {
    const risk = aTrader();
    assert.deepEqual(
      risk.rebase(TRADED).filter((said) => !said.includes('TradingState')),
      [],
    );
    const { cash, realizedPnl, netDeposits, positions } = portfolioOf(risk.state);
    assert.deepEqual({ cash, realizedPnl, netDeposits }, { cash: '99440', realizedPnl: '40', netDeposits: '100000' });
    assert.equal(positions[0]?.qty, '6');
  });

  test('may leave out what is flat', () => {
    const risk = aTrader();
    const { clOrdId } = risk.order('SELL', '6');
    risk.say('submitted', clOrdId);
    risk.fill(clOrdId, '6');
    risk.rebase({ cash: '100040' });
    assert.equal(portfolioOf(risk.state).realizedPnl, '40');
  });
});

describe("an account taken from the venue that is not the book's", () => {
  const differences = {
    'in cash': { ...TRADED, cash: '99440.000000000000000001' },
    'in a quantity': { ...TRADED, positions: [{ symbol: 'IBM', qty: '5', cost: '600' }] },
    'in a cost': { ...TRADED, positions: [{ symbol: 'IBM', qty: '6', cost: '600.01' }] },
    'in a position that the book has not': {
      ...TRADED,
      positions: [...TRADED.positions, { symbol: 'SPY', qty: '-1', cost: '-100' }],
    },
    'in a position that only the book has': { cash: TRADED.cash },
  };
  for (const [what, account] of Object.entries(differences)) {
    test(`${what} takes the place of the book, which balances`, () => {
      const risk = aTrader();
      risk.rebase(account);
      const { cash, realizedPnl, positions } = portfolioOf(risk.state);
      assert.deepEqual([cash, realizedPnl], [account.cash, '0']);
      const taken = positions.map(({ symbol, qty, cost }) => ({ symbol, qty, cost }));
      assert.deepEqual(taken, anAccount(account).positions);
      assert.equal(ledgerImbalance(risk.state.ledger).toFixed(), '0');
    });
  }

  test('is told position by position, those that are gone as well, and no order is named', () => {
    const risk = aTrader();
    const account = { cash: '7', positions: [{ symbol: 'SPY', qty: '-2', cost: '-200' }] };
    const updates = effects(risk.execution('AccountRebased', anAccount(account)));
    const zero = { avgPx: '0', cost: '0', realizedPnl: '0', cash: '7', clOrdId: null };
    const executionSeq = risk.state.executionSeq;
    assert.deepEqual(
      updates.filter(isOfBook).map((update) => update.type === 'append' && update.payload),
      [
        { symbol: 'IBM', qty: '0', ...zero, executionSeq },
        { ...zero, symbol: 'SPY', qty: '-2', avgPx: '100', cost: '-200', executionSeq },
      ],
    );
  });

  test('counts in the limits at once', () => {
    const risk = aRisk();
    risk.rebase({ positions: [{ symbol: 'IBM', qty: '140', cost: '14000' }] });
    assert.equal(risk.order('BUY', '11').text, 'position quantity 151 > limit 150');
    assert.equal(risk.state.grossExposure.toFixed(), '14000');
    risk.rebase();
    assert.equal(risk.state.grossExposure.toFixed(), '0');
    assert.equal(risk.order('BUY', '11').approved, true);
  });
});

describe('a reservation, when the account is taken from the venue', () => {
  test('is freed unless the venue has its order open: what became of it is in the account', () => {
    const risk = aRisk();
    for (const clOrdId of ['tp-1', 'tp-2']) risk.check({ clOrdId });
    risk.say('submitted', 'tp-1');
    const freed = effects(risk.execution('AccountRebased', anAccount())).filter(isOfBook);
    assert.deepEqual(
      freed.map((output) => output.type === 'append' && [output.kind, output.payload]),
      ['tp-1', 'tp-2'].map((clOrdId) => [
        'ReservationFreed',
        {
          clOrdId,
          symbol: 'IBM',
          ordStatus: 'UNKNOWN',
          receivedNs: 9_000n,
          executionSeq: risk.state.executionSeq,
        },
      ]),
    );
    assert.equal(risk.state.grossExposure.toFixed(), '0');
  });

  test('of an order that the venue has open is kept for what is left of it, without a word', () => {
    const risk = aRisk();
    risk.check();
    const openOrders = [anOpenVenueOrder('tp-1', { cumQty: '4', ordStatus: 'PARTIALLY_FILLED' })];
    const positions = [{ symbol: 'IBM', qty: '4', cost: '400' }];
    const said = risk.rebase({ cash: '99600', positions, openOrders });
    assert.deepEqual(
      said.filter((word) => !word.includes('TradingState')),
      ['append PositionUpdated'],
    );
    assert.equal(portfolioOf(risk.state).openOrders[0]?.leavesQty, '6');
    assert.equal(risk.state.grossExposure.toFixed(), '1000');
    assert.deepEqual(risk.fill('tp-1', '6'), ['append PositionUpdated tp-1', 'append ReservationFreed tp-1']);
  });

  test('is made for an order of ours that only the venue knows, whose name is taken from then on', () => {
    const risk = aRisk();
    const openOrders = [anOpenVenueOrder('tp-9', { side: 'SELL', cumQty: '3', ordStatus: 'PARTIALLY_FILLED' })];
    assert.ok(risk.rebase({ openOrders }).includes('append OrderAdopted tp-9'));
    const open = { clOrdId: 'tp-9', symbol: 'IBM', side: 'SELL', leavesQty: '7' };
    assert.deepEqual(portfolioOf(risk.state).openOrders, [open]);
    assert.equal(risk.state.grossExposure.toFixed(), '700');
    assert.match(risk.check({ clOrdId: 'tp-9' }).at(-1) ?? '', /^reply DUPLICATE_ORDER/);
    assert.deepEqual(risk.say('canceled', 'tp-9'), ['append ReservationFreed tp-9']);
    assert.match(risk.check({ clOrdId: 'tp-9' }, 'q-9').at(-1) ?? '', /^reply DUPLICATE_ORDER/);
  });
});

describe('an order of a risk before this one, met in the execution log', () => {
  const terms = { clOrdId: 'tp-old', symbol: 'IBM', side: 'BUY', orderQty: '10', receivedNs: 77n } as const;

  test('holds its exposure here too, until it ends', () => {
    const risk = aRisk();
    const [adopted, ...more] = effects(risk.execution('OrderSubmitted', { ...terms, riskSeq: 3 }));
    assert.ok(adopted?.type === 'append' && adopted.kind === 'OrderAdopted' && more.length === 0);
    assert.equal(adopted.payload.receivedNs, 77n);
    assert.deepEqual(portfolioOf(risk.state).openOrders, [
      { clOrdId: 'tp-old', symbol: 'IBM', side: 'BUY', leavesQty: '10' },
    ]);
    assert.equal(risk.state.grossExposure.toFixed(), '1000');
    const [, freed] = risk.filled('tp-old', '10');
    assert.ok(freed?.type === 'append' && freed.kind === 'ReservationFreed');
    assert.equal(freed.payload.receivedNs, 77n, 'by which its trace is ended');
    assert.equal(portfolioOf(risk.state).positions[0]?.qty, '10');
    assert.equal(risk.state.reservations.size, 0);
  });

  test('in doubt keeps its symbol from new risk, and its name is taken', () => {
    const risk = aRisk();
    risk.execution('OrderUnknown', { ...terms, reason: 'ETIMEDOUT' });
    assert.equal(risk.order('BUY', '1').text, 'whether the venue has order tp-old is not known yet');
    assert.match(risk.check({ clOrdId: 'tp-old' }).at(-1) ?? '', /^reply DUPLICATE_ORDER/);
    risk.execution('OrderRefused', { clOrdId: 'tp-old', symbol: 'IBM', reason: 'NEVER_SENT' });
    assert.equal(risk.order('BUY', '1').approved, true);
  });

  test('that risk itself has approved is no such order', () => {
    const risk = aRisk();
    risk.check();
    assert.deepEqual(risk.say('submitted', 'tp-1'), []);
  });
});

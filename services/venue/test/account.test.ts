import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Decimal, decimal, decimalText, divide, ledgerImbalance, ZERO } from '@tickpath/trading';
import fc from 'fast-check';
import { accountIdentity, alpacaAccount, alpacaPosition, alpacaPositions } from '../src/core/account.ts';
import { assetIdOf } from '../src/core/alpaca-messages.ts';
import { type MatchingState, step } from '../src/core/matching.ts';
import { readOrderRequest } from '../src/core/order-request.ts';
import { aMatching, aQuote, aTrade } from './builders.ts';

const SEED = Date.now() % 2 ** 31;
console.log(`account properties: seed ${SEED}`);

const IDENTITY = accountIdentity('run', 1_000_000_000n);

function submit(state: MatchingState, side: 'buy' | 'sell', qty: string, symbol = 'AAPL') {
  const id = `order-${state.orders.size}`;
  const read = readOrderRequest({ symbol, side, qty, type: 'market', time_in_force: 'day', client_order_id: id });
  if (!read.ok) throw new Error(read.refusal.message);
  return step(state, { kind: 'submit', order: { ...read.request, clOrdId: id }, orderId: id, tsNs: 2n });
}

test('a fill moves cash by exactly price times quantity and the position by as much', () => {
  const state = aMatching();
  step(state, aQuote({ askPx: '190.0125', askSz: '0.333333333' }));
  submit(state, 'buy', '0.333333333');
  const account = alpacaAccount(state, IDENTITY);
  assert.equal(account.cash, '999936.6625000633375');
  assert.equal(account.equity, '1000000');
  assert.equal(account.last_equity, '1000000');
  assert.equal(account.buying_power, account.cash);
  const position = alpacaPosition(state, 'AAPL');
  assert.deepEqual(
    [position?.qty, position?.side, position?.cost_basis, position?.avg_entry_price],
    ['0.333333333', 'long', '63.3374999366625', '190.0125'],
  );
});

test('a short has negative quantity, cost and market value, and gains when the price falls', () => {
  const state = aMatching();
  step(state, aQuote({ bidPx: '100', bidSz: '10' }));
  submit(state, 'sell', '10');
  step(state, aTrade({ price: '90' }));
  const account = alpacaAccount(state, IDENTITY);
  assert.deepEqual(
    [account.cash, account.long_market_value, account.short_market_value, account.equity],
    ['1001000', '0', '-900', '1000100'],
  );
  assert.deepEqual(alpacaPosition(state, 'AAPL'), {
    asset_id: assetIdOf('AAPL'),
    symbol: 'AAPL',
    exchange: '',
    asset_class: 'us_equity',
    avg_entry_price: '100',
    qty: '-10',
    qty_available: '-10',
    side: 'short',
    market_value: '-900',
    cost_basis: '-1000',
    unrealized_pl: '100',
    unrealized_plpc: '0.1',
    unrealized_intraday_pl: '100',
    unrealized_intraday_plpc: '0.1',
    current_price: '90',
    lastday_price: null,
    change_today: null,
  });
});

test('a fill that flips a position closes the old one at its cost and opens the rest at the fill price', () => {
  const state = aMatching();
  step(state, aQuote({ bidPx: '12', bidSz: '30', askPx: '10', askSz: '10' }));
  submit(state, 'buy', '10');
  submit(state, 'sell', '25');
  const position = alpacaPosition(state, 'AAPL');
  assert.deepEqual([position?.qty, position?.cost_basis, position?.avg_entry_price], ['-15', '-180', '12']);
  assert.equal(alpacaAccount(state, IDENTITY).cash, '1000200');
});

test('what open orders would close is not available', () => {
  const state = aMatching();
  step(state, aQuote({ askSz: '100', bidPx: '0', bidSz: '0' }));
  submit(state, 'buy', '100');
  submit(state, 'sell', '30');
  assert.equal(alpacaPosition(state, 'AAPL')?.qty_available, '70');
  submit(state, 'sell', '500');
  assert.equal(alpacaPosition(state, 'AAPL')?.qty_available, '0');
});

test('a flat symbol is no position, and a symbol is also found by its asset id', () => {
  const state = aMatching();
  step(state, aQuote());
  submit(state, 'buy', '5');
  assert.equal(alpacaPosition(state, assetIdOf('AAPL'))?.symbol, 'AAPL');
  submit(state, 'sell', '5');
  assert.equal(alpacaPosition(state, 'AAPL'), undefined);
  assert.equal(alpacaPosition(state, 'MSFT'), undefined);
  assert.deepEqual(alpacaPositions(state), []);
});

test('another run is another account, the same run the same one', () => {
  assert.deepEqual(accountIdentity('run', 1n), accountIdentity('run', 1n));
  const other = accountIdentity('other run', 1n);
  assert.notEqual(other.id, IDENTITY.id);
  assert.notEqual(other.accountNumber, IDENTITY.accountNumber);
  assert.match(other.accountNumber, /^PA[0-9A-Z]{10}$/);
  assert.match(other.id, /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
});

const symbols = fc.constantFrom('AAPL', 'MSFT');
/** Prices to a hundredth of a cent and fractions of a share, so that partial closes do not come out even. */
const px = fc.integer({ min: 1, max: 3_000_000 }).map((value) => decimalText(decimal(String(value)).div(10_000)));
const qty = fc.integer({ min: 1, max: 9_000_000 }).map((value) => decimalText(decimal(String(value)).div(1_000_000)));
const actions = fc.array(
  fc.oneof(
    fc.record({ do: fc.constant('quote' as const), symbol: symbols, bidPx: px, bidSz: qty, askPx: px, askSz: qty }),
    fc.record({ do: fc.constant('trade' as const), symbol: symbols, price: px }),
    fc.record({
      do: fc.constant('submit' as const),
      symbol: symbols,
      side: fc.constantFrom('buy' as const, 'sell' as const),
      qty,
    }),
    fc.record({ do: fc.constant('cancel' as const), pick: fc.nat(20) }),
  ),
  { minLength: 5, maxLength: 60, size: 'max' },
);

test('after any orders and quotes, cash + Σ cost_basis − realised is the initial cash, exactly', () => {
  let closes = 0;
  fc.assert(
    fc.property(actions, (script) => {
      const state = aMatching();
      let cash = decimal('1000000');
      for (const [index, action] of script.entries()) {
        const outputs =
          action.do === 'quote'
            ? step(state, aQuote({ ...action, kind: 'quote', tsNs: BigInt(index) }))
            : action.do === 'trade'
              ? step(state, aTrade({ ...action, kind: 'trade' }))
              : action.do === 'submit'
                ? submit(state, action.side, action.qty, action.symbol)
                : step(state, { kind: 'cancel', orderId: `order-${action.pick}`, tsNs: BigInt(index) });
        for (const output of outputs) {
          if (output.kind !== 'fill' && output.kind !== 'partial_fill') continue;
          const amount = output.lastPx.times(output.lastQty);
          cash = output.order.side === 'buy' ? cash.minus(amount) : cash.plus(amount);
        }
        const account = alpacaAccount(state, IDENTITY);
        const positions = alpacaPositions(state);
        const sum = (of: (position: (typeof positions)[number]) => string): Decimal =>
          positions.reduce((total, position) => total.plus(decimal(of(position))), ZERO);
        let realized = ZERO;
        for (const { realizedPnl } of state.ledger.positions.values()) realized = realized.plus(realizedPnl);
        if (!realized.isZero()) closes += 1;
        assert.equal(account.cash, decimalText(cash));
        assert.equal(decimalText(cash.plus(sum((one) => one.cost_basis)).minus(realized)), '1000000');
        assert.equal(account.equity, decimalText(cash.plus(sum((one) => one.market_value))));
        assert.ok(ledgerImbalance(state.ledger).isZero());
        for (const position of positions) {
          const avgPx = divide(decimal(position.cost_basis), decimal(position.qty));
          assert.equal(position.avg_entry_price, decimalText(avgPx));
          assert.equal(
            position.market_value,
            decimalText(decimal(position.qty).times(decimal(position.current_price))),
            'market value',
          );
          assert.equal(position.side, position.qty.startsWith('-') ? 'short' : 'long');
        }
      }
    }),
    { seed: SEED, numRuns: 200 },
  );
  assert.ok(closes > 200, `only ${closes} steps with something realised: the scripts test nothing`);
});

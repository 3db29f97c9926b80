import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { clOrdIdOf } from '@tickpath/trading';
import fc from 'fast-check';
import { type SignalInput, signalTradingState } from '../src/core/index.ts';
import { aBar, anOpenOrder, aPortfolio, aPosition, aSignal, NOW_NS, RECEIVED_NS, TTL_NS } from './builders.ts';
import './seed.ts';

describe('before it may trade', () => {
  const steps: [missing: string, input: SignalInput][] = [
    ['no market from market-data yet', { type: 'run', run: 'run-1' }],
    ['positions not loaded from risk', { type: 'portfolio', portfolio: aPortfolio() }],
    ['no history from store for IBM', { type: 'warm-up', symbol: 'IBM', bars: [] }],
    ['no history from store for SPY', { type: 'warm-up', symbol: 'SPY', bars: [] }],
  ];

  test('it wants no order until it has a run, the positions and the history of every symbol', () => {
    for (const [left, [missing]] of steps.entries()) {
      const signal = aSignal({ ready: false });
      for (const [i, [, input]] of steps.entries()) if (i !== left) signal.run(input);
      assert.deepEqual(signalTradingState(signal.state), { state: 'WARMING', reasons: [missing] });
      assert.deepEqual(signal.bar(1, '10', 'IBM'), []);
      assert.deepEqual(signal.bar(1, '10', 'SPY'), []);
    }
  });

  test('it says everything that is missing', () => {
    const { state } = aSignal({ ready: false });
    const history = 'no history from store for IBM, SPY';
    const reasons = ['no market from market-data yet', 'positions not loaded from risk', history];
    assert.deepEqual(signalTradingState(state), { state: 'WARMING', reasons });
  });

  test('it asks for an order with the first bar after the last of them has come', () => {
    const signal = aSignal({ ready: false });
    for (const [, input] of steps) assert.deepEqual(signal.run(input), []);
    assert.deepEqual(signal.bar(1, '10'), ['IBM BUY 10 bar.1s:1000000000']);
  });
});

describe('the warm-up', () => {
  test('gives the bars of the store, then those that came meanwhile, each once', () => {
    const signal = aSignal({ ready: false });
    for (const second of [3, 4, 5]) signal.bar(second, '1');
    signal.run({ type: 'warm-up', symbol: 'IBM', bars: [2, 3, 4].map((second) => aBar(second, '1')) });
    const seen = [2, 3, 4, 5].map((second) => `IBM bar ${second} holding 0`);
    assert.deepEqual(signal.seen, seen);
    signal.bar(5, '1');
    signal.bar(6, '1');
    assert.deepEqual(signal.seen, [...seen, 'IBM bar 6 holding 0']);
  });

  test('comes once: a second answer of the store is passed over', () => {
    const signal = aSignal({ ready: false });
    for (const bars of [[aBar(1, '1')], [aBar(1, '1'), aBar(2, '1')]])
      signal.run({ type: 'warm-up', symbol: 'IBM', bars });
    assert.deepEqual(signal.seen, ['IBM bar 1 holding 0']);
  });

  test('orders nothing by itself', () => {
    const signal = aSignal({ ready: false });
    signal.run({ type: 'run', run: 'run-1' });
    signal.run({ type: 'portfolio', portfolio: aPortfolio() });
    signal.run({ type: 'warm-up', symbol: 'SPY', bars: [] });
    assert.deepEqual(signal.run({ type: 'warm-up', symbol: 'IBM', bars: [aBar(1, '10')] }), []);
  });

  test('goes on with bars of the past that come later, and what the strategy makes of them is no order', () => {
    const signal = aSignal();
    assert.deepEqual(signal.bar(3, '10', 'IBM', { history: true }), []);
    assert.deepEqual(signal.seen, ['IBM bar 3 holding 0']);
    assert.deepEqual(signal.bar(3, '10'), [], 'the same bar, made of trades, is not given again');
    assert.equal(signal.order(4, '10').orderQty, '10');
    assert.deepEqual(signal.bar(2, '5', 'IBM', { history: true }), []);
    assert.equal(signal.seen.length, 2, 'nor one from before the last');
  });

  test('whenever it comes, the strategy sees the bars a naive merge has', () => {
    const seconds = fc
      .uniqueArray(fc.integer({ min: 0, max: 30 }), { maxLength: 20 })
      .map((list) => list.toSorted((a, b) => a - b));
    fc.assert(
      fc.property(seconds, fc.nat(20), fc.nat(20), fc.nat(20), (all, heldFrom, storedTo, heldTo) => {
        // The store's end lies within what was held, so that no bar falls between them.
        const [from = 0, stored = 0, to = 0] = [heldFrom, storedTo, heldTo].toSorted((a, b) => a - b);
        const signal = aSignal({ ready: false });
        for (const second of all.slice(from, to)) signal.bar(second, '1');
        const bars = all.slice(0, stored).map((second) => aBar(second, '1'));
        signal.run({ type: 'warm-up', symbol: 'IBM', bars });
        for (const second of all.slice(to)) signal.bar(second, '1');
        const expected = all.map((second) => `IBM bar ${second} holding 0`);
        assert.deepEqual(signal.seen, expected);
      }),
    );
  });
});

describe('an order', () => {
  test('brings the position to the target, and names the event that caused it', () => {
    const signal = aSignal();
    signal.position('4');
    const cause = 'bar.1s:3000000000';
    const intent = {
      clOrdId: clOrdIdOf('tp', { run: 'run-1', strategy: 'obedient', symbol: 'IBM', cause, n: 0 }),
      symbol: 'IBM',
      side: 'BUY',
      orderQty: '6',
      ordType: 'MARKET',
      timeInForce: 'DAY',
      strategy: 'obedient',
      cause,
      receivedNs: RECEIVED_NS,
      expiresNs: NOW_NS + TTL_NS,
    };
    assert.deepEqual(signal.takeBar(3, '10'), [{ type: 'check', intent, features: { close: 10 } }]);
    assert.deepEqual(signal.seen, ['IBM bar 3 holding 4']);
  });

  test('of a pair of currencies is good till cancelled: no day ends its market', () => {
    const signal = aSignal({ symbols: ['BTC-USDT'] });
    const [output] = signal.takeBar(3, '10', 'BTC-USDT');
    assert.ok(output?.type === 'check');
    assert.equal(output.intent.timeInForce, 'GTC');
  });

  test('is not needed when the position is the target already', () => {
    const signal = aSignal();
    signal.position('10');
    assert.deepEqual(signal.bar(1, '10.0'), []);
  });

  test('is the only one of its symbol until it is settled', () => {
    const signal = aSignal();
    const { clOrdId } = signal.order(1, '10');
    assert.deepEqual(signal.bar(2, '20'), []);
    assert.deepEqual(signal.bar(2, '20', 'SPY'), ['SPY BUY 20 bar.1s:2000000000'], 'another symbol is free');
    signal.approve(clOrdId);
    assert.deepEqual(signal.bar(3, '20'), []);
    signal.logged(clOrdId);
    assert.deepEqual(signal.bar(4, '20'), []);
    signal.position('10');
    signal.closed(clOrdId);
    assert.deepEqual(signal.bar(5, '20'), ['IBM BUY 10 bar.1s:5000000000']);
  });

  test('that crosses zero is two: first to flat, then to the other side', () => {
    for (const [held, target, side] of [
      ['10', '-5', 'SELL'],
      ['-10', '5', 'BUY'],
    ] as const) {
      const signal = aSignal();
      signal.position(held);
      const first = signal.order(1, target);
      assert.deepEqual([first.side, first.orderQty], [side, '10']);
      signal.logged(first.clOrdId);
      signal.position('0');
      signal.closed(first.clOrdId);
      const second = signal.order(2, target);
      assert.deepEqual([second.side, second.orderQty], [side, '5']);
    }
  });

  test('has the id it had before a restart when the same event causes it again', () => {
    const before = aSignal();
    before.position('1');
    const { clOrdId } = before.order(3, '10');
    assert.equal(aSignal().order(3, '10').clOrdId, clOrdId);

    const anotherRun = aSignal();
    anotherRun.run({ type: 'run', run: 'run-2' });
    assert.notEqual(anotherRun.order(3, '10').clOrdId, clOrdId);
    assert.notEqual(aSignal().order(4, '10').clOrdId, clOrdId);
    assert.notEqual(aSignal().order(3, '10', 'SPY').clOrdId, clOrdId);
    assert.notEqual(aSignal({ prefix: 'tq' }).order(3, '10').clOrdId, clOrdId);
  });

  test('has another id when the same event causes a second one', () => {
    const signal = aSignal();
    assert.deepEqual(signal.trade('t-1', '10'), ['IBM BUY 10 trade:77:t-1']);
    const first = [...signal.state.openOrders.keys()][0] ?? '';
    signal.refuse(first);
    assert.deepEqual(signal.trade('t-1', '20'), ['IBM BUY 20 trade:77:t-1']);
    assert.notEqual([...signal.state.openOrders.keys()][0], first);
  });
});

test('a suspect trade is not seen by the strategy', () => {
  const signal = aSignal();
  assert.deepEqual(signal.trade('t-1', '10', { flags: ['price-jump'] }), []);
  assert.deepEqual(signal.trade('t-2', '10'), ['IBM BUY 10 trade:77:t-2']);
});

describe('another run', () => {
  test('may be at an earlier time: its bars are taken, by a strategy that has seen nothing else', () => {
    const signal = aSignal();
    signal.bar(1000, '0');
    signal.bar(1001, '0');
    const before = signal.state.symbols.get('IBM')?.instance;
    signal.run({ type: 'run', run: 'run-1' });
    assert.deepEqual(signal.bar(5, '10'), [], 'the same run: a bar from the past is none');
    assert.equal(signal.state.symbols.get('IBM')?.instance, before);
    signal.run({ type: 'run', run: 'run-2' });
    assert.notEqual(signal.state.symbols.get('IBM')?.instance, before);
    assert.deepEqual(signal.bar(5, '10'), ['IBM BUY 10 bar.1s:5000000000']);
  });

  test('before the warm-up lets go of the bars held for it', () => {
    const signal = aSignal({ ready: false });
    signal.run({ type: 'run', run: 'run-1' });
    signal.bar(1000, '1');
    signal.run({ type: 'run', run: 'run-2' });
    signal.bar(6, '1');
    signal.run({ type: 'warm-up', symbol: 'IBM', bars: [aBar(5, '1')] });
    assert.deepEqual(signal.seen, ['IBM bar 5 holding 0', 'IBM bar 6 holding 0']);
  });
});

describe("risk's answer", () => {
  test('of refusal frees the symbol', () => {
    const signal = aSignal();
    signal.refuse(signal.order(1, '10').clOrdId);
    assert.deepEqual(signal.bar(2, '10'), ['IBM BUY 10 bar.1s:2000000000']);
  });

  test('of approval that comes after the order was closed does not open it again', () => {
    const signal = aSignal();
    const { clOrdId } = signal.order(1, '10');
    signal.logged(clOrdId);
    signal.position('10');
    signal.closed(clOrdId);
    signal.approve(clOrdId);
    assert.deepEqual(signal.bar(2, '0'), ['IBM SELL 10 bar.1s:2000000000']);
  });

  test('of approval that comes before the log has it keeps the symbol taken', () => {
    const signal = aSignal();
    signal.approve(signal.order(1, '10').clOrdId);
    assert.deepEqual(signal.bar(2, '20'), []);
  });

  test('that it is a duplicate does not free an order that the log has as open', () => {
    const signal = aSignal();
    const { clOrdId } = signal.order(1, '10');
    signal.logged(clOrdId);
    signal.refuse(clOrdId, 'DUPLICATE_ORDER');
    assert.deepEqual(signal.bar(2, '10'), []);
    signal.position('10');
    signal.closed(clOrdId);
    assert.deepEqual(signal.bar(3, '20'), ['IBM BUY 10 bar.1s:3000000000']);
  });

  test('in whatever order decision, log and closing come, no second order stands beside an open one', () => {
    const courses = fc.array(
      fc.constantFrom(
        ['decided', 'logged', 'closed'] as const,
        ['logged', 'decided', 'closed'] as const,
        ['logged', 'closed', 'decided'] as const,
      ),
      { minLength: 1, maxLength: 8 },
    );
    fc.assert(
      fc.property(courses, (list) => {
        const signal = aSignal();
        let second = 0;
        for (const course of list) {
          second += 1;
          const { clOrdId } = signal.order(second, '10');
          for (const news of course.slice(0, course.indexOf('closed'))) {
            if (news === 'decided') signal.approve(clOrdId);
            else signal.logged(clOrdId);
            second += 1;
            assert.deepEqual(signal.bar(second, '10'), []);
          }
          signal.closed(clOrdId);
          if (course.at(-1) === 'decided') signal.approve(clOrdId);
        }
      }),
    );
  });
});

describe('what risk has', () => {
  test('counts: its positions, and its open orders until they close', () => {
    const signal = aSignal();
    const openOrders = [anOpenOrder('o-1')];
    signal.run({
      type: 'portfolio',
      portfolio: aPortfolio({ positions: [aPosition('7'), aPosition('5', 'TSLA')], openOrders }),
    });
    assert.deepEqual(signal.bar(1, '10'), []);
    signal.closed('o-1');
    assert.deepEqual(signal.bar(2, '10'), ['IBM BUY 3 bar.1s:2000000000']);
  });

  test('also by hand: an order of someone else keeps the symbol taken', () => {
    const signal = aSignal();
    signal.logged('by-hand');
    assert.deepEqual(signal.bar(1, '10'), []);
    signal.closed('by-hand');
    assert.deepEqual(signal.bar(2, '10'), ['IBM BUY 10 bar.1s:2000000000']);
  });
});

describe('when risk begins another log', () => {
  const began = (signal: ReturnType<typeof aSignal>, portfolio: Parameters<typeof aPortfolio>[0] = {}) => {
    signal.run({ type: 'risk-log-changed' });
    signal.run({ type: 'portfolio', portfolio: aPortfolio(portfolio) });
  };

  test('nothing is asked until its positions and open orders have been loaded', () => {
    const signal = aSignal();
    signal.run({ type: 'risk-log-changed' });
    const reasons = ['positions not loaded from risk'];
    assert.deepEqual(signalTradingState(signal.state), { state: 'WARMING', reasons });
    assert.deepEqual(signal.bar(1, '10'), []);
    assert.deepEqual(signal.seen, ['IBM bar 1 holding 0'], 'the market is followed all the same');
    signal.run({ type: 'portfolio', portfolio: aPortfolio({ positions: [aPosition('4')] }) });
    assert.deepEqual(signal.bar(2, '10'), ['IBM BUY 6 bar.1s:2000000000']);
  });

  test('what it does not hold is flat, whatever was held before', () => {
    const signal = aSignal();
    signal.position('7');
    began(signal);
    assert.deepEqual(signal.bar(1, '10'), ['IBM BUY 10 bar.1s:1000000000']);
  });

  test('an order that it has not answered stays open: it may still approve it', () => {
    const signal = aSignal();
    const { clOrdId } = signal.order(1, '10');
    began(signal);
    assert.deepEqual(signal.bar(2, '20'), []);
    signal.approve(clOrdId);
    assert.deepEqual(signal.bar(3, '20'), []);
    signal.logged(clOrdId);
    signal.closed(clOrdId);
    assert.deepEqual(signal.bar(4, '20'), ['IBM BUY 20 bar.1s:4000000000']);
  });

  test('an order that the risk before it approved is open only if it has it open too', () => {
    for (const stage of ['approved', 'logged'] as const) {
      for (const isOpen of [true, false]) {
        const signal = aSignal();
        const { clOrdId } = signal.order(1, '10');
        signal.approve(clOrdId);
        if (stage === 'logged') signal.logged(clOrdId);
        began(signal, { openOrders: isOpen ? [anOpenOrder(clOrdId)] : [] });
        assert.equal(signal.bar(2, '20').length, isOpen ? 0 : 1, `${stage}, ${isOpen ? 'open' : 'gone'}`);
      }
    }
  });

  test('a refusal of what it has open, as a duplicate, frees nothing', () => {
    const signal = aSignal();
    const { clOrdId } = signal.order(1, '10');
    began(signal, { openOrders: [anOpenOrder(clOrdId)] });
    signal.refuse(clOrdId, 'DUPLICATE_ORDER');
    assert.deepEqual(signal.bar(2, '20'), []);
    signal.closed(clOrdId);
    assert.deepEqual(signal.bar(3, '20'), ['IBM BUY 20 bar.1s:3000000000']);
  });

  test('of two orders asked before, in two symbols, each goes its own way', () => {
    const signal = aSignal();
    const ibm = signal.order(1, '10');
    const spy = signal.order(1, '10', 'SPY');
    signal.approve(ibm.clOrdId);
    began(signal);
    assert.equal(signal.bar(2, '20').length, 1, 'IBM had been approved and is gone');
    assert.deepEqual(signal.bar(2, '20', 'SPY'), [], 'SPY is still being asked for');
    signal.refuse(spy.clOrdId, 'NOT_READY');
    assert.deepEqual(signal.bar(3, '20', 'SPY'), ['SPY BUY 20 bar.1s:3000000000']);
  });
});

test('a halt stops every order, and it still follows the market', () => {
  const signal = aSignal();
  signal.run({ type: 'halt', reason: 'by hand' });
  assert.deepEqual(signalTradingState(signal.state), { state: 'HALTED', reasons: ['by hand'] });
  assert.deepEqual(signal.bar(1, '10'), []);
  assert.deepEqual(signal.trade('t-1', '10'), []);
  assert.deepEqual(signal.seen, ['IBM bar 1 holding 0']);
});

test('symbols it does not work on are passed over', () => {
  const signal = aSignal();
  assert.deepEqual(signal.bar(1, '10', 'TSLA'), []);
  signal.position('5', 'TSLA');
  signal.run({ type: 'warm-up', symbol: 'TSLA', bars: [aBar(1, '1')] });
  assert.deepEqual(signal.seen, []);
});

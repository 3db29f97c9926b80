import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { portfolioOf, tradingState } from '../src/core/index.ts';
import { anIntent, aRisk, EXECUTION_LOG } from './builders.ts';

describe('an order within every limit', () => {
  test('is approved: appended, naming the execution log it is meant for, then answered', () => {
    const [append, reply, ...more] = aRisk().outputs();
    assert.deepEqual(append, {
      type: 'append',
      kind: 'OrderApproved',
      payload: { ...anIntent(), executionLog: EXECUTION_LOG },
      clOrdId: 'tp-1',
    });
    const decision = { requestId: 'q-1', clOrdId: 'tp-1', approved: true, reason: null, text: null };
    assert.deepEqual(reply, { type: 'reply', decision });
    assert.deepEqual(more, []);
  });

  test('may reach each limit exactly', () => {
    const limits = { maxOrderNotionalUsd: '5000', maxPositionQty: '50', maxPositionNotionalUsd: '5000' };
    const risk = aRisk({ limits: { ...limits, maxGrossNotionalUsd: '5000' } });
    assert.equal(risk.order('BUY', '50').approved, true);
  });
});

describe('an order is refused with both numbers', () => {
  const refusals: [what: string, refused: string, ...check: Parameters<ReturnType<typeof aRisk>['check']>][] = [
    ['past its expiry', 'EXPIRED_INTENT: now 20000 >= expiry 20000', {}, 'q-1', 20_000n],
    [
      'of a type not supported',
      'UNSUPPORTED_ORDER_CHARACTERISTIC: order type LIMIT, supported MARKET',
      { ordType: 'LIMIT' },
    ],
    ['of no quantity', 'INVALID_QUANTITY: order quantity 0 <= 0', { orderQty: '0' }],
    ['of a negative quantity', 'INVALID_QUANTITY: order quantity -5 <= 0', { orderQty: '-5' }],
    ['of minus zero', 'INVALID_QUANTITY: order quantity -0 <= 0', { orderQty: '-0' }],
    ['without a price', 'NO_REFERENCE_PRICE: no price of TSLA has come yet', { symbol: 'TSLA' }],
    ['too large by itself', 'ORDER_EXCEEDS_LIMIT: order notional 10000.1 > limit 10000', { orderQty: '100.001' }],
  ];
  for (const [what, refused, ...check] of refusals) {
    test(what, () => assert.deepEqual(aRisk().check(...check), ['append IntentRefused tp-1', `reply ${refused}`]));
  }

  test('that would make the position too large in units', () => {
    const risk = aRisk({
      limits: { maxOrderNotionalUsd: '100000', maxPositionNotionalUsd: '100000', maxGrossNotionalUsd: '100000' },
    });
    risk.hold(100);
    assert.equal(risk.order('BUY', '51').text, 'position quantity 151 > limit 150');
    assert.equal(risk.order('BUY', '50').approved, true);
  });

  test('that would make the position too large in money, at the price it would pay', () => {
    const risk = aRisk();
    risk.hold(80);
    risk.run({ type: 'quote', symbol: 'IBM', bidPx: '90', askPx: '200' });
    assert.equal(risk.order('BUY', '1').text, 'position notional 16200 > limit 16000');
    assert.equal(risk.order('SELL', '1').approved, true);
  });

  test('that would make all positions together too large', () => {
    const risk = aRisk();
    risk.hold(100, 'SPY');
    risk.hold(-60);
    assert.equal(risk.order('SELL', '41').text, 'gross notional 20100 > limit 20000');
    assert.equal(risk.order('SELL', '40').approved, true);
  });
});

describe('limits count open orders', () => {
  test('on the side of the order', () => {
    const risk = aRisk();
    assert.equal(risk.order('BUY', '100').approved, true);
    assert.equal(risk.order('BUY', '51').text, 'position quantity 151 > limit 150');
    assert.equal(risk.order('BUY', '50').approved, true);
  });

  test('on each side for itself, since only one of them may fill', () => {
    const risk = aRisk();
    assert.equal(risk.order('BUY', '100').approved, true);
    assert.equal(risk.order('SELL', '100').approved, true);
    assert.equal(risk.order('SELL', '51').text, 'position quantity 151 > limit 150');
  });

  test('in all symbols together', () => {
    const risk = aRisk();
    assert.equal(risk.order('BUY', '100', 'SPY').approved, true);
    assert.equal(risk.order('SELL', '100').approved, true);
    assert.equal(risk.order('BUY', '101').text, 'order notional 10100 > limit 10000');
    assert.equal(risk.order('BUY', '100').approved, true, 'IBM can become ±100 as before');
    assert.equal(risk.order('BUY', '1').text, 'gross notional 20100 > limit 20000');
  });

  test('until they end, by what is left of them', () => {
    const risk = aRisk();
    const first = risk.order('BUY', '100');
    risk.say('submitted', first.clOrdId);
    risk.fill(first.clOrdId, '30');
    assert.equal(risk.order('BUY', '51').text, 'position quantity 151 > limit 150');
    risk.say('canceled', first.clOrdId);
    assert.equal(risk.order('BUY', '51').approved, true);
  });
});

describe('the state of trading', () => {
  test('until risk has caught up with execution the answer is that it is not ready, and is not remembered', () => {
    const risk = aRisk({ ready: false });
    const notReady = 'reply NOT_READY: the execution log has not been read to its end';
    assert.deepEqual(risk.check(), [notReady]);
    risk.run({ type: 'execution-caught-up', executionLog: EXECUTION_LOG });
    assert.deepEqual(risk.check(), ['append OrderApproved tp-1', 'reply approved']);
  });

  test('is published when it changes and only then', () => {
    const risk = aRisk({ ready: false });
    const caughtUp = { type: 'execution-caught-up', executionLog: EXECUTION_LOG } as const;
    const active = { state: 'ACTIVE', reasons: [] };
    assert.deepEqual(risk.run(caughtUp), [
      { type: 'append', kind: 'TradingStateChanged', payload: active, clOrdId: null },
    ]);
    assert.deepEqual(risk.run(caughtUp), []);
    assert.equal(risk.run({ type: 'execution-silent', silent: true }).length, 1);
    assert.deepEqual(risk.run({ type: 'execution-silent', silent: true }), []);
  });

  test('while execution is silent only exits are approved', () => {
    const risk = aRisk();
    risk.hold(50);
    risk.run({ type: 'execution-silent', silent: true });
    assert.deepEqual(tradingState(risk.state), { state: 'REDUCING', reasons: ['no heartbeat from execution'] });
    assert.equal(risk.order('BUY', '1').text, 'only reducing: no heartbeat from execution');
    assert.equal(risk.order('SELL', '51').text, 'only reducing: no heartbeat from execution');
    assert.equal(risk.order('SELL', '50').approved, true);
    risk.run({ type: 'execution-silent', silent: false });
    assert.equal(risk.order('BUY', '1').approved, true);
  });

  test('a halt refuses everything, exits as well, and keeps its first reason', () => {
    const risk = aRisk();
    risk.hold(50);
    risk.run({ type: 'halt', reason: 'by hand' });
    assert.deepEqual(risk.run({ type: 'halt', reason: 'again' }), []);
    for (const side of ['BUY', 'SELL'] as const) {
      const { reason, text } = risk.order(side, '1');
      assert.deepEqual([reason, text], ['TRADING_HALTED', 'by hand']);
    }
  });

  test('while it is not known whether the venue has an order, its symbol takes no new risk', () => {
    const risk = aRisk();
    risk.hold(50);
    const { clOrdId } = risk.order('BUY', '10');
    risk.say('unknown', clOrdId);
    const { reason, text } = risk.order('BUY', '1');
    assert.deepEqual([reason, text], ['NOT_READY', `whether the venue has order ${clOrdId} is not known yet`]);
    assert.equal(risk.order('SELL', '50').approved, true, 'exits stay open');
    assert.equal(risk.order('BUY', '1', 'SPY').approved, true, 'so do other symbols');
    risk.say('accepted', clOrdId);
    assert.equal(risk.order('BUY', '1').approved, true);
  });
});

describe('reference prices', () => {
  test('an order is valued at the quote it would meet, else at the last trade', () => {
    const risk = aRisk({ limits: { maxOrderNotionalUsd: '1' } });
    risk.run({ type: 'quote', symbol: 'IBM', bidPx: '90', askPx: '110' });
    assert.equal(risk.order('BUY', '1').text, 'order notional 110 > limit 1');
    assert.equal(risk.order('SELL', '1').text, 'order notional 90 > limit 1');
    risk.run({ type: 'quote', symbol: 'IBM', bidPx: null, askPx: null });
    assert.equal(risk.order('BUY', '1').text, 'order notional 100 > limit 1');
  });

  test('positions are valued at the last trade, else in the middle of the quote, else at cost', () => {
    const risk = aRisk({ priced: false });
    risk.run({ type: 'quote', symbol: 'IBM', bidPx: '98', askPx: '100' });
    risk.hold(-10);
    assert.equal(portfolioOf(risk.state).equity, '100010');
    risk.run({ type: 'quote', symbol: 'IBM', bidPx: null, askPx: '100' });
    assert.equal(portfolioOf(risk.state).equity, '100000');
    risk.run({ type: 'trade', symbol: 'IBM', px: '110' });
    assert.equal(portfolioOf(risk.state).equity, '99900');
  });
});

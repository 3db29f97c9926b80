import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type CheckMade, portfolioOf, stepRisk, tradingState } from '../src/core/index.ts';
import { anAccount, anIntent, aRisk, EXECUTION_LOG, effects, NOW_NS, RISK_LOG, TAKING } from './builders.ts';

describe('an order within every limit', () => {
  test('is approved: appended, naming the execution log it is meant for, then answered', () => {
    const [append, reply, ...more] = aRisk().outputs();
    assert.deepEqual(append, {
      type: 'append',
      kind: 'OrderApproved',
      payload: { ...anIntent(), executionLog: TAKING },
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

describe('while the data of a symbol is not valid', () => {
  const invalid = (symbol = 'IBM') => {
    const reasons = ['price-jump: price 150 is 50 % from 100, allowed 10 %', 'book: found crossed, needed valid'];
    return { type: 'data-state', symbol, valid: false, reasons, sinceNs: NOW_NS - 7_000_000n } as const;
  };

  test('an order that opens exposure in it is refused, with what was found and what is allowed', () => {
    const risk = aRisk();
    risk.run(invalid());
    assert.deepEqual(risk.check(), [
      'append IntentRefused tp-1',
      'reply MARKET_DATA_INVALID: data of IBM has not been valid for 7 ms: price-jump: price 150 is 50 % from 100, ' +
        'allowed 10 %; book: found crossed, needed valid',
    ]);
  });

  test('an order that only reduces passes, one that would flip the position does not', () => {
    const risk = aRisk();
    risk.hold(50);
    risk.run(invalid());
    assert.equal(risk.order('SELL', '30').approved, true);
    assert.equal(risk.order('SELL', '30').reason, 'MARKET_DATA_INVALID');
    assert.equal(risk.order('BUY', '1').reason, 'MARKET_DATA_INVALID');
  });

  test('that of all symbols counts as such while market-data is silent', () => {
    const risk = aRisk();
    risk.run({ type: 'market-silent', silent: true, nowNs: NOW_NS - 3_000_000n });
    assert.equal(
      risk.order('BUY', '10', 'SPY').text,
      'data of SPY has not been valid for 3 ms: found no beat from market-data, needed one',
    );
    risk.run({ type: 'market-silent', silent: false, nowNs: NOW_NS });
    assert.equal(risk.order('BUY', '10', 'SPY').approved, true);
  });

  test('other symbols trade on, and it does again once its data is valid', () => {
    const risk = aRisk();
    risk.run(invalid());
    assert.equal(risk.order('BUY', '10', 'SPY').approved, true);
    risk.run({ ...invalid(), valid: true, reasons: [] });
    assert.equal(risk.order('BUY', '10').approved, true);
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
  test('until execution trades on an account that risk has read the answer is not ready, and is not remembered', () => {
    const risk = aRisk({ ready: false });
    const unread = 'reply NOT_READY: the execution log has not been read to its end';
    assert.deepEqual(risk.check(), [unread]);
    risk.execution('AccountRebased', anAccount());
    risk.execution('TradingStateChanged', { state: 'ACTIVE', reasons: [] });
    risk.execution('RiskGenerationSeen', RISK_LOG);
    assert.deepEqual(risk.check(), [unread], 'more may follow');
    risk.run({ type: 'execution-caught-up', log: EXECUTION_LOG });
    assert.deepEqual(risk.check(), ['append OrderApproved tp-1', 'reply approved']);
  });

  test('a log in which execution has not said that it trades is not enough', () => {
    const risk = aRisk({ ready: false });
    risk.run({ type: 'execution-caught-up', log: EXECUTION_LOG });
    const notReady = 'reply NOT_READY: execution is not ready: ';
    assert.deepEqual(risk.check(), [`${notReady}it has not taken the account from the venue`]);
    const why = "the venue's account has not been read";
    risk.execution('TradingStateChanged', { state: 'CATCHING_UP', reasons: [why] });
    assert.deepEqual(risk.check(), [notReady + why]);
  });

  test('while execution follows the log of a risk before this one, nothing is approved', () => {
    for (const other of [
      { uuid: 'risk-log-0', generation: 1 },
      { uuid: 'risk-log', generation: 2 },
    ]) {
      const risk = aRisk();
      risk.execution('RiskGenerationSeen', other);
      assert.deepEqual(risk.check(), ['reply NOT_READY: execution does not follow our log yet']);
      risk.execution('RiskGenerationSeen', RISK_LOG);
      assert.deepEqual(risk.check().at(-1), 'reply approved');
    }
  });

  test('from the moment execution says that it takes the account anew nothing is approved, exits as well', () => {
    const risk = aRisk();
    risk.hold(50);
    const reasons = ["the venue's account has not been read"];
    assert.equal(effects(risk.execution('TradingStateChanged', { state: 'CATCHING_UP', reasons })).length, 1);
    for (const side of ['BUY', 'SELL'] as const) assert.equal(risk.order(side, '1').reason, 'NOT_READY');
    const positions = [{ symbol: 'IBM', qty: '50', cost: '5000' }];
    risk.rebase({ cash: '95000', positions });
    assert.equal(risk.order('SELL', '1').approved, true);
  });

  test('an approval names the taking of the account that it is given for', () => {
    const risk = aRisk();
    risk.rebase();
    const [approval] = risk.outputs();
    assert.ok(approval?.type === 'append' && approval.kind === 'OrderApproved');
    assert.equal(approval.payload.executionLog, 'execution-log/1/2');
  });

  test('an account that is taken anew stops risk until execution says whom it follows', () => {
    const risk = aRisk();
    risk.execution('AccountRebased', anAccount({ rebase: 2 }));
    assert.deepEqual(risk.check(), ['reply NOT_READY: execution does not follow our log yet']);
    risk.execution('RiskGenerationSeen', { ...RISK_LOG, generation: 2 });
    assert.deepEqual(risk.check(), ['reply NOT_READY: execution does not follow our log yet']);
    risk.execution('RiskGenerationSeen', RISK_LOG);
    assert.deepEqual(risk.check().at(-1), 'reply approved');
  });

  test('a halt of execution halts risk', () => {
    const risk = aRisk();
    risk.execution('TradingStateChanged', { state: 'HALTED', reasons: ['by hand'] });
    assert.deepEqual(tradingState(risk.state), { state: 'HALTED', reasons: ['execution: by hand'] });
    risk.rebase();
    assert.equal(tradingState(risk.state).state, 'HALTED', 'a rebase does not undo it');
  });

  test('is published when it changes and only then', () => {
    const risk = aRisk({ ready: false });
    risk.execution('AccountRebased', anAccount());
    risk.execution('RiskGenerationSeen', RISK_LOG);
    risk.execution('TradingStateChanged', { state: 'ACTIVE', reasons: [] });
    const caughtUp = { type: 'execution-caught-up', log: EXECUTION_LOG } as const;
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

describe('exposure that has no price yet', () => {
  const positions = [{ symbol: 'TSLA', qty: '10', cost: '1000' }];

  test('lets no order add risk in another symbol: a sum with an unknown term fits no limit', () => {
    const risk = aRisk();
    risk.rebase({ positions });
    const { reason, text } = risk.order('BUY', '1');
    assert.deepEqual(
      [reason, text],
      ['NO_REFERENCE_PRICE', 'no price of TSLA, in which there is exposure, has come yet'],
    );
  });

  test('holds back no exit, and nothing any more once a price has come', () => {
    const risk = aRisk();
    risk.rebase({ positions: [...positions, { symbol: 'IBM', qty: '5', cost: '500' }] });
    assert.equal(risk.order('SELL', '5').approved, true);
    risk.run({ type: 'quote', symbol: 'TSLA', bidPx: null, askPx: '90' });
    assert.equal(risk.order('BUY', '1', 'SPY').reason, 'NO_REFERENCE_PRICE', 'half a quote is no price to value at');
    risk.run({ type: 'trade', symbol: 'TSLA', px: '90' });
    assert.equal(risk.order('BUY', '1', 'SPY').approved, true);
    assert.equal(risk.state.grossExposure.toFixed(), '1500', 'TSLA 900, IBM 500, SPY 100');
  });
});

test('an observer is told of every check in turn, the last one being the one that refuses', () => {
  const risk = aRisk();
  const seen: CheckMade[] = [];
  const input = { type: 'check', requestId: 'q-1', intent: anIntent({ orderQty: '120' }), nowNs: NOW_NS } as const;
  stepRisk(risk.state, { ...input, decidedBefore: false }, (made) => seen.push(made));
  assert.deepEqual(
    seen.map(({ name, passed }) => [name, passed]),
    [
      ['trading state', true],
      ['form', true],
      ['reference price', true],
      ['only reduces', true],
      ['order in doubt', true],
      ['market data', true],
      ['order notional', false],
    ],
  );
  assert.deepEqual(seen.at(-1), { name: 'order notional', value: '12000', limit: '10000', passed: false });
});

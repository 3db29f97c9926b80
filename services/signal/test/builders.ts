import type { Strategy } from '@tickpath/strategy';
import type { Bar } from '@tickpath/trading';
import type { Payload } from '@tickpath/wire';
import { openSignal, type SignalInput, type SignalOutput, stepSignal } from '../src/core/index.ts';

export const NOW_NS = 1_000n;
export const TTL_NS = 500n;
/** When market-data received whatever these builders give. */
export const RECEIVED_NS = 900n;
const SECOND_NS = 1_000_000_000n;

/** The bar of a second; its close is the target that the strategy below makes of it. */
export function aBar(second: number, close: string): Bar {
  const prices = { open: '1', high: '1', low: '1', close };
  return { interval: '1s', startNs: BigInt(second) * SECOND_NS, ...prices, volume: '1', tradeCount: 1 };
}

/** Wants to hold the close of the last bar, or the price of the last trade, and notes what it is given. */
export function obedient(): { strategy: Strategy; seen: string[] } {
  const seen: string[] = [];
  const strategy: Strategy = {
    name: 'obedient',
    warmup: { interval: '1s', bars: 3 },
    create: (symbol) => ({
      onBar: (bar, { positionQty }) => {
        seen.push(`${symbol} bar ${bar.startNs / SECOND_NS} holding ${positionQty}`);
        return { targetQty: bar.close, features: { close: Number(bar.close) } };
      },
      onTrade: (trade) => ({ targetQty: trade.price, features: {} }),
      onQuote: () => undefined,
    }),
  };
  return { strategy, seen };
}

export function aPortfolio(fields: Partial<Payload<'portfolio'>> = {}): Payload<'portfolio'> {
  const zero = {
    netDeposits: '0',
    cash: '0',
    fees: '0',
    equity: '0',
    realizedPnl: '0',
    unrealizedPnl: '0',
    imbalance: '0',
  };
  const log = { uuid: 'risk-log', generation: 1, lastSeq: 0, executionSeq: 0, state: 'ACTIVE', reasons: [] } as const;
  return { requestId: 'q', ...log, ...zero, positions: [], openOrders: [], ...fields };
}

export function anOpenOrder(clOrdId: string, symbol = 'IBM'): Payload<'portfolio'>['openOrders'][number] {
  return { clOrdId, symbol, side: 'BUY', leavesQty: '1' };
}

export function aPosition(qty: string, symbol = 'IBM'): Payload<'portfolio'>['positions'][number] {
  return { symbol, qty, avgPx: '1', cost: qty, realizedPnl: '0' };
}

/** `IBM BUY 10 bar.1s:3000000000`. */
export function inWords({ intent }: SignalOutput): string {
  return `${intent.symbol} ${intent.side} ${intent.orderQty} ${intent.cause}`;
}

/** A signal core for IBM and SPY under the obedient strategy; ready to trade unless told otherwise. */
export function aSignal({ ready = true, prefix = 'tp', symbols = ['IBM', 'SPY'] } = {}) {
  const { strategy, seen } = obedient();
  const state = openSignal({ prefix, symbols, intentTtlNs: TTL_NS }, strategy);
  const run = (input: SignalInput) => stepSignal(state, input);
  const stamps = { receivedNs: RECEIVED_NS, decodedNs: RECEIVED_NS + 1n };
  const published = { ...stamps, endNs: null, revision: null, withdrawn: null, incomplete: null, history: null };
  const takeBar = (second: number, close: string, symbol = 'IBM', doubts: Partial<Payload<'bar'>> = {}) =>
    run({
      type: 'market',
      symbol,
      nowNs: NOW_NS,
      kind: 'bar',
      payload: { ...aBar(second, close), ...published, ...doubts },
    });
  const decide = (clOrdId: string, refusal: string | null) => {
    const answer = { approved: refusal === null, reason: refusal, text: refusal };
    return run({ type: 'decision', decision: { requestId: 'q', clOrdId, ...answer } });
  };
  if (ready) {
    run({ type: 'run', run: 'run-1' });
    run({ type: 'portfolio', portfolio: aPortfolio() });
    for (const symbol of symbols) run({ type: 'warm-up', symbol, bars: [] });
  }
  return {
    state,
    seen,
    run,
    takeBar,
    bar: (...bar: Parameters<typeof takeBar>) => takeBar(...bar).map(inWords),
    /** The order that a bar causes; there must be one. */
    order: (...bar: Parameters<typeof takeBar>): SignalOutput['intent'] => {
      const [output] = takeBar(...bar);
      if (output === undefined) throw new Error('no order');
      return output.intent;
    },
    trade: (tradeId: string, price: string, { symbol = 'IBM', flags = [] as readonly string[] } = {}) => {
      const venue = { exchange: '', conditions: [], tape: '', venueTsNs: 77n, takerSide: null, flags };
      const payload = { price, size: '1', tradeId, ...venue, ...stamps };
      return run({ type: 'market', symbol, nowNs: NOW_NS, kind: 'trade', payload }).map(inWords);
    },
    approve: (clOrdId: string) => decide(clOrdId, null),
    refuse: (clOrdId: string, reason = 'ORDER_EXCEEDS_LIMIT') => decide(clOrdId, reason),
    logged: (clOrdId: string, symbol = 'IBM') => run({ type: 'approved', clOrdId, symbol }),
    closed: (clOrdId: string) => run({ type: 'order-closed', clOrdId }),
    position: (qty: string, symbol = 'IBM') => run({ type: 'position', symbol, qty }),
  };
}

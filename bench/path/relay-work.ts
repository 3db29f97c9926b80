import { clOrdIdOf, traceparentOf } from '@tickpath/trading';
import { encodeEnvelope } from '@tickpath/wire';
import { baselineOrderId, type HopWork } from './hop-work.ts';
import { MARKED_SIZE, TICK_LAYOUT } from './ticks.ts';

/** Bytes of Tickpath's own messages, as it encodes them. */
export interface MessageSizes {
  readonly trade: number;
  readonly riskCheck: number;
  readonly approval: number;
  readonly decision: number;
}

/** Encodes one message of each kind with values of the length they have in the bench. */
export function messageSizes(): MessageSizes {
  const ns = 1_767_225_600_000_000_000n;
  const tradeId = '100000000000';
  const cause = `trade:${ns}:${tradeId}`;
  const clOrdId = clOrdIdOf('bn', { run: 'bench', strategy: 'bench-path', symbol: 'B000', cause, n: 0 });
  const requestId = '0'.repeat(36);
  const header = (source: string, traceparent: string | null) => ({
    source,
    epoch: 1,
    seq: 1000,
    tsNs: ns,
    traceparent,
  });
  const stamps = { venueTsNs: ns, receivedNs: ns, decodedNs: ns };
  const trade = {
    price: '150.01',
    size: '100',
    tradeId,
    exchange: 'V',
    conditions: ['@'],
    tape: 'C',
    ...stamps,
    takerSide: null,
    flags: [],
  };
  const intent = {
    clOrdId,
    symbol: 'B000',
    side: 'BUY',
    orderQty: '100',
    ordType: 'MARKET',
    timeInForce: 'DAY',
    strategy: 'bench-path',
    cause,
    receivedNs: ns,
    expiresNs: ns,
  } as const;
  const signal = header('signal', traceparentOf(clOrdId, 'signal'));
  const risk = header('risk', traceparentOf(clOrdId, 'risk'));
  const decision = { requestId, clOrdId, approved: true, reason: null, text: null };
  return {
    trade: encodeEnvelope('trade', header('market-data', null), trade).length,
    riskCheck: encodeEnvelope('riskCheck', signal, { requestId, ...intent }).length,
    approval: encodeEnvelope('OrderApproved', risk, { ...intent, executionLog: `${requestId}/1/1` }).length,
    decision: encodeEnvelope('riskDecision', risk, decision).length,
  };
}

const MARK = Buffer.from(MARKED_SIZE);
const { symbol, tradeId, size } = TICK_LAYOUT;
/** Ticks stand one after the other in a JSON array: `[tick,tick,…]`. */
const STRIDE = TICK_LAYOUT.bytes + 1;

/**
 * The bare relay: frames of the sizes that Tickpath's have, sent on without being read. What it does look at are the
 * bytes that say where a message goes: symbol (the topic), size (whether the tick is marked) and trade id.
 */
export function relayWork(): HopWork<Buffer> {
  const sizes = messageSizes();
  const id = { at: 0, bytes: tradeId.bytes };
  const withId = (bytes: number, source: Buffer, at: number): Buffer => {
    const message = Buffer.allocUnsafe(bytes);
    source.copy(message, id.at, at, at + id.bytes);
    return message;
  };
  const body = JSON.stringify({
    symbol: 'B000',
    qty: '100',
    side: 'buy',
    type: 'market',
    time_in_force: 'day',
    client_order_id: baselineOrderId('0'),
  });
  const bodyIdAt = body.length - '"}'.length - id.bytes;

  return {
    readFrame(frame, onTick) {
      for (let at = 1; at < frame.length; at += STRIDE) {
        const topic = `${frame.toString('latin1', at + symbol.at, at + symbol.at + symbol.bytes)}/trade`;
        const message = Buffer.allocUnsafe(sizes.trade);
        frame.copy(message, 0, at, at + Math.min(sizes.trade, TICK_LAYOUT.bytes));
        onTick(topic, message);
      }
    },
    takeTicks(message, onMarked) {
      for (let at = 0; at < message.length; at += sizes.trade) {
        const sizeAt = at + size.at;
        if (message[sizeAt] === MARK[0]) onMarked(message.subarray(at, at + sizes.trade));
      }
      return message.length / sizes.trade;
    },
    riskCheck: (tick) => withId(sizes.riskCheck, tick, tradeId.at),
    approve: (request) => ({
      approval: withId(sizes.approval, request, id.at),
      decision: withId(sizes.decision, request, id.at),
    }),
    takeDecision: () => {},
    orderBody(approval) {
      const bytes = Buffer.from(body);
      approval.copy(bytes, bodyIdAt, id.at, id.at + id.bytes);
      return bytes;
    },
    takeAnswer: (answer) => answer.dump(),
  };
}

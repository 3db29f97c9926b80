import { Packr, Unpackr } from 'msgpackr';
import { baselineOrderId, type HopWork } from './hop-work.ts';
import { MARKED_SIZE } from './ticks.ts';

interface AlpacaTrade {
  readonly S: string;
  readonly i: number;
  readonly x: string;
  readonly p: number;
  readonly s: number;
  readonly c: readonly string[];
  readonly z: string;
}

/** An envelope as the straight line sees it: values in a row, unchecked. */
type Envelope = readonly [unknown, unknown, unknown, unknown, unknown, unknown, unknown, payload: readonly unknown[]];

const TRACEPARENT = `00-${'0'.repeat(32)}-${'0'.repeat(16)}-01`;
const EXECUTION_LOG = `${'0'.repeat(36)}/1`;
const REQUEST_ID = '0'.repeat(36);

/**
 * The straight line: only the library calls that nobody can leave out — JSON.parse, msgpackr's pack and unpack,
 * JSON.stringify — on arrays equal to Tickpath's. No checks, no numbering of topics, no bars, no book, no decisions.
 */
export function straightLineWork(): HopWork<Envelope> {
  const packr = new Packr({ useRecords: false });
  const unpackr = new Unpackr({ useRecords: false });
  const epoch = BigInt(Date.now());
  let seq = 0;
  const pack = (kind: string, source: string, traceparent: string | null, payload: readonly unknown[]): Buffer => {
    seq += 1;
    return packr.pack([1, kind, source, epoch, seq, process.hrtime.bigint(), traceparent, payload]);
  };
  const payloadOf = (message: Buffer) => (unpackr.unpack(message) as Envelope)[7];

  return {
    readFrame(frame, onTick) {
      const nowNs = process.hrtime.bigint();
      for (const { S, i, x, p, s, c, z } of JSON.parse(frame.toString()) as AlpacaTrade[]) {
        const payload = [String(p), String(s), String(i), x, c, z, nowNs, nowNs, nowNs];
        onTick(`${S}/trade`, pack('trade', 'market-data', null, payload));
      }
    },
    takeTicks(message, onMarked) {
      let ticks = 0;
      unpackr.unpackMultiple(message, (envelope: Envelope) => {
        ticks += 1;
        if (envelope[7][1] === MARKED_SIZE) onMarked(envelope);
      });
      return ticks;
    },
    riskCheck([, , , , , tsNs, , payload]) {
      const clOrdId = baselineOrderId(payload[2] as string);
      const cause = `trade:${payload[6]}:${payload[2]}`;
      const intent = [clOrdId, 'B000', 'BUY', '100', 'MARKET', 'DAY', 'bench-path', cause, payload[7], tsNs];
      return pack('riskCheck', 'signal', TRACEPARENT, [REQUEST_ID, ...intent]);
    },
    approve(request) {
      const [requestId, ...intent] = payloadOf(request);
      return {
        approval: pack('OrderApproved', 'risk', TRACEPARENT, [...intent, EXECUTION_LOG]),
        decision: pack('riskDecision', 'risk', TRACEPARENT, [requestId, intent[0], true, null, null]),
      };
    },
    takeDecision: (decision) => void payloadOf(decision),
    orderBody(approval) {
      const [client_order_id, symbol, , qty] = payloadOf(approval);
      return JSON.stringify({ symbol, qty, side: 'buy', type: 'market', time_in_force: 'day', client_order_id });
    },
    takeAnswer: (answer) => answer.json(),
  };
}

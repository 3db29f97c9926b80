import { decodeFrame, encodeEnvelope } from '@tickpath/wire';
import { Packr, Unpackr } from 'msgpackr';
import { TRADE } from './trade.ts';

const ROUND = 100_000;
const HEADER = {
  source: 'market-data',
  epoch: 1_760_000_000_000,
  seq: 1,
  tsNs: 1_760_000_000_000_000_000n,
  traceparent: null,
};

export interface CodecRound {
  /** Nanoseconds a message. */
  readonly encode: number;
  readonly decode: number;
  readonly bareEncode: number;
  readonly bareDecode: number;
}

/** One interleaved round: our codec beside msgpackr packing and unpacking the same array with no check at all. */
export function codecRound(): CodecRound {
  const packr = new Packr({ useRecords: false });
  const unpackr = new Unpackr({ useRecords: false });
  const frame = encodeEnvelope('trade', HEADER, TRADE);
  const array = unpackr.unpack(frame);
  let sink = 0;
  const fail = (reason: string) => {
    throw new Error(`the bench's own message was not read: ${reason}`);
  };
  const encode = time(() => {
    sink += encodeEnvelope('trade', HEADER, TRADE).length;
  });
  const bareEncode = time(() => {
    sink += packr.pack(array).length;
  });
  const count = (envelope: { readonly seq: number }) => {
    sink += envelope.seq;
  };
  const decode = time(() => decodeFrame(frame, count, fail));
  const bareDecode = time(() => {
    sink += unpackr.unpack(frame)[4];
  });
  if (sink === 0) throw new Error('nothing was done');
  return { encode, decode, bareEncode, bareDecode };
}

function time(work: () => void): number {
  const begun = process.hrtime.bigint();
  for (let i = 0; i < ROUND; i += 1) work();
  return Number(process.hrtime.bigint() - begun) / ROUND;
}

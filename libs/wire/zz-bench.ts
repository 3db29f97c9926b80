import { Packr, Unpackr, isNativeAccelerationEnabled } from 'msgpackr';
import { encodeEnvelope, decodeFrame } from './src/envelope.ts';
import { findEnvelopes } from './src/structure.ts';
console.log('native', isNativeAccelerationEnabled);
const header = { source: 'market-data', epoch: 1790000000123, seq: 123456, tsNs: 1790000000123456789n, traceparent: null };
const payload = { price: '187.2345', size: '100', tradeId: '52983525029461', exchange: 'V', conditions: ['@', 'I'], tape: 'C', venueTsNs: 1790000000123456789n, receivedNs: 1790000000123456789n, decodedNs: 1790000000123456789n };
const arr = [1, 'trade', 'market-data', 1790000000123n, 123456, header.tsNs, null, ['187.2345', '100', '52983525029461', 'V', ['@', 'I'], 'C', header.tsNs, header.tsNs, header.tsNs]];
const packr = new Packr({ useRecords: false }); const unpackr = new Unpackr({ useRecords: false });
const bytes = packr.pack(arr);
const mine = encodeEnvelope('trade', header, payload);
console.log(bytes.length, Buffer.compare(bytes, mine), bytes.toString('hex'));
let sink = 0;
const onEnv = (e: any) => { sink += e.seq; }; const onFault = (r: string) => { throw new Error(r); };
const N = 20000;
// fresh buffers as they come from a socket
const frames = Array.from({ length: N }, () => { const b = Buffer.allocUnsafeSlow(bytes.length); bytes.copy(b); return b; });
const fresh = () => frames.map((f) => { const b = Buffer.from(f.buffer, f.byteOffset, f.length); return b; });
const heap = Buffer.concat(Array.from({ length: 400 }, () => bytes));
const tasks: Record<string, (fs: Buffer[]) => number> = {
  pack: () => { for (let i = 0; i < N; i++) { arr[4] = i + 100000; sink += packr.pack(arr).length; } return N; },
  packFreshArr: () => { for (let i = 0; i < N; i++) { const p = payload; sink += packr.pack([1, 'trade', header.source, 1790000000123n, i + 100000, header.tsNs, null, [p.price, p.size, p.tradeId, p.exchange, p.conditions, p.tape, p.venueTsNs, p.receivedNs, p.decodedNs]]).length; } return N; },
  encode: () => { for (let i = 0; i < N; i++) { sink += encodeEnvelope('trade', { ...header, seq: i + 100000 }, payload).length; } return N; },
  unpack: (fs) => { for (const f of fs) sink += (unpackr.unpack(f) as any[]).length; return N; },
  decode: (fs) => { for (const f of fs) decodeFrame(f, onEnv, onFault); return N; },
  guard: (fs) => { for (const f of fs) sink += (findEnvelopes(f) as number[]).length; return N; },
  batch: () => { for (let i = 0; i < 50; i++) decodeFrame(Buffer.from(heap.buffer, heap.byteOffset, heap.length), onEnv, onFault); return 50 * 400; },
};
const times: Record<string, number[]> = {};
for (let r = 0; r < 25; r++) for (const [name, task] of Object.entries(tasks)) {
  const fs = fresh();
  const t0 = process.hrtime.bigint(); const n = task(fs); const t = Number(process.hrtime.bigint() - t0) / n;
  if (r >= 5) (times[name] ??= []).push(t);
}
const med = (a: number[]) => a.toSorted((x, y) => x - y)[a.length >> 1]!;
for (const [n, a] of Object.entries(times)) console.log(n.padEnd(14), med(a).toFixed(0), 'ns  min', Math.min(...a).toFixed(0));
const ratio = (a: string, b: string) => med(times[a]!.map((x, i) => x / times[b]![i]!)).toFixed(2);
console.log('encode/pack', ratio('encode', 'packFreshArr'), 'decode/unpack', ratio('decode', 'unpack'), 'batch/unpack', ratio('batch', 'unpack'));

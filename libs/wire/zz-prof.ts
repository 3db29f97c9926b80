import { encodeEnvelope, decodeFrame } from './src/envelope.ts';
const header = { source: 'market-data', epoch: 1790000000123, seq: 123456, tsNs: 1790000000123456789n, traceparent: null };
const payload = { price: '187.2345', size: '100', tradeId: '52983525029461', exchange: 'V', conditions: ['@', 'I'], tape: 'C', venueTsNs: 1790000000123456789n, receivedNs: 1790000000123456789n, decodedNs: 1790000000123456789n };
let sink = 0;
for (let r = 0; r < 40; r++) { const fs = Array.from({ length: 20000 }, (_, i) => encodeEnvelope('trade', { ...header, seq: i }, payload));
 for (const f of fs) decodeFrame(f, (e) => { sink += e.seq; }, () => { throw 1; }); }

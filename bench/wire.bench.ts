import { parseArgs } from 'node:util';
import { Children } from './measure/children.ts';
import { Durations } from './measure/durations.ts';
import { medianInterval } from './measure/median-interval.ts';
import { table } from './measure/table.ts';
import { type CodecRound, codecRound } from './wire/codec.ts';
import { bareLine, type Line, wireLine } from './wire/publishers.ts';

/** What a message costs beside bare zeromq.js and bare msgpackr: codec, throughput to 1, 4, 16 subscribers, latency. */
const { values } = parseArgs({
  options: {
    pairs: { type: 'string', default: '7' },
    messages: { type: 'string', default: '60000' },
    port: { type: 'string', default: '35555' },
    quick: { type: 'boolean', default: false },
  },
});
const pairs = values.quick ? 1 : Number(values.pairs);
const messages = values.quick ? 5_000 : Number(values.messages);
const results: Record<string, number> = {};
const baseline: Record<string, number> = {};
const ratios: Record<string, { median: number; low: number; high: number }> = {};

codecRound();
const codec = Array.from({ length: pairs }, codecRound);
const ratioOf = (values: readonly number[]) => {
  const { median, low, high } = medianInterval(values);
  return { median: round(median), low: round(low), high: round(high) };
};
const medianOf = (pick: (round: CodecRound) => number) => round(medianInterval(codec.map(pick)).median);
results.encodeNs = medianOf((run) => run.encode);
results.decodeNs = medianOf((run) => run.decode);
baseline.encodeNs = medianOf((run) => run.bareEncode);
baseline.decodeNs = medianOf((run) => run.bareDecode);
ratios.encode = ratioOf(codec.map((run) => run.encode / run.bareEncode));
ratios.decode = ratioOf(codec.map((run) => run.decode / run.bareDecode));

const rows: string[][] = [['messages/s to', 'bare', 'wire', 'ratio', 'wire, batched', 'ratio']];
const latencyRows: string[][] = [['one-way latency, 1,000/s, us', 'p50', 'p90', 'p99', 'max']];
for (const subscribers of [1, 4, 16]) {
  const children = new Children(process.env);
  const port = Number(values.port) + subscribers * 10;
  const lines: Record<'bare' | 'wire' | 'batched', Line> = {
    bare: await bareLine({ children, port, subscribers }),
    wire: await wireLine({ children, port: port + 2, subscribers, batchBytes: 0 }),
    batched: await wireLine({ children, port: port + 4, subscribers, batchBytes: 65_536 }),
  };
  const names = Object.keys(lines) as (keyof typeof lines)[];
  const rates: Record<keyof typeof lines, number[]> = { bare: [], wire: [], batched: [] };
  const count = Math.ceil(messages / subscribers);
  for (const name of names) await lines[name].throughput(Math.ceil(count / 4));
  for (let pair = 0; pair < pairs; pair += 1) {
    for (let i = 0; i < names.length; i += 1) {
      const name = names[(pair + i) % names.length] as keyof typeof lines;
      rates[name].push(await lines[name].throughput(count));
    }
  }
  if (subscribers === 1) {
    for (const name of ['bare', 'wire'] as const) {
      const durations = new Durations();
      for (const ns of await lines[name].latencies(values.quick ? 200 : 2_000)) durations.record(ns);
      const { p50, p90, p99, max } = durations.percentiles();
      latencyRows.push([name, ...[p50, p90, p99, max].map((us) => us.toFixed(0))]);
      (name === 'bare' ? baseline : results).latencyP50Us = round(p50);
      (name === 'bare' ? baseline : results).latencyP99Us = round(p99);
    }
  }
  const ratioTo = (name: 'wire' | 'batched') =>
    ratioOf(rates[name].map((rate, i) => rate / (rates.bare[i] ?? Number.NaN)));
  const plain = ratioTo('wire');
  const batched = ratioTo('batched');
  baseline[`messagesPerSecond${subscribers}`] = round(medianInterval(rates.bare).median);
  results[`messagesPerSecond${subscribers}`] = round(medianInterval(rates.wire).median);
  results[`messagesPerSecondBatched${subscribers}`] = round(medianInterval(rates.batched).median);
  ratios[subscribers === 1 ? 'messagesPerSecond' : `messagesPerSecond${subscribers}`] = plain;
  ratios[subscribers === 1 ? 'batched' : `batched${subscribers}`] = batched;
  const rate = (name: keyof typeof lines) => Math.round(medianInterval(rates[name]).median).toLocaleString('en');
  rows.push([`${subscribers} subscribers`, rate('bare'), rate('wire'), text(plain), rate('batched'), text(batched)]);
  for (const name of names) lines[name].close();
  await children.close();
}

function text({ median, low, high }: { median: number; low: number; high: number }): string {
  return `${median.toFixed(2)} [${low.toFixed(2)}, ${high.toFixed(2)}]`;
}

function round(value: number): number {
  return Number(value.toPrecision(4));
}

const codecRows = [
  ['a trade, ns', 'bare msgpackr', 'wire', 'ratio'],
  ['encode', String(baseline.encodeNs), String(results.encodeNs), text(ratios.encode)],
  ['decode', String(baseline.decodeNs), String(results.decodeNs), text(ratios.decode)],
];
console.log(`${pairs} interleaved pairs; ratios as median [95 % interval]\n`);
console.log(`${table(codecRows)}\n\n${table(rows)}\n\n${table(latencyRows)}\n`);
console.log(JSON.stringify({ bench: 'wire', results, baseline, ratios }));

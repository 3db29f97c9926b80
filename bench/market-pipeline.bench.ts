import { parseArgs } from 'node:util';
import { type PipelineRound, pipelineRound } from './market-data/pipeline.ts';
import { medianInterval } from './measure/median-interval.ts';
import { table } from './measure/table.ts';

/** What a venue message costs market-data from its text to the socket, beside parsing and packing it alone. */
const { values } = parseArgs({
  options: {
    pairs: { type: 'string', default: '7' },
    messages: { type: 'string', default: '200000' },
    quick: { type: 'boolean', default: false },
  },
});
const pairs = values.quick ? 1 : Number(values.pairs);
const messages = values.quick ? 20_000 : Number(values.messages);
const FRAME_SIZES = [1, 20, 200];
/** What one process is to take where messages come together; one by one, the socket alone has its 15,000 (DESIGN §13). */
const WANTED = { alone: 15_000, together: 50_000 };

const results: Record<string, number> = {};
const baseline: Record<string, number> = {};
const ratios: Record<string, { median: number; low: number; high: number }> = {};
const rows = [['messages/s, a frame of', 'bare', 'pipeline', 'bare ÷ pipeline', 'published a message']];
for (const frameSize of FRAME_SIZES) {
  await pipelineRound(Math.ceil(messages / 4), { frameSize });
  const rounds: PipelineRound[] = [];
  for (let pair = 0; pair < pairs; pair += 1) {
    rounds.push(await pipelineRound(messages, { frameSize, seed: pair + 1 }));
    process.stderr.write(`frames of ${frameSize}, round ${pair + 1} of ${pairs}\n`);
  }
  const medianOf = (pick: (round: PipelineRound) => number) => medianInterval(rounds.map(pick));
  const name = `frames${frameSize}`;
  const pipeline = Math.round(medianOf((round) => round.pipeline).median);
  const bare = Math.round(medianOf((round) => round.bare).median);
  const ratio = medianOf((round) => round.bare / round.pipeline);
  results[name] = pipeline;
  baseline[name] = bare;
  ratios[name] = { median: rounded(ratio.median), low: rounded(ratio.low), high: rounded(ratio.high) };
  const published = rounded(medianOf((round) => round.published).median);
  rows.push([`${frameSize}`, `${bare}`, `${pipeline}`, `${rounded(ratio.median)}`, `${published}`]);
}
const verdicts = FRAME_SIZES.map((frameSize) => {
  const wanted = frameSize === 1 ? WANTED.alone : WANTED.together;
  const found = results[`frames${frameSize}`] ?? 0;
  return `frames of ${frameSize}: wanted ${wanted}/s, found ${found}/s: ${found >= wanted ? 'kept' : 'MISSED'}`;
});
process.stdout.write(`${table(rows)}\n\n${verdicts.join('\n')}\n`);
process.stdout.write(`${JSON.stringify({ bench: 'market-pipeline', results, baseline, ratios })}\n`);

function rounded(value: number): number {
  return Number(value.toPrecision(3));
}

import type { Children } from '../measure/children.ts';
import { Pacer } from '../path/pacer.ts';
import type { VariantOptions } from '../path/variant.ts';
import { type CryptoMix, cryptoMix } from './crypto-mix.ts';
import { type Reader, startBare, startService } from './reader.ts';
import { interleaved, medianOf, type Ratio, ratioOf, ratioText, type Section } from './section.ts';
import { latencyRound, prime, throughputRound } from './stream-rounds.ts';

export interface StreamOptions extends VariantOptions {
  readonly pairs: number;
  /** Of a round at full speed. */
  readonly messages: number;
  /** Of a paced round. */
  readonly seconds: number;
  readonly perSecond: number;
}

const SYMBOLS = 20;
const FRAME_SIZES = [1, 20];
const NAMES = ['bare', 'service'] as const;
/** Where messages come together; one by one, the socket alone has its 15,000 (DESIGN §13). */
const WANTED_PER_SECOND: Readonly<Record<number, number>> = { 1: 15_000, 20: 50_000 };
const HANDLED_P99_US = 1000;

type Readers = Readonly<Record<(typeof NAMES)[number], { readonly reader: Reader; readonly mix: CryptoMix }>>;

async function withReaders<T>(
  children: Children,
  options: VariantOptions & { readonly pace: 'live' | 'replay' },
  work: (readers: Readers) => Promise<T>,
): Promise<T> {
  const mixes = { bare: cryptoMix(SYMBOLS), service: cryptoMix(SYMBOLS) };
  const service = await startService(children, { ...options, pairs: mixes.service.pairs });
  const bare = await startBare(children);
  const readers = { bare: { reader: bare, mix: mixes.bare }, service: { reader: service, mix: mixes.service } };
  for (const { reader, mix } of Object.values(readers)) await prime(reader, mix);
  const result = await work(readers);
  await service.close();
  await bare.close();
  return result;
}

/** Messages a second that the process takes from its socket to that of a subscriber, who holds it back. */
export function pipelineSection(children: Children, options: StreamOptions): Promise<Section> {
  const { pairs, messages } = options;
  return withReaders(children, { ...options, pace: 'replay' }, async (readers) => {
    const rows = [['messages/s through a socket', 'bare', 'market-data', 'of CPU, bare', 'of CPU', 'bare ÷ of CPU']];
    const results: Record<string, number> = {};
    const baseline: Record<string, number> = {};
    const ratios: Record<string, Ratio> = {};
    let lost = 0;
    for (const frameSize of FRAME_SIZES) {
      const run = (name: (typeof NAMES)[number]) =>
        throughputRound(readers[name].reader, readers[name].mix, { messages, frameSize });
      for (const name of NAMES) await run(name);
      const rounds = await interleaved(NAMES, pairs, run);
      const [perSecond, perCpuSecond] = [`perSecond.frames${frameSize}`, `perCpuSecond.frames${frameSize}`];
      for (const [name, into] of [['service', results] as const, ['bare', baseline] as const]) {
        into[perSecond] = medianOf(rounds[name].map((round) => round.messagesPerSecond));
        into[perCpuSecond] = medianOf(rounds[name].map((round) => round.messagesPerCpuSecond));
      }
      const ratio = ratioOf(
        rounds.service.map(
          (round, pair) => (rounds.bare[pair]?.messagesPerCpuSecond ?? Number.NaN) / round.messagesPerCpuSecond,
        ),
      );
      ratios[perCpuSecond] = ratio;
      lost += [...rounds.service, ...rounds.bare].reduce((sum, { missing }) => sum + missing, 0);
      const numbers = [baseline[perSecond], results[perSecond], baseline[perCpuSecond], results[perCpuSecond]];
      rows.push([
        `frames of ${frameSize}`,
        ...numbers.map((value) => (value ?? Number.NaN).toLocaleString('en')),
        ratioText(ratio),
      ]);
    }
    const verdicts = FRAME_SIZES.map((frameSize) => ({
      what: `frames of ${frameSize}, messages for a second of CPU`,
      found: results[`perCpuSecond.frames${frameSize}`] ?? Number.NaN,
      allowed: WANTED_PER_SECOND[frameSize] ?? Number.NaN,
      ...({ sense: 'at least', unit: '/s' } as const),
    }));
    return { rows, results, baseline, ratios, verdicts, lost };
  });
}

const LATENCIES = {
  handled: 'received to published',
  published: 'due to published',
  arrived: 'due to a subscriber',
} as const;

/** Percentiles at a steady rate, of the process that waits for nobody. */
export function latencySection(children: Children, options: StreamOptions): Promise<Section> {
  const { pairs, perSecond, seconds } = options;
  return withReaders(children, { ...options, pace: 'live' }, async (readers) => {
    const pacer = new Pacer();
    await pacer.open();
    const run = (name: (typeof NAMES)[number]) =>
      latencyRound(readers[name].reader, readers[name].mix, { pacer, perSecond, seconds });
    for (const name of NAMES) await run(name);
    const rounds = await interleaved(NAMES, pairs, run);
    await pacer.close();
    const results: Record<string, number> = {};
    const baseline: Record<string, number> = {};
    const rows = [[`at ${perSecond} messages/s, µs`, 'p50', 'p99', 'max']];
    const add = (into: Record<string, number>, label: string, key: string, found: readonly (Found | undefined)[]) => {
      const numbers = (['p50', 'p99', 'max'] as const).map((percentile) => {
        into[`${key}.${percentile}`] = medianOf(found.map((one) => one?.[percentile] ?? Number.NaN));
        return String(into[`${key}.${percentile}`]);
      });
      rows.push([label, ...numbers]);
    };
    for (const [key, label] of Object.entries(LATENCIES)) {
      add(
        results,
        label,
        key,
        rounds.service.map(({ latencies }) => latencies[key]),
      );
    }
    add(
      baseline,
      'bare: due to parsed',
      'parsed',
      rounds.bare.map(({ latencies }) => latencies.parsed),
    );
    add(
      baseline,
      'the driver: due to sent',
      'pacerLag',
      rounds.service.map(({ pacerLag }) => pacerLag),
    );
    const ratios = {
      due: ratioOf(
        rounds.service.map(
          ({ latencies }, pair) =>
            (latencies.published?.p50 ?? Number.NaN) / (rounds.bare[pair]?.latencies.parsed?.p50 ?? 0),
        ),
      ),
    };
    const found = results['handled.p99'] ?? Number.NaN;
    const verdict = { what: 'received to published, p99', found, allowed: HANDLED_P99_US } as const;
    const lost = [...rounds.service, ...rounds.bare].reduce((sum, { missing }) => sum + missing, 0);
    return { rows, results, baseline, ratios, verdicts: [{ ...verdict, sense: 'at most', unit: 'µs' }], lost };
  });
}

interface Found {
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
}

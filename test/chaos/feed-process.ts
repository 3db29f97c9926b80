import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { addresses } from '@tickpath/runtime';
import { eventually, freePortOffset, networkAt, TestProcess } from '@tickpath/testkit';
import { FeedReader, type FeedReaderOptions } from './feed-reader.ts';

const WORKSPACE = join(import.meta.dirname, '../..');
const BEAT_MS = 200;
/** Nothing of a recording is asked of Alpaca; the settings want keys all the same. */
const KEYS = { APCA_API_KEY_ID: 'test-key', APCA_API_SECRET_KEY: 'test-secret' };

/** Numbers of a symbol that market-data says it cannot have; null where they are not known. */
export interface DeclaredLoss {
  readonly symbol: string;
  readonly topic: string;
  readonly from: number | null;
  readonly to: number | null;
}

/** market-data as a process of its own, and a reader of what it publishes. */
export class FeedProcess {
  readonly process: TestProcess;
  readonly reader: FeedReader;
  readonly #metricsUrl: string;
  readonly #dataDir: string;

  private constructor(
    portOffset: number,
    flags: readonly string[],
    onBook: NonNullable<FeedReaderOptions['onBook']> = () => {},
  ) {
    const at = addresses(networkAt(portOffset));
    this.#dataDir = mkdtempSync(join(tmpdir(), 'tickpath-feed-'));
    this.#metricsUrl = `${at.httpUrl('health.market-data')}/metrics`;
    const connect = { stream: at.connect('marketStream'), control: at.connect('marketControl') };
    this.reader = new FeedReader({ connect, heartbeatMs: BEAT_MS, onBook });
    const script = join(WORKSPACE, 'services/market-data/src/main.ts');
    const own = [`--network.portOffset=${portOffset}`, `--data.dir=${this.#dataDir}`, '--tracing.exporter=none'];
    const beat = `--market-data.heartbeatMs=${BEAT_MS}`;
    this.process = new TestProcess([process.execPath, script, ...own, beat, ...flags], {
      cwd: WORKSPACE,
      env: { ...process.env, ...KEYS },
    });
  }

  /** `flags` without the service's name in front. */
  static async start(
    flags: Readonly<Record<string, string | number>>,
    onBook?: FeedReaderOptions['onBook'],
  ): Promise<FeedProcess> {
    const named = Object.entries(flags).map(([name, value]) => `--market-data.${name}=${value}`);
    return new FeedProcess(await freePortOffset(), named, onBook);
  }

  /** Until it is read, and subscribed to the exchange. */
  async ready(): Promise<void> {
    await eventually('market-data is read and subscribed', async () => {
      this.assertAlive();
      if (!this.reader.hasJoined) return undefined;
      return (await this.metric('tickpath_market_data_subscribed')) === 1 ? true : undefined;
    });
  }

  assertAlive(): void {
    if (!this.process.running) throw new Error(`market-data has died\n${this.process.lines.slice(-40).join('\n')}`);
  }

  /** The sum of the series of that name with at least these labels, whatever others they have; NaN without any. */
  async metric(series: string): Promise<number> {
    const text = await (await fetch(this.#metricsUrl)).text();
    const [name = '', labels = ''] = series.split(/[{}]/);
    const wanted = labels.split(',').filter((label) => label !== '');
    const values = text.split('\n').flatMap((line) => {
      const [key = '', value] = line.split(' ');
      const own = key.split(/[{},]/);
      return own[0] === name && wanted.every((label) => own.includes(label)) ? [Number(value)] : [];
    });
    return values.length === 0 ? Number.NaN : values.reduce((sum, value) => sum + value, 0);
  }

  losses(): DeclaredLoss[] {
    return this.process.lines
      .filter((line) => line.includes('"kind":"lost"'))
      .map((line) => JSON.parse(line) as DeclaredLoss);
  }

  async stop(): Promise<void> {
    this.reader.close();
    this.process.kill('SIGKILL');
    await this.process.ended;
    rmSync(this.#dataDir, { recursive: true, force: true });
  }
}

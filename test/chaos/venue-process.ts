import { join } from 'node:path';
import { addresses, readVenueKeys, type VenueKeys } from '@tickpath/runtime';
import { networkAt, TestProcess } from '@tickpath/testkit';

const WORKSPACE = join(import.meta.dirname, '../..');
const MAIN = join(WORKSPACE, 'services/venue/src/main.ts');

export interface VenueProcessOptions {
  readonly portOffset: number;
  readonly dataDir: string;
  readonly env?: NodeJS.ProcessEnv;
}

export interface Answer {
  readonly status: number;
  readonly body: unknown;
}

/** The venue alone, as the process it is, under the keys that its first start made in its folder. */
export class VenueProcess {
  readonly process: TestProcess;
  readonly #url: string;
  readonly #dataDir: string;

  private constructor({ portOffset, dataDir, env = {} }: VenueProcessOptions) {
    const flags = [
      ...[`--network.portOffset=${portOffset}`, `--data.dir=${dataDir}`, '--tracing.exporter=none'],
      '--venue.synthetic.ticksPerSecond=40',
    ];
    this.#url = addresses(networkAt(portOffset)).httpUrl('venue');
    this.#dataDir = dataDir;
    this.process = new TestProcess([process.execPath, MAIN, ...flags], {
      cwd: WORKSPACE,
      env: { ...process.env, ...env },
    });
  }

  /** Resolves when its market is open. */
  static async start(options: VenueProcessOptions): Promise<VenueProcess> {
    const venue = new VenueProcess(options);
    await venue.process.line(/"msg":"market open"/, { boundMs: 60_000 });
    return venue;
  }

  get keys(): VenueKeys {
    const keys = readVenueKeys(this.#dataDir);
    if (keys === undefined) throw new Error(`the venue has made no keys in ${this.#dataDir}`);
    return keys;
  }

  get streamUrl(): string {
    return `${this.#url.replace('http', 'ws')}/stream`;
  }

  /** Rejects when the process is gone before it has answered. */
  async request(method: string, path: string, body?: object): Promise<Answer> {
    const { keyId, secretKey } = this.keys;
    const headers = { 'apca-api-key-id': keyId, 'apca-api-secret-key': secretKey };
    const response = await fetch(this.#url + path, {
      method,
      headers: { ...headers, ...(body !== undefined && { 'content-type': 'application/json' }) },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    return { status: response.status, body: text === '' ? null : JSON.parse(text) };
  }

  async get<T>(path: string): Promise<T> {
    const { status, body } = await this.request('GET', path);
    if (status !== 200) throw new Error(`GET ${path}: ${status} ${JSON.stringify(body)}`);
    return body as T;
  }

  /** As kill -9; resolves when nothing of it is left. */
  async kill(): Promise<void> {
    this.process.kill('SIGKILL');
    await this.process.ended;
  }
}

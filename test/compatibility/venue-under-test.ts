import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { addresses } from '@tickpath/runtime';
import { freePortOffset, networkAt, REMOVAL, TestProcess } from '@tickpath/testkit';

const WORKSPACE = join(import.meta.dirname, '../..');
const MAIN = join(WORKSPACE, 'services/venue/src/main.ts');
/** How long a venue may take to end after it was asked to. */
const STOP_BOUND_MS = 20_000;

export const KEYS = { keyId: 'PKCOMPATIBILITY', secret: 'compatibility/secret+0' } as const;

/** Around what prices the instruments of most tests move: two shares and a coin. */
export const SYMBOLS = [
  { symbol: 'AAPL', price: '190' },
  { symbol: 'MSFT', price: '420' },
  { symbol: 'BTC/USD', price: '60000' },
] as const;

export interface HttpAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** `undefined` when the body is no JSON. */
  readonly json: unknown;
}

export interface HttpQuestion {
  readonly body?: string | Uint8Array<ArrayBuffer>;
  readonly headers?: Readonly<Record<string, string>>;
  /** Whether the keys are sent. */
  readonly isKeyed?: boolean;
}

/** The real venue process with a folder and ports of its own, and keys that the test knows. */
export class VenueUnderTest {
  readonly url: string;
  readonly port: number;
  /** Where it tells how it is. */
  readonly healthUrl: string;
  readonly #dataDir: string;
  readonly #flags: readonly string[];
  #process: TestProcess;

  private constructor(portOffset: number, flags: readonly string[]) {
    this.#dataDir = mkdtempSync(join(tmpdir(), 'tickpath-venue-'));
    const at = addresses(networkAt(portOffset));
    this.url = at.httpUrl('venue');
    this.healthUrl = at.httpUrl('health.venue');
    this.port = Number(new URL(this.url).port);
    const own = [`--network.portOffset=${portOffset}`, `--data.dir=${this.#dataDir}`, '--tracing.exporter=none'];
    this.#flags = [...own, ...flags];
    this.#process = spawnVenue(this.#flags);
  }

  /** Resolves when its market is open. `flags` are configuration keys of the section `venue`. */
  static async start(settings: Readonly<Record<string, unknown>> = {}): Promise<VenueUnderTest> {
    const flags = Object.entries(settings).map(([key, value]) => `--venue.${key}=${asText(value)}`);
    const venue = new VenueUnderTest(await freePortOffset(), flags);
    try {
      await isOpen(venue.process);
    } catch (error) {
      await venue.stop();
      throw error;
    }
    return venue;
  }

  /** Kills it and starts it again, on the same ports and in the same folder. */
  async restart(): Promise<void> {
    this.process.kill('SIGKILL');
    await this.process.ended;
    this.#process = spawnVenue(this.#flags);
    await isOpen(this.process);
  }

  get process(): TestProcess {
    return this.#process;
  }

  get socketUrl(): string {
    return this.url.replace('http', 'ws');
  }

  async request(method: string, path: string, question: HttpQuestion = {}): Promise<HttpAnswer> {
    const { body, headers = {}, isKeyed = true } = question;
    const keys = isKeyed ? { 'apca-api-key-id': KEYS.keyId, 'apca-api-secret-key': KEYS.secret } : {};
    const response = await fetch(this.url + path, {
      method,
      headers: { ...keys, ...(body !== undefined && { 'content-type': 'application/json' }), ...headers },
      ...(body !== undefined && { body }),
      redirect: 'manual',
      signal: AbortSignal.timeout(30_000),
    });
    const text = await response.text();
    return { status: response.status, headers: response.headers, text, json: parsed(text) };
  }

  /** What a successful answer carries. */
  async ask<T>(method: string, path: string, body?: object): Promise<T> {
    const question = body === undefined ? {} : { body: JSON.stringify(body) };
    const { status, text, json } = await this.request(method, path, question);
    if (status >= 300) throw new Error(`${method} ${path}: ${status} ${text}`);
    return json as T;
  }

  /** Memory the process holds now, as the kernel counts it. */
  residentBytes(): number {
    const status = readFileSync(`/proc/${this.process.pid}/status`, 'utf8');
    const [, kilobytes] = /^VmRSS:\s+(\d+) kB$/m.exec(status) ?? [];
    if (kilobytes === undefined) throw new Error(`no VmRSS of process ${this.process.pid}`);
    return Number(kilobytes) * 1024;
  }

  /** Ends it and removes its folder. */
  async stop(): Promise<void> {
    if (this.process.running) this.process.kill('SIGTERM');
    const isEnded = await Promise.race([
      this.process.ended.then(() => true),
      new Promise<false>((resolve) => setTimeout(resolve, STOP_BOUND_MS, false).unref()),
    ]);
    if (!isEnded) {
      this.process.kill('SIGKILL');
      await this.process.ended;
    }
    rmSync(this.#dataDir, REMOVAL);
    if (!isEnded) throw new Error(`the venue did not end within ${STOP_BOUND_MS} ms`);
  }
}

function spawnVenue(flags: readonly string[]): TestProcess {
  return new TestProcess([process.execPath, MAIN, ...flags], {
    cwd: WORKSPACE,
    env: { ...process.env, APCA_API_KEY_ID: KEYS.keyId, APCA_API_SECRET_KEY: KEYS.secret },
  });
}

async function isOpen(venue: TestProcess): Promise<void> {
  await venue.line(/"msg":"market open"/, { boundMs: 60_000 });
}

function asText(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { openJournalReader } from '@tickpath/journal';
import { addresses, type ServiceName } from '@tickpath/runtime';
import { eventually, networkAt, TestStack } from '@tickpath/testkit';
import { stringify } from 'yaml';
import { type Audited, audit, type Books, readBooks } from './book-audit.ts';
import { VenueWitness } from './venue-witness.ts';

/** What the venue lets a witness in with. */
const KEYS = { keyId: 'PKCHAOS', secretKey: 'churn' };
const INITIAL_CASH = '1000000';
const SYMBOLS = Array.from({ length: 12 }, (_, index) => `S${String(index).padStart(2, '0')}`);

/** Many symbols, no limit that holds it back, short waits. */
const PROFILE = {
  tracing: { exporter: 'none' },
  venue: {
    initialCashUsd: INITIAL_CASH,
    synthetic: { ticksPerSecond: 40, symbols: SYMBOLS.map((symbol) => ({ symbol, price: '100' })) },
  },
  signal: { symbols: SYMBOLS, strategy: join(import.meta.dirname, 'churn-strategy.ts'), heartbeatMs: 300 },
  risk: {
    heartbeatMs: 300,
    limits: {
      maxOrderNotionalUsd: '1000000000',
      maxPositionQty: '1000000000',
      maxPositionNotionalUsd: '1000000000000',
      maxGrossNotionalUsd: '1000000000000',
    },
  },
  execution: { heartbeatMs: 300, requestTimeoutMs: 1000, maxInFlightMs: 1000 },
};

/** The back-off of the supervisor reaches 10 s when one service is killed again and again. */
export const RECOVERY_MS = 40_000;

/** The services that keep a journal. */
const KEEPERS = ['venue', 'store', 'risk', 'execution'] as const;

/** A whole stack that trades all the time but for two seconds out of six, in which everything comes to rest. */
export class ChurnStack {
  readonly stack: TestStack;
  /** A file `SERVICE.POINT` in it has that service die at that point. */
  readonly failpointsDir: string;
  readonly #venue: VenueWitness;

  private constructor(stack: TestStack, dir: string) {
    this.stack = stack;
    this.failpointsDir = dir;
    this.#venue = new VenueWitness(addresses(networkAt(stack.portOffset)).httpUrl('venue'), KEYS);
  }

  /** Resolves when it trades. */
  static async start(): Promise<ChurnStack> {
    const dir = mkdtempSync(join(tmpdir(), 'tickpath-churn-'));
    const profile = join(dir, 'churn.yaml');
    writeFileSync(profile, stringify(PROFILE));
    const keys = [`--alpaca.keyId=${KEYS.keyId}`, `--alpaca.secretKey=${KEYS.secretKey}`];
    const env = { TICKPATH_FAILPOINTS_DIR: dir };
    const churn = new ChurnStack(await TestStack.start(['--profile', profile, ...keys], { env }), dir);
    await churn.stack.process.line(/"msg":"fill /, { boundMs: 60_000 });
    return churn;
  }

  get lines(): readonly string[] {
    return this.stack.process.lines;
  }

  async stop(): Promise<void> {
    await this.stack.stop();
    rmSync(this.failpointsDir, { recursive: true, force: true });
  }

  /** Waits until a service has said, behind line `from`, that it is ready. */
  async ready(service: ServiceName, from: number): Promise<void> {
    const said = new RegExp(`"service":"${service}".*"lifecycle":"ready"`);
    await this.stack.process.line(said, { from, boundMs: RECOVERY_MS });
  }

  /** Waits for a fill that is yet to come. */
  async tradesOn(): Promise<void> {
    await this.stack.process.line(/"msg":"fill /, { from: this.lines.length, boundMs: RECOVERY_MS });
  }

  /**
   * Waits until no order is open and risk has in its book what the venue has, then holds all books against each other.
   * However often services have died, the account was taken from the venue once, at the very first start.
   */
  async holdsTogether(): Promise<Audited> {
    const audited = audit(await this.#books(), INITIAL_CASH);
    assert.deepEqual(audited.faults, []);
    assert.equal(audited.rebases, 1, 'the account was taken from the venue once');
    assert.ok(audited.fills > 0);
    return audited;
  }

  /** Every journal is whole, the venue has never been sent an order twice, and nobody has halted or crashed by itself. */
  async holdsWhole(): Promise<void> {
    const metrics = await this.stack.metrics('venue');
    assert.doesNotMatch(metrics, /^tickpath_venue_orders_total\{.*refused.*\} [1-9]/m, 'the venue refused a repeat');
    for (const service of KEEPERS) {
      const journal = openJournalReader(join(this.stack.dataDir, `${service}.sqlite`));
      await journal.verify();
      journal.close();
    }
    const bad = this.lines.filter((line) => /trading is HALTED|died \(exit code|"level":"fatal"/.test(line));
    assert.deepEqual(bad, []);
  }

  /** All books as they are at one moment: nothing moved while they were read. */
  async #books(): Promise<Books> {
    for (;;) {
      await this.#atRest();
      const books = await readBooks(this.stack.dataDir, this.#venue);
      const again = await readBooks(this.stack.dataDir, this.#venue);
      if (isDeepStrictEqual(books, again)) return books;
    }
  }

  async #atRest(): Promise<void> {
    let seen: unknown;
    const look = async () => {
      seen = await this.#look();
      return (seen as { atRest: boolean }).atRest ? true : undefined;
    };
    try {
      // A service that is just coming back does not answer.
      await eventually('the stack at rest, the books equal', () => look().catch(() => undefined), RECOVERY_MS, 50);
    } catch (error) {
      throw new Error(`${(error as Error).message}: ${JSON.stringify(seen)}`);
    }
  }

  async #look() {
    const before = await this.#venue.book();
    const { reply: held } = await this.stack.ask('riskRequests', ['portfolioQuery', 'portfolio'], {
      requestId: 'book',
    });
    const orders = await this.#venue.orders();
    const after = await this.#venue.book();
    const positions = held.positions.filter(({ qty }) => qty !== '0');
    const book = {
      cash: held.cash,
      positions: Object.fromEntries(positions.map(({ symbol, qty, cost }) => [symbol, { qty, cost }])),
    };
    const open = orders.filter(({ status }) => status !== 'filled').length;
    const isEqual = isDeepStrictEqual(book, after) && held.imbalance === '0';
    const isStill = isDeepStrictEqual(before, after) && open === 0 && held.openOrders.length === 0;
    return {
      open,
      reserved: held.openOrders,
      state: held.state,
      isEqual,
      atRest: isStill && isEqual && held.state === 'ACTIVE',
    };
  }
}

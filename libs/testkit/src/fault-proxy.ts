import { setTimeout as sleep } from 'node:timers/promises';
import { type FaultCounts, FaultLane, type FaultStats } from './fault-lane.ts';
import { type Link, type LinkOptions, PubSubLink, PushPullLink, RouterLink, type Side } from './fault-links.ts';
import { checkFaults, type Faults } from './fault-plan.ts';

export interface FaultProxyOptions {
  readonly seed: number;
  /**
   * - `pub-sub`: upstream is a PUB, clients are SUBs.
   * - `push-pull`: upstream is a PUSH, clients are PULLs.
   * - `router`: upstream is a ROUTER, clients are REQs and DEALERs.
   */
  readonly kind: 'pub-sub' | 'push-pull' | 'router';
  /** Where clients connect instead: `tcp://127.0.0.1:*` finds a port. */
  readonly listen: string;
  /** The server's own address. */
  readonly upstream: string;
  readonly faults?: Faults;
  /** True for messages that are passed on as they are, such as heartbeats. Without the client's identity. */
  readonly spare?: (frames: readonly Buffer[]) => boolean;
}

/** From the server to its clients, from the clients to the server, or both. Subscriptions are never harmed. */
export type Direction = 'down' | 'up' | 'both';

/**
 * Stands between real sockets and drops, duplicates, reorders and delays whole messages, and cuts connections. Without
 * faults it passes everything on, in order. The fate of the n-th message of a direction follows from the seed and n
 * alone; spared messages are not counted in n. `stats` says what was really done, so that a test can prove it.
 */
export class FaultProxy {
  readonly #counts: FaultCounts = {
    forwarded: 0,
    dropped: 0,
    duplicated: 0,
    reordered: 0,
    delayed: 0,
    cuts: 0,
    lost: 0,
  };
  readonly #down: FaultLane;
  readonly #up: FaultLane;
  readonly #link: Link;
  #address = '';
  #cut: Side | undefined;

  private constructor(options: FaultProxyOptions) {
    this.#down = new FaultLane(options.seed, 0, this.#counts);
    this.#up = new FaultLane(options.seed, 1, this.#counts);
    this.set(options.faults ?? {});
    const { upstream, spare = () => false } = options;
    this.#link = makeLink(options.kind, {
      upstream,
      takeDown: (frames, send) => this.#down.take(frames, send, spare(frames)),
      takeUp: (frames, send) => this.#up.take(frames, send, spare(frames)),
      onUndelivered: () => {
        this.#counts.forwarded -= 1;
        this.#counts.lost += 1;
      },
    });
  }

  static async open(options: FaultProxyOptions): Promise<FaultProxy> {
    const proxy = new FaultProxy(options);
    proxy.#address = await proxy.#link.openClients(options.listen);
    proxy.#link.openUpstream();
    return proxy;
  }

  /** Where clients connect. */
  get address(): string {
    return this.#address;
  }

  /** From the next message on; what is on the way keeps its fate. Replaces all faults of that direction. */
  set(faults: Faults, direction: Direction = 'both'): void {
    checkFaults(faults);
    if (direction !== 'up') this.#down.faults = faults;
    if (direction !== 'down') this.#up.faults = faults;
  }

  stats(): FaultStats {
    return { ...this.#counts };
  }

  /** Cuts the connections of a side, and restores them after `ms`. */
  async cut(ms: number, side: Side = 'both'): Promise<void> {
    this.cutUntilRestored(side);
    await sleep(ms);
    await this.restore();
  }

  /** What is on the way is lost. Clients find nobody listening, or the server sees them leave, or both. */
  cutUntilRestored(side: Side = 'both'): void {
    if (this.#cut !== undefined) throw new Error(`already cut: ${this.#cut}`);
    this.#cut = side;
    this.#counts.cuts += 1;
    this.#close(side);
  }

  /** Resolves when clients can connect again; when they and their subscriptions are back is up to ZeroMQ. */
  async restore(): Promise<void> {
    const side = this.#cut;
    if (side === undefined) return;
    if (side !== 'clients') this.#link.openUpstream();
    if (side !== 'upstream') await this.#link.openClients(this.#address);
    this.#cut = undefined;
  }

  close(): void {
    this.#close('both');
  }

  #close(side: Side): void {
    if (side !== 'upstream') this.#link.closeClients();
    if (side !== 'clients') this.#link.closeUpstream();
    this.#down.cut();
    this.#up.cut();
  }
}

function makeLink(kind: FaultProxyOptions['kind'], options: LinkOptions): Link {
  if (kind === 'pub-sub') return new PubSubLink(options);
  return kind === 'push-pull' ? new PushPullLink(options) : new RouterLink(options);
}

import type { ServiceName } from '@tickpath/runtime';
import { eventually, TestStack } from '@tickpath/testkit';

/** The services that emit spans. */
export const EMITTERS = ['venue', 'signal', 'risk', 'execution'] as const satisfies ServiceName[];

export interface TracedOrder {
  readonly clOrdId: string;
  readonly traceId: string;
}

export interface SpanCounts {
  readonly exported: number;
  readonly dropped: Readonly<Record<string, number>>;
  readonly queued: number;
}

/** A whole stack whose orders are known by its log, and whose market can be stopped, so that what is open comes to an end. */
export class TracedStack {
  readonly stack: TestStack;
  #silenced: number | undefined;

  private constructor(stack: TestStack) {
    this.stack = stack;
  }

  static async start(url: string, flags: readonly string[]): Promise<TracedStack> {
    return new TracedStack(await TestStack.start([`--tracing.url=${url}`, ...flags]));
  }

  /** The orders that signal has decided, from line number `from` of the log on. */
  orders(from = 0): TracedOrder[] {
    return this.#lines(/"msg":"wants /, from);
  }

  /** Resolves when so many lines that match have been logged since line number `from`. */
  async sees(pattern: RegExp, count: number, from = 0): Promise<void> {
    await eventually(
      `${count} lines ${pattern}`,
      () => {
        if (!this.stack.process.running) throw new Error(`the stack ended\n${this.tail()}`);
        return this.stack.process.lines.slice(from).filter((line) => pattern.test(line)).length >= count || undefined;
      },
      120_000,
    );
  }

  /** Nothing of the market comes any more; resolves when every order is closed and every span exported or dropped. */
  async silenceMarket(): Promise<SpanCounts> {
    this.#silenced = (await this.stack.health('market-data')).pid;
    process.kill(this.#silenced, 'SIGSTOP');
    await eventually('every order closed', async () => {
      return (await this.value('signal', 'tickpath_signal_open_orders')) === 0 || undefined;
    });
    return eventually('every span exported or dropped', async () => {
      const counts = await this.spanCounts();
      return counts.queued === 0 ? counts : undefined;
    });
  }

  resumeMarket(): void {
    if (this.#silenced !== undefined) process.kill(this.#silenced, 'SIGCONT');
    this.#silenced = undefined;
  }

  async spanCounts(): Promise<SpanCounts> {
    const texts = await Promise.all(EMITTERS.map((service) => this.stack.metrics(service)));
    const sum = (series: string) => texts.reduce((total, text) => total + valueIn(text, series), 0);
    const reasons = ['queue_full', 'export_failed', 'not_made'];
    return {
      exported: sum('tickpath_spans_exported_total'),
      dropped: Object.fromEntries(
        reasons.map((reason) => [reason, sum(`tickpath_spans_dropped_total{reason="${reason}"}`)]),
      ),
      queued: sum('tickpath_spans_queued'),
    };
  }

  async value(service: ServiceName, series: string): Promise<number> {
    return valueIn(await this.stack.metrics(service), series);
  }

  /** SIGKILL; resolves when the supervisor has started it again and it is ready. */
  async kill(service: ServiceName): Promise<void> {
    const from = this.stack.process.lines.length;
    process.kill((await this.stack.health(service)).pid, 'SIGKILL');
    await this.stack.process.line(new RegExp(`"service":"${service}".*"lifecycle":"ready"`), { from });
  }

  stop(): Promise<{ code: number | null; tookMs: number }> {
    this.resumeMarket();
    return this.stack.stop();
  }

  tail(): string {
    return this.stack.process.lines.slice(-40).join('\n');
  }

  #lines(pattern: RegExp, from: number): TracedOrder[] {
    const lines = this.stack.process.lines.slice(from).filter((line) => pattern.test(line));
    return lines.map((line) => JSON.parse(line) as TracedOrder);
  }
}

function valueIn(text: string, series: string): number {
  const line = text.split('\n').find((each) => each.startsWith(`${series} `));
  return Number(line?.slice(series.length + 1) ?? 0);
}

import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { Children } from '../measure/children.ts';
import type { LogProcessArguments, Order, Report } from './channel.ts';

const PROCESS = fileURLToPath(new URL('./log-process.ts', import.meta.url));

/** A process that holds a log open and measures it. */
export class LogProcess {
  readonly given: LogProcessArguments;
  readonly #children: Children;
  readonly #child: ChildProcess;
  #lastSeq: number;

  private constructor(given: LogProcessArguments, children: Children, child: ChildProcess, lastSeq: number) {
    this.given = given;
    this.#children = children;
    this.#child = child;
    this.#lastSeq = lastSeq;
  }

  /** Resolves when the log is open, or built. */
  static async start(children: Children, given: LogProcessArguments): Promise<LogProcess> {
    const { child, report } = await LogProcess.run<Report>(children, given);
    return new LogProcess(given, children, child, report.lastSeq);
  }

  /** Starts a process and resolves with the first thing it says; it runs on. */
  static async run<Answer>(
    children: Children,
    given: LogProcessArguments,
  ): Promise<{ readonly child: ChildProcess; readonly report: Answer }> {
    const name = `${given.variant}-${given.role}`;
    const child = children.start({
      name,
      args: ['--disable-warning=ExperimentalWarning', PROCESS, JSON.stringify(given)],
      ipc: true,
    });
    const [report] = await once(child, 'message');
    return { child, report: report as Answer };
  }

  /** The last event that it said was committed. */
  get lastSeq(): number {
    return this.#lastSeq;
  }

  async ask(order: Order): Promise<Report> {
    const answered = once(this.#child, 'message');
    this.#child.send(order);
    const [report] = (await answered) as [Report];
    this.#lastSeq = report.lastSeq;
    return report;
  }

  /** Ends it as kill -9 does. */
  async kill(): Promise<void> {
    await this.#children.stop([this.#child], 'SIGKILL');
  }
}

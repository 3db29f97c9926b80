import { join } from 'node:path';
import { TestProcess } from '@tickpath/testkit';
import { type Command, type Said, saidIn, type WriterSettings } from './writer-protocol.ts';

const PROCESS = join(import.meta.dirname, 'writer-process.ts');

/** A process that appends to a journal. */
export class Writer {
  readonly process: TestProcess;

  constructor(settings: WriterSettings) {
    this.process = new TestProcess([process.execPath, PROCESS, JSON.stringify(settings)]);
  }

  get said(): Said[] {
    return saidIn(this.process.lines);
  }

  /** The first line of a kind from line number `from` on. */
  async line<At extends Said['at']>(at: At, from = 0): Promise<Extract<Said, { at: At }>> {
    const line = await this.process.line(new RegExp(`^\\{"at":"${at}"`), { from, boundMs: 60_000 });
    return JSON.parse(line) as Extract<Said, { at: At }>;
  }

  /** Tells it what to do next; returns the number of the first line it says after that. */
  command(command: Command): number {
    this.process.write(`${command}\n`);
    return this.process.lines.length;
  }

  /** As kill -9; resolves when nothing of it is left, and all it has said has been read. */
  async kill(): Promise<void> {
    this.process.kill('SIGKILL');
    await this.process.ended;
  }
}

import { openBareLog } from './bare-log.ts';
import type { LogProcessArguments, Order, Recovered, Report } from './channel.ts';
import { openJournalLog } from './journal-log.ts';
import { BenchBook, type BenchLog, payloadOf } from './log.ts';
import { measured } from './rounds.ts';

/** A process with one log, of libs/journal or of bare node:sqlite; `process.argv[2]` says which and what for. */
const given: LogProcessArguments = JSON.parse(process.argv[2] ?? '{}');
const BUILD_TRANSACTION = 250;
/** Events after the last snapshot: as many as a journal that takes one each 10,000 events has at most. */
const TAIL = 10_000;
const BARE_DEFAULT_CHECKPOINT = 1000;

const say = (report: Report | Recovered) => void process.send?.(report);

async function open(): Promise<BenchLog> {
  if (given.variant === 'journal') return openJournalLog(given.path);
  return openBareLog({ path: given.path, autoCheckpoint: given.role === 'holds' ? BARE_DEFAULT_CHECKPOINT : 0 });
}

/** A log with a snapshot and a tail, its WAL left as a killed process leaves it. */
async function build(events: number): Promise<void> {
  const log = await open();
  const book = new BenchBook();
  const snapshotAt = Math.max(0, events - TAIL);
  while (log.lastSeq < events) {
    const until = log.lastSeq < snapshotAt ? snapshotAt : events;
    const count = Math.min(BUILD_TRANSACTION, until - log.lastSeq);
    const payloads = Array.from({ length: count }, (_, index) => payloadOf(log.lastSeq + index));
    log.commit(payloads);
    payloads.forEach(book.apply);
    if (log.lastSeq === snapshotAt) await log.saveSnapshot(book.state);
    // The journal's own checkpoints run beside this one only while it lets them.
    if (log.lastSeq % (100 * BUILD_TRANSACTION) === 0) await log.settle();
  }
  await log.flush();
  say({ type: 'ready', lastSeq: log.lastSeq });
}

/** From a closed file to the state as it was: what a service does before it is ready. */
async function recover(): Promise<void> {
  const from = performance.now();
  const log = await open();
  const kept = log.loadSnapshot();
  const book = new BenchBook(kept?.state);
  const tailEvents = log.read(kept?.seq ?? 0, book.apply);
  const ms = performance.now() - from;
  say({ ms, lastSeq: log.lastSeq, stateEvents: book.state.events, tailEvents });
}

/** Counts what is there, row by row. */
async function count(): Promise<void> {
  const log = await open();
  const events = log.read(0, () => {});
  say({ type: 'rate', perSecond: 0, events, lastSeq: log.lastSeq });
}

async function measure(): Promise<void> {
  const log = await open();
  process.on('message', (order: Order) => {
    measured(log, order).then(say, (error: unknown) => {
      console.error(error);
      process.exit(1);
    });
  });
  say({ type: 'ready', lastSeq: log.lastSeq });
}

switch (given.role) {
  case 'build':
    await build(given.events ?? 0);
    break;
  case 'recover':
    await recover();
    break;
  case 'count':
    await count();
    break;
  case 'measure':
  case 'holds':
    await measure();
    break;
}
// Whoever reads the answer kills this process: what it measured must outlive that.
setInterval(() => {}, 1000);

import { parentPort, workerData } from 'node:worker_threads';
import { Database } from './database.ts';
import { JournalError, toJournalError } from './errors.ts';
import { readSnapshot } from './snapshot-table.ts';
import type { FromThread, ThreadOptions, ToThread } from './thread-messages.ts';
import { verifyDatabase } from './verification.ts';

/** Reports of a check's progress are this many events apart, at least. */
const PROGRESS_EVENTS = 20_000;

// The body of the thread that does what would hold up the event loop, on a connection of its own: this module is its start.
const port = parentPort;
if (port === null) throw new Error('journal-thread.ts runs as a worker thread');
const tell = (message: FromThread) => port.postMessage(message);
const { path, readOnly } = workerData as ThreadOptions;
const database = new Database(path, { readOnly });
database.configure('NORMAL');

port.on('message', (message: ToThread) => {
  try {
    tell(answerTo(message));
  } catch (error) {
    const fault = toJournalError(error, path, `cannot ${message.type}`);
    tell({
      type: 'failed',
      code: fault instanceof JournalError ? fault.code : 'JOURNAL_FAILED',
      message: fault.message,
    });
  }
  if (message.type === 'close') port.close();
});
tell({ type: 'ready' });

function answerTo(message: ToThread): FromThread {
  switch (message.type) {
    case 'checkpoint':
      return { type: 'checkpointed', wal: database.checkpoint() };
    case 'prove':
      readSnapshot(database, message.snapshotId);
      return { type: 'proved', snapshotId: message.snapshotId };
    case 'verify':
      return { type: 'verified', verified: verifyAll() };
    case 'close':
      database.close();
      return { type: 'closed' };
  }
}

function verifyAll() {
  const check = verifyDatabase(database);
  let reported = 0;
  for (;;) {
    const step = check.next();
    if (step.done) return step.value;
    if (step.value.done - reported < PROGRESS_EVENTS) continue;
    reported = step.value.done;
    tell({ type: 'verifying', ...step.value });
  }
}

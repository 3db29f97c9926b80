import { setPriority } from 'node:os';
import { parentPort, workerData } from 'node:worker_threads';
import type { ExportThreadOptions, FromExportThread, ToExportThread } from './tracing-messages.ts';

const BELOW_TRADING = 10;

// The body of the exporting thread: this module is its start.
const port = parentPort;
if (port === null) throw new Error('tracing-thread.ts runs as a worker thread');
giveWay();
// Loading the SDK is the longest that this thread ever works.
const { createExportLoop } = await import('./tracing-export.ts');
const tell = (message: FromExportThread) => port.postMessage(message);
const loop = createExportLoop(workerData as ExportThreadOptions, tell);

port.on('message', async (message: ToExportThread) => {
  if (message.type === 'spans') return loop.add(message.spans);
  await loop.close();
  tell({ type: 'closed' });
});

/**
 * On a busy machine the threads that trade come first. The share that is left, a tenth of a core against one of them, is
 * still enough for hundreds of spans a second.
 */
function giveWay(): void {
  // Linux alone has priorities of threads; elsewhere the whole process would give way.
  if (process.platform !== 'linux') return;
  try {
    setPriority(BELOW_TRADING);
  } catch {
    // A sandbox that forbids it costs the courtesy, not the spans.
  }
}

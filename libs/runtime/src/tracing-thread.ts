import { parentPort, workerData } from 'node:worker_threads';
import { createExportLoop } from './tracing-export.ts';
import type { ExportThreadOptions, FromExportThread, ToExportThread } from './tracing-messages.ts';

// The body of the exporting thread: this module is its start.
const port = parentPort;
if (port === null) throw new Error('tracing-thread.ts runs as a worker thread');
const tell = (message: FromExportThread) => port.postMessage(message);
const loop = createExportLoop(workerData as ExportThreadOptions, tell);

port.on('message', async (message: ToExportThread) => {
  if (message.type === 'spans') return loop.add(message.spans);
  await loop.close();
  tell({ type: 'closed' });
});

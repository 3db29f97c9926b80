import { parentPort } from 'node:worker_threads';
import type { Schedule } from './pacer.ts';

const NEVER = new Int32Array(new SharedArrayBuffer(4));

parentPort?.on('message', ({ startNs, slotNs, slots }: Schedule) => {
  for (let slot = 0; slot < slots; slot += 1) {
    const waitNs = Number(startNs + BigInt(slot) * slotNs - process.hrtime.bigint());
    if (waitNs > 0) Atomics.wait(NEVER, 0, 0, waitNs / 1e6);
    parentPort?.postMessage(slot);
  }
});

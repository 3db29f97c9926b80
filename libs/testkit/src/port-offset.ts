import { once } from 'node:events';
import { createServer, type Server } from 'node:net';
import { PORTS } from '@tickpath/runtime';

/** Below those that the kernel gives to connections: one of them could take a port between our look and its listener. */
const BEYOND_PORT = 32_768;
const HIGHEST_PORT = Math.max(...Object.values(PORTS).map(({ port }) => port));
/** So far apart that no two offsets have a port in common: checked by a test. */
export const OFFSET_STEP = 80;
const OFFSETS = Math.floor((BEYOND_PORT - HIGHEST_PORT) / OFFSET_STEP);
/** Of an offset, a port that no service has: whoever listens there has the offset. */
const GUARD_PORT = 5600;

/** An offset at which every port of a stack is free, and which no other process is given as long as this one lives. */
export async function freePortOffset(): Promise<number> {
  const first = Math.floor(Math.random() * OFFSETS);
  for (let next = 0; next < OFFSETS; next += 1) {
    const offset = (1 + ((first + next) % OFFSETS)) * OFFSET_STEP;
    const guard = await listenerAt(GUARD_PORT + offset);
    if (guard === undefined) continue;
    const free = await Promise.all(Object.values(PORTS).map(({ port }) => isFree(port + offset)));
    if (free.every(Boolean)) return offset;
    guard.close();
  }
  throw new Error(`none of ${OFFSETS} offsets has all of its ports free`);
}

async function isFree(port: number): Promise<boolean> {
  const server = await listenerAt(port);
  if (server === undefined) return false;
  await new Promise((resolve) => server.close(resolve));
  return true;
}

/** It does not keep the process alive; undefined where somebody else listens. */
async function listenerAt(port: number): Promise<Server | undefined> {
  const server = createServer().unref();
  try {
    server.listen(port, '127.0.0.1');
    await once(server, 'listening');
    return server;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EADDRINUSE') return undefined;
    throw error;
  }
}

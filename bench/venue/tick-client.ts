import { WebSocket } from 'ws';
import { KEY_HEADERS } from './servers.ts';

/** What the bench says to a process that reads ticks. */
export type TickOrder =
  | { readonly type: 'connect'; readonly url: string }
  | { readonly type: 'counts' }
  | { readonly type: 'close' };

/** What it has read since it connected. */
export interface TickCounts {
  readonly ticks: number;
  readonly frames: number;
  readonly bytes: number;
  /** Trades missing between two that came. */
  readonly missing: number;
  /** When it was counted, in milliseconds of this process. */
  readonly atMs: number;
  /** Why the connection is gone, if it is. */
  readonly closed: string | null;
}

interface Message {
  readonly T: string;
  readonly S: string;
  readonly i: number;
  readonly msg?: string;
}

let socket: WebSocket | undefined;
let ticks = 0;
let frames = 0;
let bytes = 0;
let missing = 0;
let closed: string | null = null;
const lastIds = new Map<string, number>();

function take(data: Buffer, onSubscribed: () => void): void {
  const messages = JSON.parse(String(data)) as Message[];
  const [first] = messages;
  if (first?.T === 'success' || first?.T === 'subscription' || first?.T === 'error') {
    if (first.msg === 'authenticated') {
      socket?.send(JSON.stringify({ action: 'subscribe', trades: ['*'], quotes: ['*'] }));
    }
    if (first.T === 'subscription') onSubscribed();
    if (first.T === 'error') closed = JSON.stringify(first);
    return;
  }
  frames += 1;
  bytes += data.length;
  for (const { T, S, i } of messages) {
    if (T !== 't' && T !== 'q') continue;
    ticks += 1;
    if (T === 'q') continue;
    const last = lastIds.get(S);
    if (last !== undefined) missing += i - last - 1;
    lastIds.set(S, i);
  }
}

async function connect(url: string): Promise<void> {
  ticks = frames = bytes = missing = 0;
  closed = null;
  lastIds.clear();
  const opened = new WebSocket(`${url.replace('http', 'ws')}/v2/iex`, {
    headers: KEY_HEADERS,
    perMessageDeflate: false,
  });
  socket = opened;
  await new Promise<void>((resolve, reject) => {
    opened.on('message', (data: Buffer) => take(data, resolve));
    opened.on('error', reject);
    opened.on('close', (code) => {
      closed ??= `closed with ${code}`;
      reject(new Error(closed));
    });
  });
}

process.on('message', (order: TickOrder) => {
  if (order.type === 'counts') {
    process.send?.({ ticks, frames, bytes, missing, atMs: performance.now(), closed } satisfies TickCounts);
    return;
  }
  if (order.type === 'close') {
    socket?.terminate();
    process.send?.({});
    return;
  }
  connect(order.url).then(
    () => process.send?.({}),
    (error: unknown) => {
      console.error(error);
      process.exit(1);
    },
  );
});
for (const end of ['disconnect', 'SIGTERM', 'SIGINT']) process.on(end, () => process.exit());
process.send?.({});

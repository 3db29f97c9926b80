import { createClock } from '@tickpath/runtime';
import { rfc3339ToNs } from '@tickpath/trading';
import { WebSocket } from 'ws';
import { Durations, type Percentiles } from '../measure/durations.ts';

/** What a reader that only parses has to say when a round has ended. */
export interface BareRound {
  /** Trades and quotes. */
  readonly ticks: number;
  /** From the time that a message bears to parsed. */
  readonly latency: Percentiles;
}

/** The least a reader can do: takes frames from the socket of its argument and parses them. */
const clock = createClock();
const socket = new WebSocket(String(process.argv[2]), { perMessageDeflate: false });
let ticks = 0;
let latency = new Durations();
socket.on('open', () => socket.send(JSON.stringify({ action: 'subscribe' })));
socket.on('message', (data) => {
  const frame = JSON.parse(String(data)) as { readonly T: string; readonly t?: string; readonly i?: unknown }[];
  const nowNs = clock.nowNs();
  for (const { T, t, i } of frame) {
    if (t === undefined) continue;
    if (T !== 'o') ticks += 1;
    latency.record(Number(nowNs - (rfc3339ToNs(t) ?? nowNs)));
    if (typeof i !== 'string') continue;
    process.send?.({ ticks, latency: latency.percentiles() } satisfies BareRound);
    ticks = 0;
    latency = new Durations();
  }
});

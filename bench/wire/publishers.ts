import { once } from 'node:events';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { encodeEnvelope, MarketPublisher, NO_METRICS } from '@tickpath/wire';
import { Publisher } from 'zeromq';
import type { Children } from '../measure/children.ts';
import type { Mode, Order, Report } from './channel.ts';
import { TOPIC, TRADE } from './trade.ts';

/** A publisher with its process of subscribers, ready to send. */
export interface Line {
  /** Sends as fast as it can until every subscriber has all; messages per second. */
  throughput(messages: number): Promise<number>;
  /** Sends one message each millisecond; nanoseconds from sending to the subscriber's code. */
  latencies(messages: number): Promise<readonly number[]>;
  close(): void;
}

export interface LineOptions {
  readonly children: Children;
  readonly port: number;
  readonly subscribers: number;
}

/** Messages handed over between two turns of the event loop. */
const BURST = 64;
const SUBSCRIBERS = `${import.meta.dirname}/subscribers.ts`;

export async function bareLine(options: LineOptions): Promise<Line> {
  const socket = new Publisher({ sendHighWaterMark: 0, linger: 0 });
  const address = `tcp://127.0.0.1:${options.port}`;
  await socket.bind(address);
  const topic = Buffer.from(TOPIC);
  const payload = encodedTrade();
  const hello = setInterval(() => void socket.send(['hello', '']).catch(() => {}), 200);
  const subscribers = await startSubscribers('bare', options, [address, '-']);
  clearInterval(hello);
  return {
    throughput: (messages) =>
      subscribers.timed({ type: 'count', messages }, async () => {
        for (let i = 0; i < messages; i += 1) {
          await socket.send([topic, payload]);
          if (i % BURST === 0) await nextTurn();
        }
      }),
    latencies: (messages) =>
      subscribers.paced(messages, () => {
        const stamped = Buffer.from(payload);
        stamped.writeBigInt64LE(process.hrtime.bigint(), 0);
        void socket.send([topic, stamped]);
      }),
    close: () => socket.close(),
  };
}

export async function wireLine(options: LineOptions & { readonly batchBytes: number }): Promise<Line> {
  const bind = { stream: `tcp://127.0.0.1:${options.port}`, control: `tcp://127.0.0.1:${options.port + 1}` };
  const publisher = await MarketPublisher.open({
    source: 'market-data',
    epoch: 1,
    bind,
    nowNs: () => process.hrtime.bigint(),
    metrics: NO_METRICS,
    sendHighWaterMark: 0,
    ringBytes: 64 * 1024 * 1024,
    queueBytes: 64 * 1024 * 1024,
    batchBytes: options.batchBytes,
    heartbeatMs: 1000,
    flow: { requiredFollowers: [], maxLag: 1, maxLagBytes: 1, markEvery: 1 },
    onFlow: () => {},
  });
  publisher.identify({ run: 'bench', pace: 'live' });
  const subscribers = await startSubscribers('wire', options, [bind.stream, bind.control]);
  return {
    throughput: (messages) =>
      subscribers.timed({ type: 'count', messages }, async () => {
        for (let i = 0; i < messages; i += 1) {
          publisher.publish(TOPIC, 'trade', TRADE);
          if (i % BURST === 0) await nextTurn();
        }
      }),
    latencies: (messages) => subscribers.paced(messages, () => publisher.publish(TOPIC, 'trade', TRADE)),
    close: () => publisher.close(),
  };
}

function encodedTrade(): Buffer {
  const header = { source: 'market-data', epoch: 1, seq: 1, tsNs: process.hrtime.bigint(), traceparent: null };
  return encodeEnvelope('trade', header, TRADE);
}

async function startSubscribers(mode: Mode, { children, subscribers }: LineOptions, addresses: readonly string[]) {
  const args = [SUBSCRIBERS, mode, ...addresses, String(subscribers)];
  const child = children.start({ name: `${mode}-${subscribers}`, args, ipc: true });
  await Promise.race([once(child, 'message'), children.failure]);
  const answer = async (order: Order, send: () => Promise<void>): Promise<Report> => {
    const taken = once(child, 'message');
    child.send(order);
    // Nothing is sent before the subscribers know what to count.
    await Promise.race([taken, children.failure]);
    const report = once(child, 'message');
    await send();
    const [message] = await Promise.race([report, children.failure]);
    return message as Report;
  };
  return {
    async timed(order: Order, send: () => Promise<void>): Promise<number> {
      let begunMs = 0;
      await answer(order, () => {
        begunMs = performance.now();
        return send();
      });
      return (order.messages / (performance.now() - begunMs)) * 1000;
    },
    async paced(messages: number, send: () => void): Promise<readonly number[]> {
      const report = await answer({ type: 'latency', messages }, async () => {
        for (let i = 0; i < messages; i += 1) {
          send();
          await new Promise((resolve) => setTimeout(resolve, 1));
        }
      });
      return report.type === 'latencies' ? report.ns : [];
    },
  };
}

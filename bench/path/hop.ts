import { type Addresses, addresses } from '@tickpath/runtime';
import { Pool } from 'undici';
import { WebSocket } from 'ws';
import { Publisher, Request, Router, Subscriber } from 'zeromq';
import type { HopWork } from './hop-work.ts';
import { networkAt } from './network.ts';
import { relayWork } from './relay-work.ts';
import { straightLineWork } from './straight-line-work.ts';

/**
 * One process of a baseline: `hop.ts WORK ROLE PORT-OFFSET`. It opens the sockets that the service of that name opens on
 * the way from a tick to its order, on Tickpath's ports, and does to each message what the work says. It ends with the
 * driver.
 */
const [workName, role, portOffset] = process.argv.slice(2);
const at = addresses(networkAt(Number(portOffset)));

/** As the services set it; large enough that a round without flow control loses nothing. */
const HIGH_WATER_MARK = 200_000;
const LOG_TOPIC = Buffer.from(`$log/${'0'.repeat(36)}`);
const ORDER_HEADERS = {
  'apca-api-key-id': '',
  'apca-api-secret-key': '',
  'content-type': 'application/json',
  traceparent: `00-${'0'.repeat(32)}-${'0'.repeat(16)}-01`,
};
/** A data frame begins `[{"T":"t"`; the venue's control frames have another letter or a longer word there. */
const TRADE_FRAME = Buffer.from('[{"T":"t"');

let ticks = 0;

const ROLES: Readonly<Record<string, <M>(work: HopWork<M>, at: Addresses) => Promise<void>>> = {
  'market-data': marketData,
  store,
  signal,
  risk,
  execution,
};

async function main(): Promise<void> {
  const start = ROLES[role ?? ''];
  if (start === undefined) throw new Error(`no role ${role}`);
  if (workName === 'relay') await start(relayWork(), at);
  else await start(straightLineWork(), at);
  process.on('message', () => process.send?.({ ticks }));
  for (const end of ['disconnect', 'SIGTERM', 'SIGINT']) process.on(end, () => process.exit());
  process.send?.({ ready: true });
}

/** WebSocket in, PUB out: what arrives in one turn leaves as one message a topic, as in Tickpath. */
async function marketData<M>(work: HopWork<M>, { bind, httpUrl }: Addresses): Promise<void> {
  // With a timeout of 0 every send is done at once; without it zeromq puts off each 513th and refuses those after it.
  const stream = new Publisher({ linger: 0, sendHighWaterMark: HIGH_WATER_MARK, sendTimeout: 0 });
  await stream.bind(bind('marketStream'));
  const waiting = new Map<string, Buffer[]>();
  const flush = () => {
    for (const [topic, messages] of waiting) {
      const [first] = messages;
      void stream.send([topic, messages.length === 1 && first !== undefined ? first : Buffer.concat(messages)]);
    }
    waiting.clear();
  };
  const onTick = (topic: string, message: Buffer) => {
    if (waiting.size === 0) queueMicrotask(flush);
    const messages = waiting.get(topic);
    if (messages === undefined) waiting.set(topic, [message]);
    else messages.push(message);
  };
  const socket = new WebSocket(`${httpUrl('venue').replace('http', 'ws')}/v2/iex`, { perMessageDeflate: false });
  socket.on('open', () => socket.send(JSON.stringify({ action: 'subscribe', trades: ['*'], quotes: ['*'] })));
  socket.on('message', (data: Buffer) => {
    if (data.subarray(0, TRADE_FRAME.length).equals(TRADE_FRAME)) work.readFrame(data, onTick);
  });
  await new Promise((resolve) => socket.once('message', resolve));
}

async function store<M>(work: HopWork<M>, addressesOf: Addresses): Promise<void> {
  void follow(work, addressesOf, () => {});
}

/** SUB in, REQ to risk for marked ticks, one at a time; and risk's log, which is left unread. */
async function signal<M>(work: HopWork<M>, addressesOf: Addresses): Promise<void> {
  const checks = new Request({ linger: 0 });
  checks.connect(addressesOf.connect('riskRequests'));
  let last: Promise<void> = Promise.resolve();
  const ask = async (request: Buffer): Promise<void> => {
    await checks.send(request);
    const [decision] = await checks.receive();
    work.takeDecision(decision as Buffer);
  };
  void follow(work, addressesOf, (tick) => {
    const request = work.riskCheck(tick);
    last = last.then(() => ask(request));
  });
  void discard(subscriberTo(addressesOf.connect('riskLog')));
}

/** ROUTER in, PUB and the answer out, in that order; and the market stream, which prices the orders. */
async function risk<M>(work: HopWork<M>, addressesOf: Addresses): Promise<void> {
  const requests = new Router({ linger: 0 });
  const log = new Publisher({ linger: 0 });
  await requests.bind(addressesOf.bind('riskRequests'));
  await log.bind(addressesOf.bind('riskLog'));
  void follow(work, addressesOf, () => {});
  void (async () => {
    for await (const frames of requests) {
      const { approval, decision } = work.approve(frames.at(-1) as Buffer);
      await log.send([LOG_TOPIC, approval]);
      await requests.send([...frames.slice(0, -1), decision]);
    }
  })();
}

/** SUB in, HTTP out. */
async function execution<M>(work: HopWork<M>, { connect, httpUrl }: Addresses): Promise<void> {
  const venue = new Pool(httpUrl('venue'), { connections: 8, pipelining: 1 });
  const submit = async (approval: Buffer): Promise<void> => {
    const body = work.orderBody(approval);
    const answer = await venue.request({ method: 'POST', path: '/v2/orders', headers: ORDER_HEADERS, body });
    await work.takeAnswer(answer.body);
  };
  const log = subscriberTo(connect('riskLog'));
  void (async () => {
    for await (const [, approval] of log) void submit(approval as Buffer);
  })();
}

async function follow<M>(work: HopWork<M>, { connect }: Addresses, onMarked: (tick: M) => void): Promise<void> {
  for await (const [, message] of subscriberTo(connect('marketStream'))) {
    ticks += work.takeTicks(message as Buffer, onMarked);
  }
}

async function discard(stream: Subscriber): Promise<void> {
  for await (const _ of stream);
}

function subscriberTo(address: string): Subscriber {
  const subscriber = new Subscriber({ linger: 0, receiveHighWaterMark: HIGH_WATER_MARK });
  subscriber.connect(address);
  subscriber.subscribe();
  return subscriber;
}

await main();

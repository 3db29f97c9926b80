import {
  createAlpacaProtocol,
  type MarketConfig,
  type MarketObserver,
  openMarket,
  stepMarket,
} from '@tickpath/market-data/core';
import { BAR_INTERVALS_NS, type BarInterval } from '@tickpath/trading';
import { MarketPublisher, NO_METRICS } from '@tickpath/wire';
import { pack } from 'msgpackr';
import { randomFrom } from './random.ts';

const SYMBOLS = 20;
const LEVELS = 50;
const PRICE = 60_000;
const PER_SECOND = 10_000;
const NS_PER_MESSAGE = BigInt(1_000_000_000 / PER_SECOND);
const BEGUN_MS = Date.UTC(2026, 0, 5, 12);
/** Frames between two turns of the event loop, in which the publisher sends. */
const FRAMES_A_TURN = 20;

const CONFIG: MarketConfig = {
  quality: {
    priceJump: { severity: 'halt', maxRatio: 0.1, confirmations: 3 },
    crossedQuote: { severity: 'tag' },
    stale: { severity: 'halt', afterMs: 60_000 },
    futureTime: { severity: 'tag', toleranceMs: 5_000 },
    notPositive: { severity: 'tag' },
    outlier: { severity: 'count', window: 100, maxScore: 3.5, minRatio: 0.01 },
    cleanMs: 1_000,
  },
  bars: {
    intervals: Object.keys(BAR_INTERVALS_NS) as BarInterval[],
    ...{ graceMs: 0, session: 'all', conditions: 'alpaca', reviseWithinMs: 3_600_000, heldTrades: 2_000, activity: [] },
  },
  bookSnapshotMs: 1_000,
  isLive: true,
};

/** Messages a second of one process, from the frame's text to what is handed to the socket. */
export interface PipelineRound {
  readonly pipeline: number;
  /** The same frames only parsed, and each message packed: no reading, judging, books, bars, numbering or ring. */
  readonly bare: number;
  /** Messages published for each that came in. */
  readonly published: number;
}

/** Trades, quotes and changes of books (2 : 2 : 1) of 20 pairs, in frames of so many. */
export async function pipelineRound(
  messages: number,
  { frameSize, seed = 1 }: { readonly frameSize: number; readonly seed?: number },
): Promise<PipelineRound> {
  const frames = framesOf(messages, frameSize, seed);
  const bareBegun = performance.now();
  let bytes = 0;
  for (const frame of frames) for (const message of JSON.parse(frame)) bytes += pack(Object.values(message)).length;
  const bare = (1000 * messages) / (performance.now() - bareBegun);
  if (bytes === 0) throw new Error('nothing was packed');
  const publisher = await openPublisher();
  try {
    const { seconds, published } = await play(frames, publisher);
    return { pipeline: messages / seconds, bare, published: published / messages };
  } finally {
    publisher.close();
  }
}

async function play(frames: readonly string[], publisher: MarketPublisher) {
  const protocol = subscribed();
  const market = openMarket(CONFIG);
  const faults: string[] = [];
  const observer = observerOf(faults);
  let receivedNs = BigInt(BEGUN_MS) * 1_000_000n;
  let published = 0;
  const begun = performance.now();
  for (const [index, frame] of frames.entries()) {
    const stamps = { receivedNs, decodedNs: receivedNs };
    const outputs = protocol.receive(frame, stamps);
    receivedNs += NS_PER_MESSAGE * BigInt(outputs.length);
    for (const output of stepMarket(market, { type: 'feed', outputs, stamps }, observer)) {
      if (output.kind === 'resync') throw new Error(`the book of ${output.symbol} is ${output.reason}`);
      publisher.publish(output.topic, output.kind, output.payload);
      published += 1;
    }
    if (index % FRAMES_A_TURN === 0) await new Promise((resolve) => setImmediate(resolve));
  }
  const seconds = (performance.now() - begun) / 1000;
  if (faults.length > 0) throw new Error(`${faults.length} faults in a market without any, the first: ${faults[0]}`);
  return { seconds, published };
}

function subscribed() {
  const channels = ['trades', 'quotes', 'orderbooks'] as const;
  const protocol = createAlpacaProtocol({
    ...{ assetClass: 'crypto', feed: 'us', keyId: 'key', secretKey: 'secret', channels },
    ...{ quoteSizeUnit: 1, recoversTrades: false },
  });
  const symbols = Array.from({ length: SYMBOLS }, (_, index) => pairOf(index));
  const stamps = { receivedNs: 0n, decodedNs: 0n };
  protocol.subscribe(symbols.map((symbol) => symbol.replace('/', '-')));
  const answers = [
    { T: 'success', msg: 'connected' },
    { T: 'success', msg: 'authenticated' },
    { T: 'subscription', trades: symbols, quotes: symbols, orderbooks: symbols },
  ];
  for (const answer of answers) protocol.receive(JSON.stringify([answer]), stamps);
  return protocol;
}

function observerOf(faults: string[]): MarketObserver {
  return {
    rejected: ({ text }) => void faults.push(text),
    violated: (symbol, { text }) => void faults.push(`${symbol} ${text}`),
    unbarred: (symbol, reason) => void faults.push(`${symbol} ${reason}`),
    bookInvalid: (symbol, reason) => void faults.push(`${symbol} ${reason}`),
    dropped: ({ kind }) => void faults.push(kind),
    unpublished: () => {},
  };
}

/** Nobody subscribes: what the socket then does with a message is not measured. */
function openPublisher(): Promise<MarketPublisher> {
  return MarketPublisher.open({
    ...{ source: 'market-data', epoch: 1, nowNs: () => process.hrtime.bigint(), metrics: NO_METRICS },
    ...{ heartbeatMs: 1_000, sendHighWaterMark: 200_000, ringBytes: 67_108_864, queueBytes: 16_777_216 },
    bind: { stream: 'inproc://pipeline', control: 'inproc://pipeline-control' },
    batchBytes: 65_536,
    flow: { requiredFollowers: [], maxLag: 1e9, maxLagBytes: 1e9, markEvery: 500 },
    onFlow: () => {},
  });
}

function pairOf(index: number): string {
  return `C${String(index).padStart(2, '0')}/USD`;
}

/** First a snapshot of each book, then the mix; bids stay below the price and asks above it. */
function framesOf(messages: number, frameSize: number, seed: number): string[] {
  const random = randomFrom(seed);
  const made = Array.from({ length: messages }, (_, index) => {
    const S = pairOf(index % SYMBOLS);
    const t = timeOf(index);
    if (index < SYMBOLS) return { T: 'o', S, t, b: sideOf(-1, LEVELS, random), a: sideOf(1, LEVELS, random), r: true };
    const px = PRICE + random(-50, 50) / 100;
    const kind = Math.floor(index / SYMBOLS) % 5;
    if (kind < 2) return { T: 't', S, t, p: px, s: random(1, 999) / 1000, i: index, tks: index % 2 ? 'B' : 'S' };
    if (kind < 4) return { T: 'q', S, t, bp: px - 0.6, bs: random(1, 99) / 10, ap: px + 0.6, as: random(1, 99) / 10 };
    return { T: 'o', S, t, b: sideOf(-1, 2, random), a: sideOf(1, 2, random) };
  });
  const frames: string[] = [];
  for (let at = 0; at < made.length; at += frameSize) frames.push(JSON.stringify(made.slice(at, at + frameSize)));
  return frames;
}

function sideOf(sign: 1 | -1, count: number, random: (low: number, high: number) => number) {
  return Array.from({ length: count }, () => {
    return { p: (100 * PRICE + sign * random(1, 80)) / 100, s: random(1, 999) / 1000 };
  });
}

function timeOf(index: number): string {
  const ns = BigInt(index) * NS_PER_MESSAGE;
  const second = new Date(BEGUN_MS + 1000 * Number(ns / 1_000_000_000n)).toISOString().slice(0, 19);
  return `${second}.${String(ns % 1_000_000_000n).padStart(9, '0')}Z`;
}

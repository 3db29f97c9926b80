import {
  createAlpacaProtocol,
  type MarketConfig,
  type MarketObserver,
  type MarketState,
  openMarket,
  stepMarket,
  type VenueProtocol,
} from '@tickpath/market-data/core';
import { BAR_INTERVALS_NS, type BarInterval } from '@tickpath/trading';
import { StreamArchive } from '@tickpath/wire';
import { pack } from 'msgpackr';
import { cpuUsOf } from './cpu-time.ts';
import { cryptoMix, framesOf } from './crypto-mix.ts';

/** As the service has it when nothing is configured. */
const CONFIG: MarketConfig = {
  quality: {
    priceJump: { severity: 'halt', maxRatio: 0.1, confirmations: 3 },
    crossedQuote: { severity: 'tag' },
    stale: { severity: 'halt', afterMs: 60_000 },
    futureTime: { severity: 'tag', toleranceMs: 5_000 },
    notPositive: { severity: 'tag' },
    outlier: { severity: 'count', window: 100, maxScore: 3.5, minRatio: 0.01 },
    gap: { severity: 'count' },
    cleanMs: 1_000,
  },
  bars: {
    intervals: Object.keys(BAR_INTERVALS_NS) as BarInterval[],
    ...{ graceMs: 0, session: 'all', conditions: 'alpaca', reviseWithinMs: 300_000, heldTrades: 1_000, activity: [] },
  },
  bookSnapshotMs: 1_000,
  isLive: true,
  bookQuotesOf: null,
};
const BEGUN_NS = BigInt(Date.UTC(2026, 0, 5, 12)) * 1_000_000n;
/** 10,000 messages a second of the market's time. */
const STEP_NS = 100_000n;
const FRAME_SIZE = 20;
/** Messages of each symbol before it counts. */
const PRIMING = 5;

/** The service without its sockets: protocol, core, and the stream's numbers, encoding and ring. */
export interface MarketCore {
  readonly protocol: VenueProtocol;
  readonly market: MarketState;
  readonly archive: StreamArchive;
  /** What came of messages that is not an event published: a market without faults has none. */
  readonly faults: string[];
  /** Takes a frame received at a time; gives how many messages are published for it. */
  take(frame: string, receivedNs: bigint): number;
}

export function openCore(pairs: readonly string[], ringBytes: number): MarketCore {
  const protocol = subscribed(pairs);
  const market = openMarket(CONFIG);
  const archive = new StreamArchive({ source: 'market-data', epoch: 1, ringBytes });
  const faults: string[] = [];
  const observer = observerOf(faults);
  return {
    ...{ protocol, market, archive, faults },
    take(frame, receivedNs) {
      const stamps = { receivedNs, decodedNs: receivedNs };
      const outputs = protocol.receive(frame, stamps);
      let published = 0;
      for (const output of stepMarket(market, { type: 'feed', outputs, stamps }, observer)) {
        if (output.kind === 'resync') throw new Error(`the book of ${output.symbol} is ${output.reason}`);
        archive.append(output.topic, { kind: output.kind, payload: output.payload, tsNs: receivedNs });
        published += 1;
      }
      return published;
    },
  };
}

/** Microseconds of CPU a message. */
export interface CoreRound {
  /** From the frame's text to the envelope in the ring. */
  readonly coreUs: number;
  /** The same frames parsed, and each message packed as it is: no reading, judging, books, bars, numbers or ring. */
  readonly bareUs: number;
  /** Messages published for each that came. */
  readonly published: number;
}

/** So many messages over so many pairs, whose books are there already. Throws for a fault in a market without any. */
export function coreRound({ symbols, messages, seed }: { symbols: number; messages: number; seed: number }): CoreRound {
  const mix = cryptoMix(symbols, seed);
  const core = openCore(mix.pairs, 67_108_864);
  for (const pair of mix.pairs) core.take(`[${mix.snapshot(pair, BEGUN_NS)}]`, BEGUN_NS);
  const primed = PRIMING * symbols;
  const common = { frameSize: FRAME_SIZE, stepNs: STEP_NS };
  for (const frame of framesOf(mix, { ...common, messages: primed, fromNs: BEGUN_NS })) core.take(frame, BEGUN_NS);
  const fromNs = BEGUN_NS + STEP_NS * BigInt(primed);
  const frames = framesOf(mix, { ...common, messages, fromNs });
  let bytes = 0;
  const bareUs = cpuUsOf(() => {
    for (const frame of frames) for (const message of JSON.parse(frame)) bytes += pack(Object.values(message)).length;
  });
  let published = 0;
  let receivedNs = fromNs;
  const coreUs = cpuUsOf(() => {
    for (const frame of frames) {
      published += core.take(frame, receivedNs);
      receivedNs += STEP_NS * BigInt(FRAME_SIZE);
    }
  });
  if (core.faults.length > 0) throw new Error(`${core.faults.length} faults, the first: ${core.faults[0]}`);
  if (bytes === 0) throw new Error('nothing was packed');
  return { coreUs: coreUs / messages, bareUs: bareUs / messages, published: published / messages };
}

function subscribed(pairs: readonly string[]): VenueProtocol {
  const channels = ['trades', 'quotes', 'orderbooks'] as const;
  const protocol = createAlpacaProtocol({
    ...{ assetClass: 'crypto', feed: 'us', keyId: 'key', secretKey: 'secret', channels },
    ...{ quoteSizeUnit: 1, recoversTrades: false },
  });
  const stamps = { receivedNs: BEGUN_NS, decodedNs: BEGUN_NS };
  protocol.subscribe(pairs.map((pair) => pair.replace('/', '-')));
  const answers = [
    { T: 'success', msg: 'connected' },
    { T: 'success', msg: 'authenticated' },
    { T: 'subscription', trades: pairs, quotes: pairs, orderbooks: pairs },
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

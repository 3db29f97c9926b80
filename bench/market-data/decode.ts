import {
  createAlpacaProtocol,
  createBinanceProtocol,
  createCoinbaseProtocol,
  createKrakenProtocol,
  type VenueProtocol,
} from '@tickpath/market-data/core';
import { cpuUsOf } from './cpu-time.ts';
import { type Random, randomFrom } from './random.ts';

/** Venues by what one frame of theirs has: a trade, or of Alpaca's also twenty. */
export const DECODE_CASES = ['alpaca', 'alpaca, 20 a frame', 'binance', 'coinbase', 'kraken'] as const;
export type DecodeCase = (typeof DECODE_CASES)[number];

/** Microseconds of CPU a trade. */
export interface DecodeRound {
  /** From the frame's text to the normalised event: read, checked, and put into its order by id. */
  readonly decodeUs: number;
  /** `JSON.parse` of the same frames. */
  readonly parseUs: number;
}

interface Venue {
  readonly tradesAFrame: number;
  /** Subscribed to the symbol that the frames are of. */
  open(): VenueProtocol;
  /** A frame as the venue writes it, of the trades from a number on. */
  frame(first: number, random: Random): string;
}

const BEGUN_MS = Date.UTC(2026, 0, 5, 15);
const STAMPS = { receivedNs: BigInt(BEGUN_MS) * 1_000_000n, decodedNs: BigInt(BEGUN_MS) * 1_000_000n };
const KEYS = { keyId: 'key', secretKey: 'secret', quoteSizeUnit: 1, recoversTrades: false } as const;

const alpaca = (tradesAFrame: number): Venue => ({
  tradesAFrame,
  open: () => {
    const protocol = createAlpacaProtocol({ ...KEYS, assetClass: 'us_equity', feed: 'sip', channels: ['trades'] });
    protocol.subscribe(['AAPL']);
    return protocol;
  },
  frame: (first, random) => {
    const trades = Array.from({ length: tradesAFrame }, (_, index) => ({
      ...{ T: 't', S: 'AAPL', i: 52_983_525_029_461 + first + index, x: 'V', p: random(15_000, 16_000) / 100 },
      ...{ s: random(1, 400), c: ['@', 'I'], z: 'C', t: `${isoAt(first + index).slice(0, -1)}${random(100, 999)}Z` },
    }));
    return JSON.stringify(trades);
  },
});

const VENUES: Readonly<Record<DecodeCase, Venue>> = {
  alpaca: alpaca(1),
  'alpaca, 20 a frame': alpaca(20),
  binance: {
    tradesAFrame: 1,
    open: () => subscribedTo(createBinanceProtocol({ market: 'spot', snapshotDepth: 5_000 }), 'BTC-USDT'),
    frame: (id, random) => {
      const T = BEGUN_MS + id;
      const [p, q] = [`${random(5_000_000, 7_000_000) / 100}0000000`, `0.${random(10_000, 99_999)}000`];
      const data = { e: 'trade', E: T + 1, s: 'BTCUSDT', t: 3_733_000_000 + id, p, q, T, m: id % 2 === 0, M: true };
      return JSON.stringify({ stream: 'btcusdt@trade', data });
    },
  },
  coinbase: {
    tradesAFrame: 1,
    open: () => subscribedTo(createCoinbaseProtocol(), 'BTC-USD'),
    frame: (id, random) => {
      const time = isoAt(id);
      const trade = {
        ...{ product_id: 'BTC-USD', trade_id: String(700_000_000 + id), price: String(random(5e6, 7e6) / 100) },
        ...{ size: `0.0${random(100_000, 999_999)}`, time, side: id % 2 === 0 ? 'BUY' : 'SELL' },
      };
      const events = [{ type: 'update', trades: [trade] }];
      return JSON.stringify({ channel: 'market_trades', timestamp: time, sequence_num: id, events });
    },
  },
  kraken: {
    tradesAFrame: 1,
    open: () => subscribedTo(createKrakenProtocol({ depth: 1_000 }), 'BTC-USD'),
    frame: (id, random) => {
      const seconds = ((BEGUN_MS + id) / 1000).toFixed(3);
      const trade = [`${random(5e6, 7e6) / 100}000`, `0.0${random(100_000, 999_999)}`, `${seconds}123`, 'b', 'l', ''];
      return JSON.stringify([337, [trade], 'trade', 'XBT/USD']);
    },
  },
};

/**
 * One connection to a venue, as a service has it, and its trades one after the other. A round throws when a trade does not
 * come out of its frame: what was measured would be a refusal.
 */
export function openDecode(which: DecodeCase, seed = 1): (trades: number) => DecodeRound {
  const venue = VENUES[which];
  const random = randomFrom(seed);
  const protocol = venue.open();
  let next = 1;
  return (trades) => {
    const frames: string[] = [];
    for (const beyond = next + trades; next < beyond; next += venue.tradesAFrame)
      frames.push(venue.frame(next, random));
    const count = frames.length * venue.tradesAFrame;
    const parse = () => {
      let parsed = 0;
      for (const frame of frames) if (JSON.parse(frame) !== null) parsed += venue.tradesAFrame;
      return parsed;
    };
    const decode = () => {
      let decoded = 0;
      for (const frame of frames) {
        for (const output of protocol.receive(frame, STAMPS)) {
          if (output.kind === 'event' && output.event.kind === 'trade') decoded += 1;
        }
      }
      return decoded;
    };
    return { parseUs: perTrade(parse, count), decodeUs: perTrade(decode, count) };
  };
}

function perTrade(run: () => number, count: number): number {
  let done = 0;
  const us = cpuUsOf(() => {
    done = run();
  });
  if (done !== count) throw new Error(`${done} of ${count} trades came out of their frames`);
  return us / count;
}

function subscribedTo(protocol: VenueProtocol, symbol: string): VenueProtocol {
  protocol.subscribe([symbol]);
  return protocol;
}

/** Microseconds, of which the last three are made up. */
function isoAt(ms: number): string {
  return new Date(BEGUN_MS + ms).toISOString().replace('Z', '417Z');
}

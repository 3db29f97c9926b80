import type { MarketEvent } from '../market/event.ts';
import { createJsonWriter } from './market-json.ts';
import { createPackWriter } from './market-pack.ts';
import { readPack } from './market-pack-reader.ts';
import type { ControlMessage } from './market-session.ts';

/** Events to be sent, each encoded at most once, however many frames it is in. */
export interface EncodedBatch {
  /** A frame of the events at these indexes. */
  frame(indexes: readonly number[]): Uint8Array;
}

/** How a client's messages are written: chosen by it at the upgrade. */
export interface MarketEncoding {
  readonly name: 'json' | 'msgpack';
  /** Whether its frames are BINARY. */
  readonly isBinary: boolean;
  batch(events: readonly MarketEvent[]): EncodedBatch;
  /** A control message, alone in an array as Alpaca sends them. */
  control(message: ControlMessage): Uint8Array;
  /** What a client has sent; `undefined` when it cannot be read. */
  read(data: Uint8Array): unknown;
}

const encoder = new TextEncoder();

export function createJsonEncoding(): MarketEncoding {
  const write = createJsonWriter();
  return {
    name: 'json',
    isBinary: false,
    batch(events) {
      const texts: string[] = [];
      const textAt = (index: number): string => {
        const known = texts[index];
        if (known !== undefined) return known;
        const event = events[index];
        const text = event === undefined ? '' : write(event);
        texts[index] = text;
        return text;
      };
      return { frame: (indexes) => encoder.encode(`[${indexes.map(textAt).join(',')}]`) };
    },
    control: (message) => encoder.encode(JSON.stringify([message])),
    read(data) {
      try {
        return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(data));
      } catch (error) {
        if (error instanceof SyntaxError || error instanceof TypeError) return undefined;
        throw error;
      }
    },
  };
}

export function createPackEncoding(): MarketEncoding {
  const writer = createPackWriter();
  return {
    name: 'msgpack',
    isBinary: true,
    batch(events) {
      const pieces: Uint8Array[] = [];
      const pieceAt = (index: number): Uint8Array => {
        const known = pieces[index];
        if (known !== undefined) return known;
        const event = events[index];
        const piece = event === undefined ? new Uint8Array() : writer.event(event);
        pieces[index] = piece;
        return piece;
      };
      return { frame: (indexes) => joined([writer.arrayHeader(indexes.length), ...indexes.map(pieceAt)]) };
    },
    control: (message) => joined([writer.arrayHeader(1), writer.control(message)]),
    read: readPack,
  };
}

function joined(pieces: readonly Uint8Array[]): Uint8Array {
  let length = 0;
  for (const piece of pieces) length += piece.length;
  const whole = new Uint8Array(length);
  let at = 0;
  for (const piece of pieces) {
    whole.set(piece, at);
    at += piece.length;
  }
  return whole;
}

/** What can be done to the stream, to a connection and to the REST interface. */
export const EXCHANGE_FAULTS = [
  'close',
  'reset',
  'half-open',
  'duplicate',
  'reorder',
  'garbage-text',
  'garbage-binary',
  'truncated',
  'hole',
  'missing-trade',
  'lie',
  'snapshot-429',
  'snapshot-500',
  'snapshot-timeout',
  'snapshot-stale',
] as const;
/**
 * - `close`, `reset`: the connection ends, with a goodbye or with an RST.
 * - `half-open`: nothing is sent any more, pings are not answered.
 * - `duplicate`, `reorder`, `truncated`, `hole`: frames come twice, late, cut off, not at all.
 * - `garbage-text`, `garbage-binary`: a frame that means nothing comes in between.
 * - `missing-trade`: the exchange itself has no trade of this number, by stream or REST.
 * - `lie`: a frame bears a wrong sequence number or checksum.
 * - `snapshot-…`: the next question for a snapshot is refused, fails, is not answered, or is answered by an old book.
 */
export type ExchangeFault = (typeof EXCHANGE_FAULTS)[number];

export type SnapshotFault = Extract<ExchangeFault, `snapshot-${string}`>;
export type ConnectionFault = 'close' | 'reset' | 'half-open';
export type FrameFault = Exclude<ExchangeFault, SnapshotFault | ConnectionFault>;

export function isSnapshotFault(fault: ExchangeFault): fault is SnapshotFault {
  return fault.startsWith('snapshot-');
}

export function isConnectionFault(fault: ExchangeFault): fault is ConnectionFault {
  return fault === 'close' || fault === 'reset' || fault === 'half-open';
}

/** Numbers in [0, 1) that the seed decides: mulberry32. */
export function seededRandom(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

const MOST_FRAMES = 5;
const LATE_BY = 4;

/** A frame on its way to one client; `kind` says what it tells of. */
export interface StreamFrame {
  readonly kind: 'trade' | 'book' | 'other';
  readonly text: string;
}

export interface FrameFaultPort {
  readonly random: () => number;
  /** A frame with a wrong number in it; undefined where the exchange has none to be wrong about. */
  lie(text: string): string | undefined;
  /** Called for each fault that has really been done. */
  done(fault: FrameFault): void;
}

/** Harms the frames of a stream when told to; otherwise they pass as they are, in order. */
export class FrameFaults {
  readonly #port: FrameFaultPort;
  #armed: { readonly fault: FrameFault; left: number; readonly kind: StreamFrame['kind'] } | undefined;
  #late: { readonly text: string; after: number } | undefined;

  constructor(port: FrameFaultPort) {
    this.#port = port;
  }

  /** From the next frame of a book or trade on: of `kind`, or of whichever chance decides. */
  arm(fault: FrameFault, wanted?: 'book' | 'trade'): void {
    const { random } = this.#port;
    const isMany = fault === 'hole' || fault === 'duplicate';
    const left = isMany ? 1 + Math.floor(random() * MOST_FRAMES) : 1;
    const chosen = fault === 'missing-trade' ? 'trade' : fault === 'lie' || random() < 0.5 ? 'book' : 'trade';
    this.#armed = { fault, left, kind: wanted ?? chosen };
  }

  /** True when the trade about to be made is to be missing from the exchange's own records. */
  swallows(kind: StreamFrame['kind']): boolean {
    if (this.#armed?.fault !== 'missing-trade' || kind !== 'trade') return false;
    this.#armed = undefined;
    this.#port.done('missing-trade');
    return true;
  }

  /** What is sent instead of the frame. */
  pass(frame: StreamFrame): readonly (string | Buffer)[] {
    const sent = this.#harmed(frame);
    const late = this.#late;
    if (late === undefined || frame.text === late.text) return sent;
    late.after -= 1;
    return late.after > 0 ? sent : [...sent, ...this.flush()];
  }

  /** A frame that is still held back, which makes it late. */
  flush(): readonly string[] {
    const late = this.#late;
    if (late === undefined) return [];
    this.#late = undefined;
    this.#port.done('reorder');
    return [late.text];
  }

  /** The connection is over: what is held back for it never comes. */
  forget(): void {
    this.#late = undefined;
  }

  #harmed({ kind, text }: StreamFrame): readonly (string | Buffer)[] {
    const armed = this.#armed;
    if (armed === undefined || armed.kind !== kind || armed.fault === 'missing-trade') return [text];
    const harmed = this.#harm(armed.fault, text);
    if (harmed === undefined) return [text];
    armed.left -= 1;
    if (armed.left <= 0) this.#armed = undefined;
    if (armed.left <= 0 && armed.fault !== 'reorder') this.#port.done(armed.fault);
    return harmed;
  }

  #harm(fault: FrameFault, text: string): readonly (string | Buffer)[] | undefined {
    const { random } = this.#port;
    switch (fault) {
      case 'hole':
        return [];
      case 'duplicate':
        return [text, text];
      case 'truncated':
        return [text.slice(0, 1 + Math.floor(random() * (text.length - 2)))];
      case 'garbage-text':
        return [garbage(random).toString('latin1'), text];
      case 'garbage-binary':
        return [garbage(random), text];
      case 'reorder':
        if (this.#late !== undefined) return undefined;
        this.#late = { text, after: 1 + Math.floor(random() * LATE_BY) };
        return [];
      case 'lie': {
        const lie = this.#port.lie(text);
        return lie === undefined ? undefined : [lie];
      }
      case 'missing-trade':
        return undefined;
    }
  }
}

function garbage(random: () => number): Buffer {
  return Buffer.from(Array.from({ length: 1 + Math.floor(random() * 200) }, () => Math.floor(random() * 256)));
}

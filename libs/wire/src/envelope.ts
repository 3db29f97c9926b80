import { Packr, Unpackr } from 'msgpackr';
import { isKind, type Kind, MESSAGES, type Payload } from './messages.ts';
import { INVALID, int, ns, optional, text } from './schema.ts';
import { findValues, type StructureFault } from './structure.ts';

/** Version of the envelope's layout. A frame of another version is counted and dropped. */
export const WIRE_VERSION = 1;

/** Largest payload frame that is read or written, in bytes. */
export const MAX_FRAME_BYTES = 1_048_576;

export interface Header {
  /** The service that sent it. */
  readonly source: string;
  /** Incarnation of the sender: rises with every start (for a log: its generation). */
  readonly epoch: number;
  /** Per (source, epoch, topic) from 1; 0 where nothing is sequenced (requests and replies). */
  readonly seq: number;
  /** When it was published: Unix ns, the sender's monotonic clock anchored on its wall clock. */
  readonly tsNs: bigint;
  /** W3C trace context, or null. Ticks carry none (DESIGN §11). */
  readonly traceparent: string | null;
}

/** A decoded message: a union over every kind, so that `kind` narrows `payload`. */
export type Envelope<K extends Kind = Kind> = {
  readonly [P in K]: Header & { readonly kind: P; readonly payload: Payload<P> };
}[K];

/** Why a frame or an envelope was not read. Used as the `reason` label of `tickpath_wire_dropped_total`. */
export type DecodeFault = StructureFault | 'oversized' | 'version' | 'kind' | 'header' | 'payload';

const packr = new Packr({ useRecords: false });
const unpackr = new Unpackr({ useRecords: false });
const traceparentType = optional(text);

interface StructWriter<K extends Kind> {
  write(payload: Payload<K>): unknown[];
}

/** One envelope as msgpack. The bytes are never reused: they may wait in a socket's queue. */
export function encodeEnvelope<K extends Kind>(kind: K, header: Header, payload: Payload<K>): Buffer {
  return packr.pack([
    WIRE_VERSION,
    kind,
    header.source,
    BigInt(header.epoch),
    int.write?.(header.seq),
    header.tsNs,
    header.traceparent,
    (MESSAGES[kind] as unknown as StructWriter<K>).write(payload),
  ]);
}

/**
 * Reads a payload frame of 1..n envelopes. A frame that is not well formed is dropped whole; an envelope of an unknown
 * version or kind, or with a wrong type, is dropped alone. Never throws: each drop is one call of `onFault`.
 */
export function decodeFrame(
  frame: Uint8Array,
  onEnvelope: (envelope: Envelope) => void,
  onFault: (reason: DecodeFault) => void,
): void {
  if (frame.length > MAX_FRAME_BYTES) return onFault('oversized');
  const ends = findValues(frame);
  if (typeof ends === 'string') return onFault(ends);
  let start = 0;
  for (const end of ends) {
    const envelope = readEnvelope(unpackr.unpack(ends.length === 1 ? frame : frame.subarray(start, end)));
    start = end;
    if (typeof envelope === 'string') onFault(envelope);
    else onEnvelope(envelope);
  }
}

function readEnvelope(value: unknown): Envelope | DecodeFault {
  if (!Array.isArray(value)) return 'header';
  const [version, kind, rawSource, rawEpoch, rawSeq, rawTsNs, rawTraceparent, rawPayload] = value;
  if (version !== WIRE_VERSION) return 'version';
  if (!isKind(kind)) return 'kind';
  const source = text.read(rawSource);
  const epoch = int.read(rawEpoch);
  const seq = int.read(rawSeq);
  const tsNs = ns.read(rawTsNs);
  const traceparent = traceparentType.read(rawTraceparent);
  if (source === INVALID || epoch === INVALID || seq === INVALID || tsNs === INVALID || traceparent === INVALID) {
    return 'header';
  }
  if (epoch < 0 || seq < 0) return 'header';
  const payload = MESSAGES[kind].read(rawPayload);
  if (payload === INVALID) return 'payload';
  return { kind, source, epoch, seq, tsNs, traceparent, payload } as Envelope;
}

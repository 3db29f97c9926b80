import { Packr, Unpackr } from 'msgpackr';
import { KINDS, type Kind, MESSAGES, type Payload } from './messages.ts';
import { describeInvalid, INVALID, int, ns, optional, struct, text, type WireType } from './schema.ts';
import { findEnvelopes, type StructureFault } from './structure.ts';

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
export type DecodeFault = StructureFault | 'oversized' | 'codec' | 'version' | 'header' | 'kind' | 'payload';

/** A message of our own that no reader would take: a fault of the program that made it. Nothing has been sent. */
export class EncodeError extends Error {
  readonly code: 'MESSAGE_INVALID' | 'MESSAGE_TOO_LARGE';

  constructor(code: EncodeError['code'], message: string) {
    super(message);
    this.name = 'EncodeError';
    this.code = code;
  }
}

const packr = new Packr({ useRecords: false });
const unpackr = new Unpackr({ useRecords: false });
const traceparentType = optional(text);
const headerType = struct({ source: text, epoch: int, seq: int, tsNs: ns, traceparent: traceparentType });

interface KnownKind {
  readonly kind: Kind;
  readonly type: WireType<unknown>;
}

/** By name. A name that was read is another string object than the one in the table, so a Map finds it fastest. */
const KNOWN_KINDS = new Map<unknown, KnownKind>(KINDS.map((kind) => [kind, { kind, type: MESSAGES[kind] }]));

/**
 * One envelope as msgpack. The bytes are never reused: they may wait in a socket's queue. Throws `EncodeError` for what
 * `decodeFrame` would refuse, with the name of the field.
 */
export function encodeEnvelope<K extends Kind>(kind: K, header: Header, payload: Payload<K>): Buffer {
  const type: WireType<unknown> = MESSAGES[kind];
  const source = text.write(header.source);
  const epoch = int.write(header.epoch);
  const seq = int.write(header.seq);
  const tsNs = ns.write(header.tsNs);
  const traceparent = traceparentType.write(header.traceparent);
  if (source === INVALID || epoch === INVALID || seq === INVALID || tsNs === INVALID || traceparent === INVALID) {
    throw new EncodeError('MESSAGE_INVALID', `cannot encode ${kind}: ${describeInvalid(headerType, header)}`);
  }
  if (header.epoch < 0 || header.seq < 0) {
    throw new EncodeError('MESSAGE_INVALID', `cannot encode ${kind}: epoch ${header.epoch}, seq ${header.seq} < 0`);
  }
  const values = type.write(payload);
  if (values === INVALID) {
    throw new EncodeError('MESSAGE_INVALID', `cannot encode ${kind}: ${describeInvalid(type, payload)}`);
  }
  const bytes = packr.pack([WIRE_VERSION, kind, source, epoch, seq, tsNs, traceparent, values]);
  if (bytes.length > MAX_FRAME_BYTES) {
    throw new EncodeError('MESSAGE_TOO_LARGE', `cannot encode ${kind}: ${bytes.length} bytes > ${MAX_FRAME_BYTES}`);
  }
  return bytes;
}

/**
 * Reads a payload frame of 1..n envelopes, in order. Each fault is one call of `onFault`:
 * - a frame that is too large or not well formed is dropped whole, before anything of it is delivered;
 * - an envelope of another version or with a broken header takes the rest of its frame with it;
 * - an envelope of an unknown kind or with a wrong payload is dropped alone.
 *
 * Never throws by itself; an exception of `onEnvelope` passes through.
 */
export function decodeFrame(
  frame: Uint8Array,
  onEnvelope: (envelope: Envelope) => void,
  onFault: (reason: DecodeFault) => void,
): void {
  if (frame.length > MAX_FRAME_BYTES) return onFault('oversized');
  const ends = findEnvelopes(frame);
  if (typeof ends === 'string') return onFault(ends);
  let start = 0;
  for (const end of ends) {
    const envelope = readEnvelope(ends.length === 1 ? frame : frame.subarray(start, end));
    start = end;
    if (typeof envelope !== 'string') onEnvelope(envelope);
    else {
      onFault(envelope);
      if (envelope !== 'kind' && envelope !== 'payload') return;
    }
  }
}

function readEnvelope(bytes: Uint8Array): Envelope | DecodeFault {
  let values: unknown[];
  try {
    values = unpackr.unpack(bytes);
  } catch {
    return 'codec';
  }
  if (int.read(values[0]) !== WIRE_VERSION) return 'version';
  const source = text.read(values[2]);
  const epoch = int.read(values[3]);
  const seq = int.read(values[4]);
  const tsNs = ns.read(values[5]);
  const traceparent = traceparentType.read(values[6]);
  if (source === INVALID || epoch === INVALID || seq === INVALID || tsNs === INVALID || traceparent === INVALID) {
    return 'header';
  }
  if (epoch < 0 || seq < 0 || typeof values[1] !== 'string') return 'header';
  const known = KNOWN_KINDS.get(values[1]);
  if (known === undefined) return 'kind';
  const payload = known.type.read(values[7]);
  if (payload === INVALID) return 'payload';
  return { kind: known.kind, source, epoch, seq, tsNs, traceparent, payload } as Envelope;
}

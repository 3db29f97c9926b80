import assert from 'node:assert/strict';
import { type DecodeFault, decodeFrame, type Envelope } from '../src/envelope.ts';
import { KINDS, MESSAGES } from '../src/messages.ts';
import type { WireType } from '../src/schema.ts';

/** What decoding a frame came to: the kind of each envelope that was delivered, `!reason` for each fault, in order. */
export type Outcome = readonly string[];

/** Faults found before anything of the frame is delivered. */
const WHOLE_FRAME = new Set<string>(['!empty', '!truncated', '!depth', '!type', '!utf8', '!envelope', '!oversized']);
const REST_OF_FRAME = new Set<string>(['!version', '!header', '!codec']);
const PROTOTYPES = [Object.prototype, Array.prototype, String.prototype, BigInt.prototype, Function.prototype];
const pristine = PROTOTYPES.map((prototype) => Reflect.ownKeys(prototype).length);

/**
 * Decodes and checks what holds for any bytes: no exception, faults as documented at `decodeFrame`, nothing delivered
 * that is not of its kind's type, no prototype touched.
 */
export function decodeChecked(frame: Uint8Array): Outcome {
  const outcome: string[] = [];
  decodeFrame(
    frame,
    (envelope) => {
      assertConforms(envelope);
      outcome.push(envelope.kind);
    },
    (reason: DecodeFault) => outcome.push(`!${reason}`),
  );
  assert.ok(outcome.length > 0, 'neither an envelope nor a fault');
  assert.ok(!outcome.includes('!codec'), 'msgpackr threw on a frame that had passed the guard');
  const first = outcome.findIndex((entry) => WHOLE_FRAME.has(entry));
  assert.ok(first === -1 || outcome.length === 1, `a fault of the frame among others: ${outcome}`);
  const last = outcome.findIndex((entry) => REST_OF_FRAME.has(entry));
  assert.ok(last === -1 || last === outcome.length - 1, `the frame went on after a broken envelope: ${outcome}`);
  PROTOTYPES.forEach((prototype, i) => {
    assert.equal(Reflect.ownKeys(prototype).length, pristine[i]);
  });
  return outcome;
}

function assertConforms(envelope: Envelope): void {
  const { kind, source, epoch, seq, tsNs, traceparent, payload, ...rest } = envelope;
  assert.deepEqual(rest, {});
  assert.ok(KINDS.includes(kind), kind);
  assert.ok(isText(source) && (traceparent === null || isText(traceparent)));
  assert.ok(Number.isSafeInteger(epoch) && epoch >= 0 && Number.isSafeInteger(seq) && seq >= 0);
  assert.ok(isNs(tsNs));
  assert.ok(conforms(MESSAGES[kind], payload), `not a ${kind}`);
}

/** Said again in other words than the schema's own `read`, so that each is a check of the other. */
function conforms(type: WireType<unknown>, value: unknown): boolean {
  const { shape } = type;
  switch (shape.type) {
    case 'text':
    case 'prose':
      return isText(value);
    case 'decimal':
      return isText(value) && value.length <= 48 && /^-?(?:0|[1-9]\d*)(?:\.\d+)?$/.test(value);
    case 'int':
      return Number.isSafeInteger(value);
    case 'ns':
      return isNs(value);
    case 'bool':
      return value === true || value === false;
    case 'oneOf':
      return shape.values.includes(value as string);
    case 'optional':
      return value === null || conforms(shape.of, value);
    case 'list':
      return Array.isArray(value) && Object.keys(value).length === value.length && value.every(conformsTo(shape.of));
    case 'struct': {
      if (typeof value !== 'object' || value === null || Object.getPrototypeOf(value) !== Object.prototype)
        return false;
      const expected = Object.entries(shape.fields);
      if (Reflect.ownKeys(value).join() !== expected.map(([key]) => key).join()) return false;
      return expected.every(([key, fieldType]) => conforms(fieldType, (value as Record<string, unknown>)[key]));
    }
  }
}

function conformsTo(type: WireType<unknown>): (value: unknown) => boolean {
  return (value) => conforms(type, value);
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value.length <= 1024 && value.isWellFormed();
}

function isNs(value: unknown): boolean {
  return typeof value === 'bigint' && value >= -(2n ** 63n) && value < 2n ** 63n;
}

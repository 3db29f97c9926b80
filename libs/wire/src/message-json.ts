import { EncodeError } from './envelope.ts';
import { type Kind, MESSAGES, type Payload } from './messages.ts';
import { describeInvalid, INVALID, type Shape, type WireType } from './schema.ts';

type Turn = (value: unknown) => unknown;

/** A payload as JSON can say it: the same fields, nanoseconds as decimal text. What a journal keeps of a message. */
export type PayloadJson = { readonly [field: string]: unknown };

const TO_JSON = turnsOf((value) => String(value as bigint));
const FROM_JSON = turnsOf((value) => BigInt(value as string));

/**
 * Throws `EncodeError` for what `encodeEnvelope` would refuse: an event that nobody can be told of must not be kept, since
 * its followers would ask for it for ever.
 */
export function toJson<K extends Kind>(kind: K, payload: Payload<K>): PayloadJson {
  const type: WireType<unknown> = MESSAGES[kind];
  if (type.write(payload) === INVALID) {
    throw new EncodeError('MESSAGE_INVALID', `cannot keep ${kind}: ${describeInvalid(type, payload)}`);
  }
  return (TO_JSON.get(kind) as Turn)(payload) as PayloadJson;
}

/**
 * The payload again. What the kind does not have is left out, and an optional field that is missing is null, so that a
 * kind may grow. For JSON that `toJson` made: nothing is checked, but `encodeEnvelope` does.
 */
export function fromJson<K extends Kind>(kind: K, json: PayloadJson): Payload<K> {
  return (FROM_JSON.get(kind) as Turn)(json) as Payload<K>;
}

function turnsOf(turnNs: Turn): ReadonlyMap<Kind, Turn> {
  return new Map(Object.entries(MESSAGES).map(([kind, type]) => [kind as Kind, turnOf(type.shape, turnNs)]));
}

function turnOf(shape: Shape, turnNs: Turn): Turn {
  const ofType = (type: WireType<unknown>) => turnOf(type.shape, turnNs);
  switch (shape.type) {
    case 'ns':
      return turnNs;
    case 'optional': {
      const turn = ofType(shape.of);
      return (value) => (value === null || value === undefined ? null : turn(value));
    }
    case 'list': {
      const turn = ofType(shape.of);
      return (value) => (value as readonly unknown[]).map(turn);
    }
    case 'struct': {
      const fields = Object.entries(shape.fields).map(([name, type]) => [name, ofType(type)] as const);
      return (value) => {
        const turned: Record<string, unknown> = {};
        for (const [name, turn] of fields) turned[name] = turn((value as Record<string, unknown>)[name]);
        return turned;
      };
    }
    default:
      return (value) => value;
  }
}

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { NewEvent } from '@tickpath/journal';
import { type Envelope, fromJson, type LogPosition } from '@tickpath/wire';
import fc from 'fast-check';
import {
  type ArchivedEvent,
  type ArchivedLog,
  type ArchiveEvents,
  type Arrival,
  archiveStep,
  type LogPlace,
  missingIn,
} from '../src/core/index.ts';
import './seed.ts';

function refused(clOrdId: string, tsNs = 7n): Envelope {
  const header = { source: 'owner', epoch: 1, seq: 1, tsNs, traceparent: null };
  return { ...header, kind: 'OrderRefused', payload: { clOrdId, symbol: 'IBM', reason: 'late' } };
}

function arrivalOf(
  seq: number,
  { uuid = 'u', generation = 1, log = 'risk' as ArchivedLog, event = refused('a') } = {},
) {
  return { log, position: { uuid, generation, seq }, event } satisfies Arrival;
}

const nothing = () => undefined;

test('an event is kept with its place, its time and its payload, in the stream of its log, under the id of its order', () => {
  const event = refused('tp-1', 1_700_000_000_000_000_001n);
  const { entries, positions } = archiveStep([arrivalOf(4, { uuid: 'abc', generation: 2, event })], nothing);
  assert.deepEqual(entries, [
    {
      log: 'risk',
      stream: 'risk/abc',
      event: {
        type: 'OrderRefused',
        correlationId: 'tp-1',
        payload: {
          generation: 2,
          seq: 4,
          tsNs: '1700000000000000001',
          payload: { clOrdId: 'tp-1', symbol: 'IBM', reason: 'late' },
        },
      },
    },
  ]);
  assert.deepEqual([...positions], [['risk', { uuid: 'abc', generation: 2, seq: 4 }]]);
});

test('the payload of an archived event is the message again, nanoseconds included', () => {
  const payload = { clOrdId: 'a', orderId: null, symbol: 'IBM', venueTsNs: 2n ** 62n };
  const event = { ...refused('a'), kind: 'OrderCanceled', payload } as Envelope;
  const { entries } = archiveStep([arrivalOf(1, { log: 'execution', event })], nothing);
  const archived = entries[0]?.event.payload as ArchivedEvent;
  assert.deepEqual(fromJson('OrderCanceled', JSON.parse(JSON.stringify(archived.payload))), payload);
});

test('a name that no journal takes as an id is kept in the payload alone', () => {
  for (const clOrdId of ['', 'a\u0007b', 'x'.repeat(257), 'two words']) {
    const [entry] = archiveStep([arrivalOf(1, { event: refused(clOrdId) })], nothing).entries;
    assert.equal(entry?.event.correlationId, null);
    const archived = entry?.event.payload as ArchivedEvent;
    assert.equal(archived.payload.clOrdId, clOrdId);
  }
});

test('what is archived already is passed over, and the position moves on', () => {
  const archived = (stream: string) => (stream === 'risk/u' ? { generation: 2, seq: 3 } : undefined);
  const places: readonly LogPlace[] = [
    { generation: 1, seq: 9 },
    { generation: 2, seq: 3 },
    { generation: 2, seq: 4 },
    { generation: 2, seq: 4 },
    { generation: 3, seq: 1 },
  ];
  const arrivals = places.map(({ generation, seq }) => arrivalOf(seq, { generation }));
  const { entries, positions } = archiveStep(arrivals, archived);
  const kept = entries.map(({ event }) => event.payload as LogPlace);
  assert.deepEqual(
    kept.map(({ generation, seq }) => [generation, seq]),
    [
      [2, 4],
      [3, 1],
    ],
  );
  assert.deepEqual(positions.get('risk'), { uuid: 'u', generation: 3, seq: 1 });
});

test('each log has its own stream and position; one that begins anew writes over nothing', () => {
  const arrivals = [
    arrivalOf(1, { log: 'execution', uuid: 'e' }),
    arrivalOf(1, { uuid: 'r1' }),
    arrivalOf(1, { uuid: 'r2' }),
  ];
  const { entries, positions } = archiveStep(arrivals, nothing);
  assert.deepEqual(
    entries.map(({ stream }) => stream),
    ['execution/e', 'risk/r1', 'risk/r2'],
  );
  assert.deepEqual([...positions.values()].map(({ uuid }) => uuid).sort(), ['e', 'r2']);
});

test('a hole is an event of the archive, but for what an earlier generation has of it', () => {
  const hole = (generation: number): Arrival => {
    return { log: 'risk', position: { uuid: 'u', generation, seq: 20 }, missingFrom: 6 };
  };
  const stepAt = (last: LogPlace | undefined, generation = 1) => archiveStep([hole(generation)], () => last);
  const event = stepAt({ generation: 1, seq: 5 }).entries[0]?.event as NewEvent<ArchiveEvents>;
  assert.deepEqual(event, { type: 'LogEventsMissing', payload: { generation: 1, fromSeq: 6, seq: 20 } });
  assert.equal(missingIn(event), 15);
  const later = stepAt({ generation: 1, seq: 12 }, 2).entries[0]?.event as NewEvent<ArchiveEvents>;
  assert.equal(missingIn(later), 8);
  const none = stepAt({ generation: 1, seq: 20 }, 2);
  assert.deepEqual(none.entries, []);
  assert.deepEqual(none.positions.get('risk'), { uuid: 'u', generation: 2, seq: 20 });
});

/** A log of some owner as it stands: what `since` would give. */
interface OwnersLog {
  readonly uuid: string;
  generation: number;
  firstSeq: number;
  texts: string[];
}

interface Archive {
  readonly streams: Map<string, { readonly place: LogPlace; readonly text: string; readonly missing: number }[]>;
  position: LogPosition | undefined;
}

function commit(archive: Archive, arrivals: readonly Arrival[]): void {
  const placeOf = (stream: string) => archive.streams.get(stream)?.at(-1)?.place;
  const { entries, positions } = archiveStep(arrivals, placeOf);
  for (const { stream, event } of entries) {
    const kept = archive.streams.get(stream) ?? [];
    const text = String((event.payload as Partial<ArchivedEvent>).payload?.clOrdId ?? '');
    kept.push({ place: event.payload as LogPlace, text, missing: missingIn(event) });
    archive.streams.set(stream, kept);
  }
  archive.position = positions.get('risk') ?? archive.position;
}

/** As a follower does that was told `follow` and went on behind what had gone: everything beyond `from`, in order. */
function read(log: OwnersLog, from: LogPosition | undefined): Arrival[] {
  const { uuid, generation, firstSeq, texts } = log;
  const isKnown = from?.uuid === uuid && from.generation === generation;
  let seq = isKnown ? from.seq : 0;
  const arrivals: Arrival[] = [];
  if (seq + 1 < firstSeq) {
    arrivals.push({ log: 'risk', position: { uuid, generation, seq: firstSeq - 1 }, missingFrom: seq + 1 });
    seq = firstSeq - 1;
  }
  for (; seq < texts.length; seq += 1) {
    arrivals.push(arrivalOf(seq + 1, { uuid, generation, event: refused(texts[seq] ?? '') }));
  }
  return arrivals;
}

type Happening = 'append' | 'read' | 'half' | 'killed' | 'raise' | 'renew' | 'compact' | 'swap';

test('whatever happens to a log and its follower, each event is archived once and in order, or declared missing', () => {
  const weighted = (weight: number, value: Happening) => ({ weight, arbitrary: fc.constant(value) });
  const happenings = fc.oneof(
    ...[weighted(8, 'append'), weighted(4, 'read'), weighted(3, 'half'), weighted(3, 'killed')],
    ...[weighted(1, 'raise'), weighted(1, 'renew'), weighted(1, 'compact'), weighted(1, 'swap')],
  );
  fc.assert(
    fc.property(fc.array(happenings, { maxLength: 60 }), (course) => {
      const archive: Archive = { streams: new Map(), position: undefined };
      const logs: OwnersLog[] = [{ uuid: 'u0', generation: 1, firstSeq: 1, texts: [] }];
      const said = new Map<string, string>();
      let log = logs[0] as OwnersLog;
      let count = 0;
      for (const [step, happening] of [...course, 'read' as const].entries()) {
        if (happening === 'append') {
          log.texts.push(`t${++count}`);
        } else if (happening === 'raise') {
          // The end that was not flushed is lost; its numbers are given again.
          log.texts.length = Math.max(log.firstSeq - 1, log.texts.length - (step % 3));
          log.generation += 1;
        } else if (happening === 'renew') {
          log = { uuid: `u${logs.length}`, generation: 1, firstSeq: 1, texts: [] };
          logs.push(log);
        } else if (happening === 'compact') {
          log.firstSeq = Math.max(log.firstSeq, log.texts.length - 1);
        } else if (happening === 'swap') {
          log = logs[step % logs.length] as OwnersLog;
        } else {
          const arrivals = read(log, archive.position);
          // Killed: what was received is gone with the process, unless a part of it was committed.
          if (happening === 'killed') commit(archive, arrivals.slice(0, step % 3));
          else
            for (const arrival of arrivals.slice(0, happening === 'half' ? 2 : undefined)) commit(archive, [arrival]);
        }
        for (const [i, text] of log.texts.entries()) said.set(`${log.uuid} ${log.generation} ${i + 1}`, text);
      }
      for (const [stream, kept] of archive.streams) checkStream(stream.slice('risk/'.length), kept, said);
      const { uuid, generation, texts } = log;
      const last = archive.streams.get(`risk/${uuid}`)?.at(-1)?.place;
      if (texts.length > 0) assert.ok(last?.generation === generation || (last?.seq ?? 0) >= texts.length);
      if (last?.generation === generation) assert.equal(last.seq, texts.length);
    }),
    { numRuns: 2000 },
  );
});

function checkStream(
  uuid: string,
  kept: readonly { readonly place: LogPlace; readonly text: string; readonly missing: number }[],
  said: ReadonlyMap<string, string>,
): void {
  let before: LogPlace = { generation: 0, seq: 0 };
  for (const { place, text, missing } of kept) {
    const { generation, seq } = place;
    const first = seq - Math.max(missing, 1) + 1;
    const isNext = generation === before.generation && first === before.seq + 1;
    // A generation begins with its first event, or behind what was removed and is archived of the one before.
    const begins = generation > before.generation && (first === 1 || first <= before.seq + 1);
    assert.ok(isNext || begins, `${uuid}: ${generation}/${first} follows ${before.generation}/${before.seq}`);
    if (missing === 0) assert.equal(text, said.get(`${uuid} ${generation} ${seq}`));
    before = place;
  }
}

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { type Journal, openJournal } from '@tickpath/journal';
import { addresses } from '@tickpath/runtime';
import { freePortOffset, networkAt } from '@tickpath/testkit';
import {
  JournalAnswers,
  NO_METRICS,
  type Payload,
  type PayloadJson,
  Requester,
  Responder,
  toJson,
} from '@tickpath/wire';

type Events = { readonly OrderRefused: PayloadJson };

const nowNs = () => BigInt(Date.now()) * 1_000_000n;

function openIn(folder: string): Promise<Journal<Events>> {
  const types = { OrderRefused: { schema: 1 } };
  const path = join(folder, 'owner.sqlite');
  return openJournal<Events>({ path, types, nowNs, random: randomBytes, bootId: 'boot-1' });
}

/** A service that keeps an event for each request for bars, and its answer, until `stop`. */
async function serve(folder: string, { fails = false, epoch = 1 } = {}) {
  const journal = await openIn(folder);
  const at = addresses(networkAt(await freePortOffset()));
  const happened: string[] = [];
  const answers = new JournalAnswers(journal, ({ events }) => {
    happened.push(`hint ${events.map(({ seq }) => seq)} of ${journal.lastSeq}`);
  });
  const common = { source: 'owner', epoch, nowNs, metrics: NO_METRICS };
  const responder = await Responder.open({
    ...common,
    bind: at.bind('riskRequests'),
    answers,
    onError: (error) => happened.push(String(error)),
    handle: ({ payload }) => {
      const { requestId, symbol } = payload as Payload<'barsQuery'>;
      const effect = () => {
        const event = { type: 'OrderRefused', payload: toJson('OrderRefused', { clOrdId: 'x', symbol, reason: '' }) };
        answers.transaction.append('orders', [event as { type: 'OrderRefused'; payload: PayloadJson }], 'any');
        if (fails) throw new Error('half done');
      };
      return { kind: 'bars', payload: { requestId, symbol: `${symbol}.${epoch}`, bars: [] }, effect };
    },
  });
  const connect = at.connect('riskRequests');
  const requester = new Requester({ ...common, source: 'asker', connect, timeoutMs: 5000, retries: 0 });
  return {
    journal,
    answers,
    happened,
    ask: async (requestId: string, symbol: string) => {
      const result = await requester.ask('barsQuery', { requestId, symbol, interval: '1s', count: 1 });
      return result.ok ? (result.reply.payload as Payload<'bars'>).symbol : result.text;
    },
    stop: async () => {
      requester.close();
      responder.close();
      await journal.close();
    },
  };
}

function folderFor(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'tickpath-answers-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Ids that no journal takes for a name among them. */
const IDS = ['plain', 'x'.repeat(1024), 'two\nlines', 'käse', `sha256:${'0'.repeat(64)}`];

test('a request is executed once: a repeat gets the same answer, also from the next process on the journal', async (t) => {
  const folder = folderFor(t);
  const first = await serve(folder);
  for (const [i, id] of IDS.entries()) {
    assert.equal(await first.ask(id, `S${i}`), `S${i}.1`);
    assert.equal(await first.ask(id, `S${i}`), `S${i}.1`);
  }
  assert.deepEqual(
    first.happened,
    IDS.map((_, i) => `hint ${i + 1} of ${i + 1}`),
    'each commit is hinted once',
  );
  await first.stop();
  const second = await serve(folder, { epoch: 2 });
  for (const [i, id] of IDS.entries()) assert.equal(await second.ask(id, `S${i}`), `S${i}.1`);
  assert.match(await second.ask('plain', 'OTHER'), /^REQUEST_ID_REUSED: /);
  assert.equal(second.journal.lastSeq, IDS.length);
  assert.deepEqual(second.happened, []);
  assert.equal(await second.ask('new', 'N'), 'N.2');
  await second.stop();
});

test('an effect that throws keeps neither its events nor the answer, so that a repeat is executed', async (t) => {
  const folder = folderFor(t);
  const failing = await serve(folder, { fails: true });
  assert.equal(await failing.ask('id', 'A'), 'INTERNAL: half done');
  assert.deepEqual([failing.journal.lastSeq, failing.happened], [0, ['Error: half done']]);
  assert.throws(() => failing.answers.transaction, /only while an effect runs/);
  await failing.stop();
  const working = await serve(folder);
  assert.equal(await working.ask('id', 'A'), 'A.1');
  assert.equal(working.journal.lastSeq, 1);
  await working.stop();
});

test('a journal that cannot be written answers with a failure and keeps nothing', async (t) => {
  const service = await serve(folderFor(t));
  await service.journal.close();
  assert.match(await service.ask('id', 'A'), /^INTERNAL: .*it is closed: open it again/);
  assert.equal(service.happened.length, 1);
  await service.stop();
});

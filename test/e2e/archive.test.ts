import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { openJournalReader, type StoredEvent } from '@tickpath/journal';
import { eventually, TestStack } from '@tickpath/testkit';
import { fromJson, type Kind, toJson } from '@tickpath/wire';

test('store has the logs of risk and execution, event for event', { timeout: 120_000 }, async (t) => {
  const stack = await TestStack.start(['--signal.momentum.fastBars=2', '--signal.momentum.slowBars=4']);
  t.after(() => stack.stop());
  await stack.process.line(/"msg":"fill /, { boundMs: 90_000 });

  for (const owner of ['risk', 'execution'] as const) {
    const { uuid, events } = journalOf(stack, owner);
    const last = events.at(-1)?.seq ?? 0;
    assert.ok(last > 0, owner);
    const archived = await eventually(`store has ${last} events of ${owner}`, () => {
      const found = journalOf(stack, 'store').events.filter(({ stream }) => stream === `${owner}/${uuid}`);
      return found.length >= last ? found.slice(0, last) : undefined;
    });
    assert.deepEqual(
      archived.map(({ type, payload, correlationId }) => ({ type, payload, correlationId })),
      events.map((event) => ({ type: event.type, payload: asArchived(event), correlationId: clOrdIdOf(event) })),
    );
  }
});

function journalOf(stack: TestStack, service: 'risk' | 'execution' | 'store') {
  const reader = openJournalReader(join(stack.dataDir, `${service}.sqlite`));
  try {
    return { uuid: reader.identity.uuid, events: [...reader.readAll()] };
  } finally {
    reader.close();
  }
}

/** What goes over the wire: without what an owner keeps for its own recovery. */
function asArchived({ type, seq, tsNs, payload }: StoredEvent): object {
  const kind = type as Kind;
  return { generation: 1, seq, tsNs: String(tsNs), payload: toJson(kind, fromJson(kind, payload as never)) };
}

function clOrdIdOf({ payload }: StoredEvent): string | null {
  return (payload as { clOrdId?: string | null }).clOrdId ?? null;
}

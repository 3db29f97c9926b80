import { randomBytes } from 'node:crypto';
import { createInterface } from 'node:readline';
import { openJournal } from '@tickpath/journal';

/** Opens the journal at `process.argv[2]`, appends as many orders as each line of stdin says, and says what is the last. */
type Events = {
  readonly OrderApproved: { readonly orderQty: number };
  readonly OrderClosed: { readonly cumQty: number };
};

const SECOND_NS = 1_000_000_000n;
/** 2026-01-01T00:00:00Z. */
let nowNs = 1_767_225_600n * SECOND_NS;

const journal = await openJournal<Events>({
  path: process.argv[2] ?? '',
  types: { OrderApproved: { schema: 1 }, OrderClosed: { schema: 1 } },
  nowNs: () => nowNs,
  random: randomBytes,
  bootId: 'test',
});
console.log(`last ${journal.lastSeq}`);
for await (const line of createInterface({ input: process.stdin })) {
  if (line === 'close') break;
  for (let order = 0; order < Number(line); order += 1) {
    const stream = `order/${journal.lastSeq % 3}`;
    journal.transact((tx) => {
      tx.append(stream, [{ type: 'OrderApproved', payload: { orderQty: 10 }, correlationId: 'c-1' }], 'any');
      tx.append(stream, [{ type: 'OrderClosed', payload: { cumQty: 10 } }], 'any');
    });
    nowNs += SECOND_NS;
  }
  console.log(`last ${journal.lastSeq}`);
}
await journal.close();
// Its stdin may still be open.
process.exit(0);

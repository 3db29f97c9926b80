import { randomBytes } from 'node:crypto';
import { statSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { setImmediate as turn } from 'node:timers/promises';
import { openJournal } from '../src/index.ts';
import { NO_METRICS } from '../src/options.ts';
import { walSalts } from './wal-salts.ts';

/**
 * A writer to be stopped at any moment: `PATH BOOT`. For each line of its stdin one round: many commits, the last one
 * flushed, then `flushed ROUND SEQ WALBYTES SALTS EMPTIED`, then commits that nobody flushes, then `over ROUND`. SALTS are
 * as of `walSalts`, EMPTIED counts the checkpoints that have cut the WAL so far. Ends with its stdin.
 */
const [path = '', bootId = ''] = process.argv.slice(2);
const FLUSHED_COMMITS = 40;
const UNFLUSHED_COMMITS = 250;

let emptied = 0;
const journal = await openJournal<{ readonly Note: unknown }>({
  path,
  types: { Note: { schema: 1 } },
  nowNs: () => BigInt(Date.now()) * 1_000_000n,
  random: randomBytes,
  bootId,
  onFault: (error) => console.log(`fault ${error}`),
  metrics: {
    ...NO_METRICS,
    checkpointed: (walBytes) => {
      if (walBytes === 0) emptied += 1;
    },
  },
});
const note = (payload: unknown) => ({ type: 'Note', payload }) as const;
const text = 'x'.repeat(2000);

let round = 0;
for await (const _ of createInterface({ input: process.stdin })) {
  round += 1;
  for (let i = 0; i < FLUSHED_COMMITS; i += 1) {
    journal.transact((tx) => tx.append(`s${i}`, Array(10).fill(note(text)), 'any'));
    await turn();
  }
  const committed = journal.transact((tx) => tx.append('mark', [note(round)], 'any'));
  await journal.flushed(committed);
  // Nothing was committed since, so what the WAL has now is on the disk, or the checkpoint that emptied it has it there.
  const { size } = statSync(`${path}-wal`);
  console.log(`flushed ${round} ${journal.lastSeq} ${size} ${walSalts(`${path}-wal`)} ${emptied}`);
  for (let i = 0; i < UNFLUSHED_COMMITS; i += 1) {
    journal.transact((tx) => tx.append('tail', [note(text)], 'any'));
    await turn();
  }
  console.log(`over ${round}`);
}
await journal.close();

import { randomBytes } from 'node:crypto';
import { openJournal } from '../src/index.ts';

/**
 * A writer in a process of its own: `PATH BOOT COMMITS`. Prints `committed SEQ` and `flushed SEQ`, or the code of what went
 * wrong, then waits to be killed.
 */
const [path = '', bootId = '', commits = '0'] = process.argv.slice(2);
try {
  const journal = await openJournal<{ readonly Note: unknown }>({
    path,
    types: { Note: { schema: 1 } },
    nowNs: () => BigInt(Date.now()) * 1_000_000n,
    random: randomBytes,
    bootId,
    onFault: (error) => console.log(error),
  });
  for (let i = 1; i <= Number(commits); i += 1) {
    const committed = journal.transact((tx) => tx.append('s', [{ type: 'Note', payload: i }], 'any'));
    if (i <= Number(commits) / 2) await journal.flushed(committed);
  }
  console.log(`done ${journal.lastSeq} generation ${journal.identity.generation}`);
} catch (error) {
  console.log((error as { code?: string }).code ?? error);
}
setInterval(() => {}, 1000);

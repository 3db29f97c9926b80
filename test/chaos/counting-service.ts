import { existsSync, writeFileSync, writeSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { type AnswerStore, type Envelope, NO_METRICS, Responder } from '@tickpath/wire';

/**
 * A service whose effect is a row. It keeps its answers in the same database, and stops for ever at the point that a
 * request names as its symbol, the first time it sees that request: whoever waits for the line kills it there.
 */
const [address = '', path = ''] = process.argv.slice(2);
const database = new DatabaseSync(path);
database.exec(`
  PRAGMA journal_mode = WAL;
  CREATE TABLE IF NOT EXISTS effects (requestId TEXT, outcome TEXT);
  CREATE TABLE IF NOT EXISTS answers (requestId TEXT PRIMARY KEY, answer BLOB) WITHOUT ROWID;
`);
const selectAnswer = database.prepare('SELECT answer FROM answers WHERE requestId = ?');
const insertAnswer = database.prepare('INSERT INTO answers VALUES (?, ?)');
const insertEffect = database.prepare('INSERT INTO effects VALUES (?, ?)');

let stopAt: { readonly point: string; readonly marker: string } | undefined;

function reach(point: string): void {
  if (stopAt?.point !== point || existsSync(stopAt.marker)) return;
  writeFileSync(stopAt.marker, '');
  writeSync(1, `stopped ${point}\n`);
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
}

const answers: AnswerStore = {
  find: (requestId) => (selectAnswer.get(requestId) as { answer: Uint8Array } | undefined)?.answer,
  commit: (requestId, answer, effect) => {
    reach('before-commit');
    database.exec('BEGIN IMMEDIATE');
    try {
      effect();
      insertAnswer.run(requestId, answer);
      reach('inside-commit');
      database.exec('COMMIT');
    } catch (error) {
      database.exec('ROLLBACK');
      throw error;
    }
    reach('after-commit');
  },
};

let executions = 0;
function handle(request: Envelope) {
  if (request.kind !== 'barsQuery') throw new Error(`a query is expected, not ${request.kind}`);
  const { requestId, symbol } = request.payload;
  stopAt = { point: symbol, marker: `${path}.${requestId}` };
  executions += 1;
  // No two executions have the same outcome, in whichever process.
  const outcome = `execution ${executions} of process ${process.pid}`;
  return {
    kind: 'bars',
    payload: { requestId, symbol: outcome, bars: [] },
    effect: () => {
      insertEffect.run(requestId, outcome);
    },
  } as const;
}

const nowNs = () => process.hrtime.bigint();
const common = { source: 'counting', epoch: process.pid, nowNs, metrics: NO_METRICS };
await Responder.open({ ...common, bind: address, answers, handle });
writeSync(1, 'ready\n');

import { randomBytes } from 'node:crypto';
import { writeSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { setImmediate as turn } from 'node:timers/promises';
import { ConcurrencyConflict, type Journal, JournalError, openJournal } from '@tickpath/journal';
import { EVENT_TYPES, FOLLOWER, requestIdOf, type StepEvents } from './journal-types.ts';
import { EMPTY_FOLD, type Fold, folded, plannedAnswer, plannedEvents, type StepPayload } from './workload.ts';
import { BOOT_ID, type Command, type Recovered, type Said, type WriterSettings } from './writer-protocol.ts';

/** Appends its workload as fast as it can and says what was acknowledged, until it is killed. */
const settings: WriterSettings = JSON.parse(process.argv[2] ?? '{}');
const ANSWERS_LOOKED_AT = 50;
const CONFLICT_EVERY = 37;
const YIELD_EVERY = 16;
const STDOUT = 1;

/** At once and in whole lines: what was said must not be lost with the process. */
function say(said: Said): void {
  writeSync(STDOUT, `${JSON.stringify(said)}\n`);
}

interface Book {
  transaction: number;
  fold: Fold;
}

async function open(): Promise<Journal<StepEvents>> {
  const { snapshotEvery, compactEvery } = settings;
  const retention = compactEvery > 0 ? { retention: { keepBehindSnapshot: snapshotEvery } } : {};
  return openJournal<StepEvents>({
    path: settings.path,
    types: EVENT_TYPES,
    nowNs: () => BigInt(Date.now()) * 1_000_000n,
    random: randomBytes,
    bootId: BOOT_ID,
    ...retention,
  });
}

/** The book as it follows from snapshot and tail, and what of it is to be told. */
function recovered(journal: Journal<StepEvents>): { book: Book; told: Recovered } {
  const snapshot = journal.loadSnapshot();
  const state = snapshot?.state as Book | undefined;
  const book: Book = { transaction: state?.transaction ?? 0, fold: state?.fold ?? EMPTY_FOLD };
  for (const { payload } of journal.readAll((snapshot?.seq ?? 0) + 1)) {
    book.fold = folded(book.fold, { payload });
    book.transaction = payload.transaction;
  }
  const { uuid, generation } = journal.identity;
  const position = journal.positionOf(FOLLOWER);
  const told = {
    ...{ uuid, generation, firstSeq: journal.firstSeq, lastSeq: journal.lastSeq, fold: book.fold },
    transaction: position?.seq ?? 0,
    snapshotSeq: snapshot?.seq ?? 0,
    wrongAnswers: wrongAnswers(journal, book.transaction),
  };
  return { book, told };
}

function wrongAnswers(journal: Journal<StepEvents>, last: number): number {
  let wrong = journal.answers.get(requestIdOf(last + 1)) === undefined ? 0 : 1;
  for (let number = Math.max(1, last - ANSWERS_LOOKED_AT); number <= last; number += 1) {
    const answer = journal.answers.get(requestIdOf(number));
    const text = answer && Buffer.from(answer).toString('utf8');
    if (text !== plannedAnswer(settings, number).text) wrong += 1;
  }
  return wrong;
}

/** One transaction: its events to each of their streams, the answer, the position, and now and then a snapshot. */
function step(journal: Journal<StepEvents>, book: Book): { lastSeq: number; whenFlushed: () => Promise<unknown> } {
  const number = book.transaction + 1;
  const planned = plannedEvents(settings, number);
  const fold = planned.reduce(folded, book.fold);
  const committed = journal.transact((tx) => {
    for (let from = 0; from < planned.length; ) {
      const stream = planned[from]?.stream ?? '';
      const until = planned.findIndex((event, at) => at > from && event.stream !== stream);
      const run = planned.slice(from, until < 0 ? planned.length : until);
      tx.append(stream, run, tx.versionOf(stream));
      from += run.length;
    }
    tx.answer(requestIdOf(number), Buffer.from(plannedAnswer(settings, number).text));
    tx.position(FOLLOWER, { uuid: journal.identity.uuid, generation: 1, seq: number });
    if (number % settings.snapshotEvery === 0) tx.snapshot({ transaction: number, fold });
    return tx.lastSeq;
  });
  book.transaction = number;
  book.fold = fold;
  return { lastSeq: committed.value, whenFlushed: () => journal.flushed(committed) };
}

/** Half of a transaction is right, the other half comes too late: nothing of it may be kept. */
function conflict(journal: Journal<StepEvents>): boolean {
  const { lastSeq } = journal;
  const payload: StepPayload = { transaction: -1, index: 0, count: 1, filler: 'must not be kept' };
  try {
    journal.transact((tx) => {
      tx.append('orders', [{ type: 'StepTaken', payload }], 'any');
      tx.append('account/1', [{ type: 'StepTaken', payload }], tx.versionOf('account/1') + 1);
    });
    return false;
  } catch (error) {
    return error instanceof ConcurrencyConflict && journal.lastSeq === lastSeq;
  }
}

let doing = '';
/** What goes on beside the steps; its failures count when it is waited for. */
const background: Promise<void>[] = [];

function later(work: Promise<void>): void {
  work.catch(() => {});
  background.push(work);
}

async function work(journal: Journal<StepEvents>, book: Book): Promise<void> {
  const { flushEvery, compactEvery, most } = settings;
  for (let count = 1; most === 0 || count <= most; count += 1) {
    doing = 'transact';
    const { lastSeq, whenFlushed } = step(journal, book);
    say({ at: 'committed', transaction: book.transaction, lastSeq });
    if (count % flushEvery === 0) later(whenFlushed().then(() => say({ at: 'flushed', lastSeq })));
    if (count % CONFLICT_EVERY === 0) say({ at: 'conflict', isRight: conflict(journal) });
    if (compactEvery > 0 && count % compactEvery === 0) {
      later(journal.compact().then(() => say({ at: 'compacted', firstSeq: journal.firstSeq })));
    }
    if (count % YIELD_EVERY === 0) await turn();
    if (background.length > 20) {
      doing = 'flush or compact';
      await Promise.all(background.splice(0));
    }
  }
  doing = 'flush or compact';
  await Promise.all(background.splice(0));
}

function codeOf(error: unknown): string {
  return error instanceof JournalError ? error.code : `no JournalError: ${String(error)}`;
}

/** Whether a journal that has failed takes more: it must say no with a code, unless there is room again. */
function triedAgain(journal: Journal<StepEvents>, book: Book): string {
  try {
    const { lastSeq } = step(journal, book);
    say({ at: 'committed', transaction: book.transaction, lastSeq });
    return 'committed';
  } catch (error) {
    return codeOf(error);
  }
}

/** From one opening to the next, which a command brings on. */
async function life(): Promise<void> {
  let journal: Journal<StepEvents> | undefined;
  let book: Book | undefined;
  try {
    doing = 'open';
    journal = await open();
    const { book: found, told } = recovered(journal);
    book = found;
    say({ at: 'ready', ...told });
  } catch (error) {
    const { message } = error as Error;
    say({ at: 'failed', during: doing, code: codeOf(error), message, retried: '' });
  }
  let command: Command = 'go-on';
  while (command === 'go-on') {
    if (journal !== undefined && book !== undefined) await spell(journal, book);
    command = await commanded();
  }
  await journal?.close().catch(() => {});
  if (command === 'end') process.exit(0);
}

async function spell(journal: Journal<StepEvents>, book: Book): Promise<void> {
  try {
    await work(journal, book);
    say({ at: 'paused', lastSeq: journal.lastSeq });
  } catch (error) {
    const { message } = error as Error;
    say({ at: 'failed', during: doing, code: codeOf(error), message, retried: triedAgain(journal, book) });
    await Promise.allSettled(background.splice(0));
  }
}

const commands = createInterface({ input: process.stdin });
function commanded(): Promise<Command> {
  return new Promise((resolve) => commands.once('line', (line) => resolve(line as Command)));
}
commands.on('close', () => process.exit(0));

for (;;) await life();

import assert from 'node:assert/strict';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { exportJournal, JournalError, openJournalReader, readExport, verifyExport } from '@tickpath/journal';
import { askedAsReader, askedAsWriter, asText, type Told } from './book-of-file.ts';
import { seededNumbers, wholeNumber } from './seeded.ts';
import { Writer } from './writer.ts';
import type { Command, WriterSettings } from './writer-protocol.ts';

const SEED = Number(process.env.TICKPATH_SEED ?? Math.floor(Math.random() * 2 ** 31));
const FACTOR = Number(process.env.TICKPATH_SOAK ?? 1);
const TRANSACTIONS = 40;
const NAME = 'journal.sqlite';
const PAGE_BYTES = 2048;
const FILE_HEADER_BYTES = 100;
const PAGE_HEAD_BYTES = 24;

const random = seededNumbers(SEED);
console.log(`TICKPATH_SEED=${SEED}`);

/** A byte of one of the files, and what it is changed by. */
interface Flip {
  readonly file: string;
  readonly at: number;
  readonly mask: number;
}

/** Files that belong together, and what they told before anything was done to them. */
interface Image {
  readonly folder: string;
  readonly files: readonly string[];
}

describe(`a byte that has changed (seed ${SEED})`, { timeout: 300_000 * FACTOR }, () => {
  let base: string;
  let closed: Image;
  let killed: Image;
  let exported: Image;
  before(async () => {
    base = mkdtempSync(join(tmpdir(), 'tickpath-flips-'));
    closed = await imageOf(join(base, 'closed'), ['reopen', 'end']);
    killed = await imageOf(join(base, 'killed'), ['reopen']);
    await exportJournal(join(closed.folder, NAME), join(base, 'exported'));
    exported = { folder: join(base, 'exported'), files: readdirSync(join(base, 'exported')) };
  });
  after(() => rmSync(base, { recursive: true, force: true }));

  test('in a journal that was closed is found, or changes nothing', async () => {
    await flipped(base, closed, { count: 200 * FACTOR, place: anywhere, ask: bothWays });
  });

  test('in a journal whose writer was killed, or in its WAL, is found, or changes nothing', async () => {
    assert.deepEqual([...killed.files].sort(), [NAME, `${NAME}-wal`]);
    await flipped(base, killed, { count: 200 * FACTOR, place: anywhere, ask: bothWays });
  });

  test('in the head of a page or among its pointers is found, or changes nothing', async () => {
    await flipped(base, closed, { count: 200 * FACTOR, place: pageHeads, ask: bothWays });
  });

  test('in a snapshot is found, and the state is made without it', async () => {
    const place = placesOf(closed, '"fold":{"events":');
    const { harmless } = await flipped(base, closed, { count: 50 * FACTOR, place, ask: asService });
    assert.ok(harmless > 0, 'an older snapshot and more events give the same state');
  });

  test('in an event is found', async () => {
    const place = placesOf(closed, '"filler":"');
    const { codes } = await flipped(base, closed, { count: 50 * FACTOR, place, ask: bothWays });
    assert.ok((codes.get('JOURNAL_DAMAGED') ?? 0) > 0);
  });

  test('in an export is found', async () => {
    const { harmless } = await flipped(base, exported, { count: 300 * FACTOR, place: anywhere, ask: asExport });
    assert.equal(harmless, 0, 'the digests of an export cover every byte');
  });
});

/** Two spells of work with a restart between them, so that there are rows in the main file and in the WAL. */
async function imageOf(folder: string, commands: readonly Command[]): Promise<Image> {
  mkdirSync(folder);
  const settings: WriterSettings = {
    path: join(folder, NAME),
    ...{ seed: SEED, fillerChars: 200, snapshotEvery: 15, flushEvery: 5, compactEvery: 0, most: TRANSACTIONS },
  };
  const writer = new Writer(settings);
  let from = 0;
  await writer.line('paused');
  for (const command of commands) {
    from = writer.command(command);
    if (command !== 'end') await writer.line('paused', from);
  }
  if (commands.at(-1) !== 'end') writer.process.kill('SIGKILL');
  await writer.process.ended;
  for (const leftover of [`${NAME}-shm`, `${NAME}.lock`, `${NAME}.lock-journal`]) {
    rmSync(join(folder, leftover), { force: true });
  }
  const files = readdirSync(folder).filter((name) => readFileSync(join(folder, name)).length > 0);
  return { folder, files };
}

interface Flips {
  readonly count: number;
  readonly place: (image: Image) => Flip;
  readonly ask: (folder: string) => Promise<readonly Told[]>;
}

/**
 * Flips one byte after the other, each in a fresh copy. Fails at the first that is believed: events, state and identity
 * are told as they were or not at all. An answer may have become invisible, if a full check finds that.
 */
async function flipped(base: string, image: Image, { count, place, ask }: Flips) {
  const truth = await inCopy(base, image, ask);
  const counts = { harmless: 0, foundByVerify: 0, codes: new Map<string, number>() };
  for (let i = 0; i < count; i += 1) {
    const flip = place(image);
    const what = `${flip.file}, byte ${flip.at} ^ 0x${flip.mask.toString(16)}`;
    const asked = await inCopy(base, image, (folder) => outcomeOf(ask(folder)), flip);
    if (asked instanceof Error) {
      assert.ok(asked instanceof JournalError, `${what}: not a JournalError: ${asked.stack}`);
      counts.codes.set(asked.code, (counts.codes.get(asked.code) ?? 0) + 1);
    } else if (isSame(asked, truth, what)) {
      counts.harmless += 1;
    } else {
      const found = await inCopy(base, image, (folder) => outcomeOf(verified(folder)), flip);
      assert.ok(found instanceof JournalError, `${what}: an answer is invisible, and a full check does not find it`);
      counts.foundByVerify += 1;
    }
  }
  const { harmless, foundByVerify, codes } = counts;
  const found = JSON.stringify(Object.fromEntries(codes));
  console.log(`${count} flips: ${harmless} harmless, ${foundByVerify} found by a full check, at once ${found}`);
  return counts;
}

/** Throws for anything wrong; false if no more than answers are missing. */
function isSame(asked: readonly Told[], truth: readonly Told[], what: string): boolean {
  let missing = 0;
  for (const [index, { events, state, answers }] of asked.entries()) {
    const right = truth[index];
    assert.equal(events.length, right?.events.length, `${what}: events`);
    const wrong = events.find((event, at) => event !== right?.events[at]);
    assert.equal(wrong, undefined, what);
    assert.equal(state, right?.state, what);
    for (const [at, answer] of answers.entries()) {
      if (answer === right?.answers[at]) continue;
      assert.equal(answer, '', `${what}: a wrong answer`);
      missing += 1;
    }
  }
  return missing === 0;
}

async function outcomeOf<T>(asking: Promise<T>): Promise<T | Error> {
  return asking.catch((error: Error) => error);
}

async function verified(folder: string): Promise<void> {
  const reader = openJournalReader(join(folder, NAME));
  try {
    await reader.verify();
  } finally {
    reader.close();
  }
}

async function inCopy<T>(base: string, image: Image, ask: (folder: string) => Promise<T>, flip?: Flip): Promise<T> {
  const folder = mkdtempSync(join(base, 'copy-'));
  try {
    for (const file of image.files) cpSync(join(image.folder, file), join(folder, file));
    if (flip !== undefined) {
      const bytes = readFileSync(join(folder, flip.file));
      bytes[flip.at] = (bytes[flip.at] ?? 0) ^ flip.mask;
      writeFileSync(join(folder, flip.file), bytes);
    }
    return await ask(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** A tool looks first, then its service starts. */
async function bothWays(folder: string): Promise<readonly Told[]> {
  const path = join(folder, NAME);
  return [askedAsReader(path, 2 * TRANSACTIONS), await askedAsWriter(path, 2 * TRANSACTIONS)];
}

async function asService(folder: string): Promise<readonly Told[]> {
  return [await askedAsWriter(join(folder, NAME), 2 * TRANSACTIONS)];
}

async function asExport(folder: string): Promise<readonly Told[]> {
  const { uuid, generation } = await verifyExport(folder);
  const events: string[] = [];
  for await (const event of readExport(folder)) events.push(asText(event));
  return [{ events, state: JSON.stringify({ uuid, generation }), answers: [] }];
}

/** Each file by its size. */
function anywhere({ folder, files }: Image): Flip {
  const sizes = files.map((file) => readFileSync(join(folder, file)).length);
  let at = wholeNumber(random, 0, sizes.reduce((sum, size) => sum + size, 0) - 1);
  for (const [index, file] of files.entries()) {
    const size = sizes[index] ?? 0;
    if (at < size) return { file, at, mask: wholeNumber(random, 1, 255) };
    at -= size;
  }
  throw new Error('no byte');
}

/** What says how many cells a page has and where they are: a lie there hides rows instead of spoiling one. */
function pageHeads({ folder }: Image): Flip {
  const pages = readFileSync(join(folder, NAME)).length / PAGE_BYTES;
  const page = wholeNumber(random, 0, pages - 1);
  const at = (page === 0 ? FILE_HEADER_BYTES : page * PAGE_BYTES) + wholeNumber(random, 0, PAGE_HEAD_BYTES - 1);
  return { file: NAME, at, mask: wholeNumber(random, 1, 255) };
}

/** Just behind a text; pages that SQLite no longer uses may have it too. */
function placesOf({ folder }: Image, text: string): (image: Image) => Flip {
  const bytes = readFileSync(join(folder, NAME));
  const reader = openJournalReader(join(folder, NAME));
  const { lastSeq } = reader;
  reader.close();
  assert.ok(lastSeq > 0);
  const places: number[] = [];
  for (let at = bytes.indexOf(text); at >= 0; at = bytes.indexOf(text, at + 1)) places.push(at + text.length);
  assert.ok(places.length > 0, `${text} is in the file`);
  return () => ({
    file: NAME,
    at: (places[wholeNumber(random, 0, places.length - 1)] ?? 0) + wholeNumber(random, 0, 5),
    mask: wholeNumber(random, 1, 255),
  });
}

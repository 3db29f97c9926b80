import { globSync, statSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { exportJournal, JournalError, openJournalReader, verifyExport } from '@tickpath/journal';
import { EXIT_FAILED, EXIT_OK, EXIT_USAGE } from '../exit-codes.ts';
import { type JournalArguments, parseJournalArguments } from '../journal-arguments.ts';
import { catJournals } from '../journal-cat.ts';
import { type JournalFile, journalFilesAt } from '../journal-files.ts';
import { entryOf, entryTable } from '../journal-list.ts';
import { stdoutLines } from '../line-output.ts';
import { callerOf } from '../workspace.ts';

export const JOURNAL_USAGE = 'tickpath journal ls|cat|verify|export DIR [OPTION …]';

const DEFAULT_EXPORT = 'journal-export';
const MANIFEST = 'manifest.json';

/** Looks into the journals of a folder, whether a service writes them or none does. Changes none of them. */
export async function journal(argv: readonly string[]): Promise<number> {
  const args = parseJournalArguments(argv);
  if ('fault' in args) return fail(`${args.fault}\nusage: ${JOURNAL_USAGE}`, EXIT_USAGE);
  if ('help' in args) {
    process.stdout.write(`usage: ${JOURNAL_USAGE}\n`);
    return EXIT_OK;
  }
  const caller = callerOf(process.env).directory;
  const dir = resolve(caller, args.dir);
  const files = journalFilesAt(dir);
  if (args.action === 'verify') {
    const exported = exportsIn(dir);
    if (exported.length > 0) return await verifyAll(files, exported, args);
  }
  if (files.length === 0)
    return fail(`no journal at ${dir}: neither a file nor a folder with NAME.sqlite`, EXIT_FAILED);
  switch (args.action) {
    case 'ls':
      return list(files, args);
    case 'cat':
      return await cat(files, args);
    case 'verify':
      return await verify(files, args);
    case 'export':
      return await exportAll(files, resolve(caller, args.out ?? DEFAULT_EXPORT));
  }
}

function list(files: readonly JournalFile[], { json }: JournalArguments): number {
  const entries = files.map(entryOf);
  const lines = json ? entries.map((entry) => JSON.stringify(entry)) : entryTable(entries);
  process.stdout.write(`${lines.join('\n')}\n`);
  return EXIT_OK;
}

async function cat(files: readonly JournalFile[], { filter, follow }: JournalArguments): Promise<number> {
  const output = stdoutLines();
  try {
    await catJournals(files, { filter, follow, output, note: say });
    return EXIT_OK;
  } catch (error) {
    await output.end();
    return failed(error);
  }
}

async function verify(files: readonly JournalFile[], { json }: JournalArguments): Promise<number> {
  let exitCode = EXIT_OK;
  for (const { name, path } of files) {
    const found = await verdictOn(path);
    if ('code' in found) exitCode = EXIT_FAILED;
    if (json) process.stdout.write(`${JSON.stringify({ name, ok: !('code' in found), ...found })}\n`);
    else if ('code' in found) process.stderr.write(`tickpath: ${found.code}: ${found.message}\n`);
    else process.stdout.write(`${name}: ok, ${countsOf(found)}\n`);
  }
  return exitCode;
}

async function verdictOn(path: string) {
  try {
    const reader = openJournalReader(path);
    try {
      return await reader.verify();
    } finally {
      reader.close();
    }
  } catch (error) {
    if (error instanceof JournalError) return { code: error.code, message: error.message };
    throw error;
  }
}

function countsOf(counts: object): string {
  return Object.entries(counts)
    .map(([what, count]) => `${count} ${what}`)
    .join(', ');
}

/** The folders in and below this one that `export` has made. */
function exportsIn(dir: string): string[] {
  if (!statSync(dir, { throwIfNoEntry: false })?.isDirectory()) return [];
  const manifests = globSync(`**/${MANIFEST}`, { cwd: dir });
  return manifests.sort().map((file) => dirname(join(dir, file)));
}

/** What `export` has made, and any journals beside it. */
async function verifyAll(
  files: readonly JournalFile[],
  exported: readonly string[],
  args: JournalArguments,
): Promise<number> {
  let exitCode = await verify(files, args);
  for (const dir of exported) if ((await verifyExported(dir, args)) !== EXIT_OK) exitCode = EXIT_FAILED;
  return exitCode;
}

async function verifyExported(dir: string, { json }: JournalArguments): Promise<number> {
  const name = relative(callerOf(process.env).directory, dir);
  try {
    const { uuid, firstSeq, lastSeq } = await verifyExport(dir);
    const text = `${name}: ok, export of ${uuid}, events ${firstSeq} to ${lastSeq}`;
    process.stdout.write(`${json ? JSON.stringify({ name, ok: true, uuid, firstSeq, lastSeq }) : text}\n`);
    return EXIT_OK;
  } catch (error) {
    return failed(error);
  }
}

/** Each journal into a folder of its own name. */
async function exportAll(files: readonly JournalFile[], out: string): Promise<number> {
  for (const { name, path } of files) {
    const folder = name === path ? out : join(out, name);
    try {
      const { firstSeq, lastSeq } = await exportJournal(path, folder);
      process.stdout.write(`${name}: events ${firstSeq} to ${lastSeq} in ${folder}\n`);
    } catch (error) {
      return failed(error);
    }
  }
  return EXIT_OK;
}

function failed(error: unknown): number {
  if (!(error instanceof JournalError)) throw error;
  return fail(`${error.code}: ${error.message}`, EXIT_FAILED);
}

function fail(text: string, exitCode: number): number {
  say(text);
  return exitCode;
}

function say(text: string): void {
  process.stderr.write(`tickpath: ${text}\n`);
}

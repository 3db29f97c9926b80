import { randomBytes } from 'node:crypto';
import { closeSync, fstatSync, fsyncSync, linkSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { isLasting, makeDataFolder } from './data-folder.ts';
import { FatalStartError } from './exit.ts';

/** The pair under which a client comes to a venue, as Alpaca gives them out. */
export interface VenueKeys {
  readonly keyId: string;
  readonly secretKey: string;
}

const FILE = 'venue-keys.json';
const OWNER_ONLY = 0o600;
const OPEN_TO_OTHERS = 0o077;
const HAS_FILE_MODES = process.platform !== 'win32';
/** What an HTTP header carries as it is. */
const KEY_TEXT = /^[\x21-\x7e]{1,128}$/;

/** A pair as Alpaca gives them out: nobody guesses it. */
export function newVenueKeys(): VenueKeys {
  return {
    keyId: `PK${randomBytes(9).toString('hex').toUpperCase()}`,
    secretKey: randomBytes(20).toString('hex'),
  };
}

/** Where a simulated venue with its data in `dir` keeps the pair that it made. */
export function venueKeysFile(dir: string): string {
  return join(dir, FILE);
}

/**
 * The pair of a simulated venue: the configured one, else that of the file in `dir`. Whoever comes first makes the file;
 * it is there whole or not at all, only its owner may read it, and it stays the same as long as the folder is kept, so
 * that a client need not be told again. Throws `FatalStartError` as `readVenueKeys` does, `VENUE_KEYS_UNUSABLE` when the
 * file cannot be made, and `DATA_DIR_UNUSABLE`.
 */
export function venueKeys({ alpaca }: { readonly alpaca: VenueKeys }, dir: string): VenueKeys {
  const known = venueKeysOf({ alpaca }, dir);
  if (known !== undefined) return known;
  makeDataFolder(dir);
  makeFile(dir);
  const made = readVenueKeys(dir);
  if (made !== undefined) return made;
  throw new FatalStartError('VENUE_KEYS_UNUSABLE', `${venueKeysFile(dir)} is gone right after it was made`);
}

/**
 * The pair under which a client finds the venue of an installation: the configured one, else that of the file in `dir`;
 * undefined while no venue has made one. Throws as `readVenueKeys` does.
 */
export function venueKeysOf({ alpaca }: { readonly alpaca: VenueKeys }, dir: string): VenueKeys | undefined {
  return alpaca.keyId !== '' || alpaca.secretKey !== '' ? alpaca : readVenueKeys(dir);
}

/**
 * The pair of the file in `dir`; undefined when there is none. Throws `FatalStartError`, which names the file and never
 * what is in it: `VENUE_KEYS_UNUSABLE` when it cannot be read, `VENUE_KEYS_EXPOSED` when others than its owner may,
 * `VENUE_KEYS_INVALID` when it holds no pair.
 */
export function readVenueKeys(dir: string): VenueKeys | undefined {
  const file = venueKeysFile(dir);
  const text = readChecked(file);
  return text === undefined ? undefined : pairOf(text, file);
}

function readChecked(file: string): string | undefined {
  let descriptor: number;
  try {
    descriptor = openSync(file, 'r');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw unusable(file, `cannot be read: ${code}`, error);
  }
  try {
    const mode = fstatSync(descriptor).mode & 0o777;
    if (HAS_FILE_MODES && (mode & OPEN_TO_OTHERS) !== 0) {
      const text = `${file} is open to others: its mode is ${octal(mode)}; allowed: ${octal(mode & ~OPEN_TO_OTHERS)}`;
      throw new FatalStartError('VENUE_KEYS_EXPOSED', text);
    }
    return readFileSync(descriptor, 'utf8');
  } catch (error) {
    if (error instanceof FatalStartError) throw error;
    throw unusable(file, `cannot be read: ${(error as NodeJS.ErrnoException).code}`, error);
  } finally {
    closeSync(descriptor);
  }
}

/** The parser's own message stays out of the error: it quotes the text. */
function pairOf(text: string, file: string): VenueKeys {
  let content: unknown;
  try {
    content = JSON.parse(text);
  } catch {
    throw invalid(file, 'is not JSON');
  }
  const { keyId, secretKey } = (typeof content === 'object' && content !== null ? content : {}) as Partial<VenueKeys>;
  for (const [name, value] of Object.entries({ keyId, secretKey })) {
    if (typeof value !== 'string' || !KEY_TEXT.test(value)) {
      throw invalid(file, `has no ${name} of 1 to 128 visible ASCII characters`);
    }
  }
  return { keyId: String(keyId), secretKey: String(secretKey) };
}

/** Of two processes that come at the same moment, the one whose link is later leaves the other's file in place. */
function makeFile(dir: string): void {
  const file = venueKeysFile(dir);
  const partial = `${file}.${randomBytes(6).toString('hex')}`;
  try {
    writeFileSync(partial, `${JSON.stringify(newVenueKeys(), null, 2)}\n`, {
      mode: OWNER_ONLY,
      flag: 'wx',
      flush: true,
    });
    try {
      linkSync(partial, file);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
    flushFolder(dir);
  } catch (error) {
    throw isLasting(error) ? unusable(file, `cannot be made: ${(error as Error).message}`, error) : error;
  } finally {
    rmSync(partial, { force: true });
  }
}

/** So that the name survives the loss of power as well as the content does. Windows has no way to ask for it. */
function flushFolder(dir: string): void {
  if (process.platform === 'win32') return;
  const descriptor = openSync(dir, 'r');
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

function octal(mode: number): string {
  return mode.toString(8).padStart(4, '0');
}

function invalid(file: string, fault: string): FatalStartError {
  return new FatalStartError('VENUE_KEYS_INVALID', `${file} ${fault}; without it, new keys are made`);
}

function unusable(file: string, fault: string, cause: unknown): FatalStartError {
  return new FatalStartError('VENUE_KEYS_UNUSABLE', `${file} ${fault}`, { cause });
}

import {
  chmodSync,
  closeSync,
  existsSync,
  fstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { generateKeyPair, isKey, type KeyPair, keyPair, publicKeyOf } from './curve-key.ts';
import { SecurityError } from './security-error.ts';

/** What one process needs to know: its own pair, and the public keys of everyone, by name. */
export interface LoadedKeys {
  readonly own: KeyPair;
  readonly peers: Readonly<Record<string, string>>;
}

/** What a command changed in a folder of keys. */
export interface KeySetChange {
  /** Names that have a new pair. */
  readonly written: readonly string[];
  /** Names that were listed before and are not any more. */
  readonly unlisted: readonly string[];
}

const ALLOWED_FILE = 'allowed.json';
const KEY_SUFFIX = '.key';
const NAME = /^[a-z][a-z0-9-]{0,31}$/;
const READ_BY_OTHERS = 0o077;
const WRITTEN_BY_OTHERS = 0o022;
const HAS_FILE_MODES = process.platform !== 'win32';

/** True for what a holder of keys can be called. */
export function isKeyName(text: string): boolean {
  return NAME.test(text);
}

/**
 * Reads a process's own pair and the list of who is let in: `ownName.key` and `allowed.json`, of which no other secret
 * is needed. Throws `SecurityError`: `KEYS_MISSING`, `KEYS_UNREADABLE`, `KEYS_INVALID`, or `KEYS_EXPOSED` for a secret
 * that others may read and a list that others may write.
 */
export function loadKeys(dir: string, ownName: string): LoadedKeys {
  const own = readPair(dir, ownName);
  const peers = readAllowed(dir);
  if (peers[ownName] !== own.publicKey) {
    throw invalid(join(dir, ALLOWED_FILE), `does not list ${ownName} with the public key of ${ownName}${KEY_SUFFIX}`);
  }
  return { own, peers };
}

/**
 * Makes a set: a pair for each name and the list of them all. Throws `KEYS_EXIST` if there is a set, or what is left of
 * one, unless it is to be replaced; then everything listed before, public keys of others included, is off the list.
 * Throws `KEYS_FOLDER_TAKEN` for a folder of other files, and what the file system throws.
 */
export function createKeySet(dir: string, names: readonly string[], { replace = false } = {}): KeySetChange {
  const present = existsSync(dir) ? readdirSync(dir) : [];
  const keyFiles = present.filter((file) => file.endsWith(KEY_SUFFIX));
  const isSet = keyFiles.length > 0 || present.includes(ALLOWED_FILE);
  if (isSet && !replace) throw new SecurityError('KEYS_EXIST', `${dir} holds a set of keys already`);
  if (!isSet && present.some((file) => !file.startsWith('.'))) {
    throw new SecurityError('KEYS_FOLDER_TAKEN', `${dir} holds other files; keys need a folder of their own`);
  }
  const before = present.includes(ALLOWED_FILE) ? listedNames(dir) : [];
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  chmodSync(dir, 0o700);
  // Whoever keeps the folder in a working copy does not commit it.
  writeFileSync(join(dir, '.gitignore'), '*\n');
  for (const file of keyFiles) rmSync(join(dir, file));
  const pairs = names.map((name): [string, KeyPair] => [name, generateKeyPair()]);
  for (const [name, pair] of pairs) writePair(dir, name, pair);
  // Last, so that a set that was cut short does not look whole.
  writeAllowed(dir, Object.fromEntries(pairs.map(([name, { publicKey }]) => [name, publicKey])));
  return { written: names, unlisted: before.filter((name) => !names.includes(name)) };
}

/** Adds a pair to a set. Throws `KEYS_MISSING` where there is no set and `KEYS_EXIST` for a name that is taken. */
export function addKey(dir: string, name: string): KeySetChange {
  const peers = readAllowed(dir);
  if (Object.hasOwn(peers, name) || existsSync(keyFile(dir, name))) {
    throw new SecurityError('KEYS_EXIST', `${name} has a key in ${dir} already`);
  }
  const pair = generateKeyPair();
  writePair(dir, name, pair);
  writeAllowed(dir, { ...peers, [name]: pair.publicKey });
  return { written: [name], unlisted: [] };
}

function keyFile(dir: string, name: string): string {
  return join(dir, `${name}${KEY_SUFFIX}`);
}

function readPair(dir: string, name: string): KeyPair {
  const file = keyFile(dir, name);
  const content = readJson(file, READ_BY_OTHERS);
  const { publicKey, secretKey } = isRecord(content) ? content : {};
  if (!isKey(publicKey) || !isKey(secretKey)) {
    throw invalid(file, 'is not {"publicKey": …, "secretKey": …} with keys of 40 Z85 characters');
  }
  if (publicKeyOf(secretKey) !== publicKey) throw invalid(file, 'has a public key that is not that of its secret key');
  return keyPair(publicKey, secretKey);
}

function readAllowed(dir: string): Record<string, string> {
  const file = join(dir, ALLOWED_FILE);
  const content = readJson(file, WRITTEN_BY_OTHERS);
  if (!isRecord(content)) throw invalid(file, 'is not an object of public keys by name');
  const peers: Record<string, string> = {};
  for (const [name, publicKey] of Object.entries(content)) {
    if (!isKeyName(name)) throw invalid(file, `has the name ${JSON.stringify(name)}; allowed: ${NAME.source}`);
    if (!isKey(publicKey)) throw invalid(file, `has no public key of 40 Z85 characters for ${name}`);
    peers[name] = publicKey;
  }
  return peers;
}

/** For a set that is thrown away: a list that cannot be read names nobody. */
function listedNames(dir: string): string[] {
  try {
    return Object.keys(readAllowed(dir));
  } catch {
    return [];
  }
}

/** The parser's own message and the file's text stay out of the error: both may hold the secret. */
function readJson(file: string, forbiddenMode: number): unknown {
  const text = readChecked(file, forbiddenMode);
  try {
    return JSON.parse(text);
  } catch {
    throw invalid(file, 'is not JSON');
  }
}

function readChecked(file: string, forbiddenMode: number): string {
  let descriptor: number;
  try {
    descriptor = openSync(file, 'r');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT')
      throw new SecurityError('KEYS_MISSING', `no such file: ${file}; \`tickpath keys\` makes a set`);
    throw new SecurityError('KEYS_UNREADABLE', `${file} cannot be read: ${code}`);
  }
  try {
    const mode = fstatSync(descriptor).mode & 0o777;
    if (HAS_FILE_MODES && (mode & forbiddenMode) !== 0) {
      const wrong = forbiddenMode === READ_BY_OTHERS ? 'is open to others' : 'can be written by others';
      const right = (mode & ~forbiddenMode).toString(8).padStart(4, '0');
      throw new SecurityError(
        'KEYS_EXPOSED',
        `${file} ${wrong}: its mode is ${mode.toString(8).padStart(4, '0')}; allowed: ${right}`,
      );
    }
    return readFileSync(descriptor, 'utf8');
  } finally {
    closeSync(descriptor);
  }
}

function writePair(dir: string, name: string, { publicKey, secretKey }: KeyPair): void {
  writeWhole(keyFile(dir, name), { publicKey, secretKey }, 0o600);
}

function writeAllowed(dir: string, peers: Readonly<Record<string, string>>): void {
  writeWhole(join(dir, ALLOWED_FILE), peers, 0o644);
}

/** The file is there whole or not at all, and never more open than it will be. */
function writeWhole(file: string, content: object, mode: number): void {
  const partial = `${file}.partial`;
  rmSync(partial, { force: true });
  writeFileSync(partial, `${JSON.stringify(content, null, 2)}\n`, { mode: 0o600, flag: 'wx' });
  chmodSync(partial, mode);
  renameSync(partial, file);
}

function invalid(file: string, fault: string): SecurityError {
  return new SecurityError('KEYS_INVALID', `${file} ${fault}`);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

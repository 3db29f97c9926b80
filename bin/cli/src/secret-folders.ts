import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { newVenueKeys } from '@tickpath/runtime';
import { addKey, createKeySet, loadKeys, SecurityError } from '@tickpath/wire';

/** Who gets which secrets. Everyone who has a CURVE pair also gets the list of all public keys. */
export interface SecretHolder {
  readonly name: string;
  readonly hasCurvePair: boolean;
  /** Secrets of one line each, by the name of their file. */
  readonly texts: readonly TextSecret[];
}

export type TextSecret = 'alpaca-key-id' | 'alpaca-secret-key' | 'admin-password';

export interface SecretsKept {
  /** `made` is a new set, also in place of one that was never finished; `kept` is the one that was there. */
  readonly set: 'made' | 'kept';
  /** Files that were missing or other in the holders' folders. */
  readonly handedOut: readonly string[];
}

/** The set is there and cannot be used. The message names the file, never its content. */
export class SecretsError extends Error {
  readonly code = 'SECRETS_DAMAGED';
}

const MASTER = 'master';
const COMPLETE = 'complete';
const KEYS = 'keys';
const ALLOWED = 'allowed.json';
const TEXTS: readonly TextSecret[] = ['alpaca-key-id', 'alpaca-secret-key', 'admin-password'];
const OWNER_ONLY = 0o600;
/** For a reader that runs as another user of the same group, as Grafana does in its image. */
const OWNER_AND_GROUP = 0o640;

/**
 * Makes a set of secrets in `DIR/master` unless a whole one is there, and hands each holder its share in `DIR/NAME`.
 * A set becomes valid with its last file: what a run left behind that was cut short has never been handed out and is
 * thrown away. Handing out is done again each time, so it may be cut short anywhere. A holder that is new gets a pair
 * of its own; all other secrets stay. Throws `SecretsError` for a finished set with a fault, and what the file system
 * throws.
 */
export function keepSecrets(dir: string, holders: readonly SecretHolder[]): SecretsKept {
  const master = join(dir, MASTER);
  const names = holders.filter(({ hasCurvePair }) => hasCurvePair).map(({ name }) => name);
  const isWhole = existsSync(join(master, COMPLETE));
  if (!isWhole) makeSet(master, names);
  checkSet(master, names);
  return { set: isWhole ? 'kept' : 'made', handedOut: holders.flatMap((holder) => handOut(dir, holder)) };
}

function makeSet(master: string, names: readonly string[]): void {
  mkdirSync(master, { recursive: true, mode: 0o700 });
  for (const file of readdirSync(master)) rmSync(join(master, file), { recursive: true });
  createKeySet(join(master, KEYS), names);
  const { keyId, secretKey } = newVenueKeys();
  const texts: Record<TextSecret, string> = {
    'alpaca-key-id': keyId,
    'alpaca-secret-key': secretKey,
    'admin-password': randomBytes(24).toString('base64url'),
  };
  for (const name of TEXTS) writeWhole(join(master, name), `${texts[name]}\n`, OWNER_ONLY);
  writeWhole(join(master, COMPLETE), '', OWNER_ONLY);
}

function checkSet(master: string, names: readonly string[]): void {
  try {
    const keys = join(master, KEYS);
    const listed = JSON.parse(readFileSync(join(keys, ALLOWED), 'utf8')) as object;
    for (const name of names) {
      if (!Object.hasOwn(listed, name)) addKey(keys, name);
      loadKeys(keys, name);
    }
    for (const name of TEXTS) if (readFileSync(join(master, name), 'utf8').trim() === '') throw emptyFile(master, name);
  } catch (error) {
    if (error instanceof SecretsError) throw error;
    if (error instanceof SecurityError) throw new SecretsError(error.message, { cause: error });
    if (error instanceof SyntaxError) throw new SecretsError(`${join(master, KEYS, ALLOWED)} is not JSON`);
    if (error instanceof Error && 'syscall' in error) throw new SecretsError(error.message, { cause: error });
    throw error;
  }
}

function emptyFile(master: string, name: string): SecretsError {
  return new SecretsError(`${join(master, name)} is empty`);
}

function handOut(dir: string, { name, hasCurvePair, texts }: SecretHolder): string[] {
  const files: [path: string, mode: number][] = texts.map((text) => [
    text,
    text === 'admin-password' ? OWNER_AND_GROUP : OWNER_ONLY,
  ]);
  if (hasCurvePair) files.push([`${KEYS}/${name}.key`, OWNER_ONLY], [`${KEYS}/${ALLOWED}`, 0o644]);
  return files.flatMap(([path, mode]) => {
    const content = readFileSync(join(dir, MASTER, path), 'utf8');
    const target = join(dir, name, path);
    if (existsSync(target) && readFileSync(target, 'utf8') === content) return [];
    mkdirSync(dirname(target), { recursive: true, mode: 0o700 });
    writeWhole(target, content, mode);
    return [target];
  });
}

/** The file is there whole or not at all, and never more open than it will be. */
function writeWhole(file: string, content: string, mode: number): void {
  const partial = `${file}.partial`;
  rmSync(partial, { force: true });
  writeFileSync(partial, content, { mode, flag: 'wx', flush: true });
  renameSync(partial, file);
}

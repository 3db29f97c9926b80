import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, extname, join, resolve } from 'node:path';
import { parseDocument } from 'yaml';
import { isPlainObject } from './config-schema.ts';

const DEFAULT_PROFILE = 'sim';
const PROFILE_EXTENSIONS = ['.yaml', '.yml'];

/** The profile chosen by flag or environment, as its file says it. */
export interface Profile {
  readonly name: string;
  readonly path: string;
  readonly content: Readonly<Record<string, unknown>>;
}

/** A flag of the form `--section.key=value`. Without a value it means `true`. */
export interface ConfigFlag {
  readonly path: string;
  readonly text: string;
}

export interface CommandLine {
  readonly flags: readonly ConfigFlag[];
  readonly profile: string | undefined;
  readonly printConfig: boolean;
  readonly faults: readonly string[];
}

/** Reads `--profile NAME`, `--print-config` and `--section.key=value` (or `--section.key value`); all else is a fault. */
export function parseCommandLine(argv: readonly string[]): CommandLine {
  const flags: ConfigFlag[] = [];
  const faults: string[] = [];
  let profile: string | undefined;
  let printConfig = false;
  for (let i = 0; i < argv.length; i += 1) {
    const token = argv[i] ?? '';
    const [, name, inline] = /^--([^=]+)(?:=(.*))?$/s.exec(token) ?? [];
    if (name === undefined) {
      faults.push(`${token}: not a flag; flags look like --section.key=value`);
      continue;
    }
    if (name === 'print-config') {
      printConfig = true;
      continue;
    }
    const next = argv[i + 1];
    const takesNext = inline === undefined && next !== undefined && !next.startsWith('--');
    const text = takesNext ? next : inline;
    if (takesNext) i += 1;
    if (name !== 'profile') flags.push({ path: name, text: text ?? 'true' });
    else if (text === undefined || text === '') faults.push('--profile: no name given');
    else profile = text;
  }
  return { flags, profile, printConfig, faults };
}

/** The names of the profiles in a directory. */
export function profilesIn(configDir: string): string[] {
  if (!existsSync(configDir)) return [];
  return readdirSync(configDir)
    .filter((file) => PROFILE_EXTENSIONS.includes(extname(file)))
    .map((file) => basename(file, extname(file)))
    .sort();
}

/** True if a profile is chosen by the path of its file and not by its name. */
export function isProfilePath(chosen: string): boolean {
  return chosen.includes('/') || PROFILE_EXTENSIONS.includes(extname(chosen));
}

/** Reads a profile by its name in `configDir`, or by the path of a YAML file. */
export function readProfile(chosen: string | undefined, configDir: string): Profile | { readonly faults: string[] } {
  const name = chosen ?? DEFAULT_PROFILE;
  const path = isProfilePath(name) ? resolve(name) : join(configDir, `${name}.yaml`);
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    const reason = (error as NodeJS.ErrnoException).code === 'ENOENT' ? 'no such file' : String(error);
    const existing = profilesIn(configDir).join(', ') || 'none';
    return { faults: [`profile ${JSON.stringify(name)}: ${reason}: ${path}; profiles in ${configDir}: ${existing}`] };
  }
  const document = parseDocument(text);
  if (document.errors.length > 0) {
    return { faults: document.errors.map((error) => `${path}: ${error.message.split('\n')[0]}`) };
  }
  let content: unknown;
  try {
    content = document.toJS() ?? {};
  } catch (error) {
    // An alias without its anchor is found only here.
    return { faults: [`${path}: ${(error as Error).message}`] };
  }
  if (!isPlainObject(content))
    return { faults: [`${path}: found ${JSON.stringify(content)}; allowed: sections with keys`] };
  return { name, path, content };
}

/**
 * The text of a file that holds one secret, without the line break at its end. What is wrong is told without the text:
 * a file that is not there, cannot be read or is empty.
 */
export function readSecretFile(path: string): { readonly text: string } | { readonly fault: string } {
  if (path === '') return { fault: 'no file named' };
  let content: string;
  try {
    content = readFileSync(path, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    return { fault: code === 'ENOENT' ? `no such file: ${path}` : `${path} cannot be read: ${code}` };
  }
  const text = content.replace(/\r?\n$/, '');
  return text.trim() === '' ? { fault: `${path} is empty` } : { text };
}

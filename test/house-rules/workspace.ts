import { isBuiltin } from 'node:module';
import { posix } from 'node:path';
import { importsOf, type ModuleImport } from './imports.ts';
import { scan, type Token, withoutComments } from './tokens.ts';

/** A file as the rules get it; paths are relative to the repository's root and use `/`. */
export interface SourceFile {
  readonly path: string;
  readonly text: string;
}

/** A breach of a rule, before it bears the rule's name. */
export interface Fault {
  readonly path: string;
  readonly line: number;
  readonly message: string;
}

/** A rule of the house: a pure function of the whole workspace. */
export interface Rule {
  readonly name: string;
  /** The rule in one sentence, as it should hold. */
  readonly statement: string;
  readonly check: (workspace: Workspace) => Fault[];
}

export interface Package {
  /** As others import it, `@tickpath/wire`. */
  readonly name: string;
  /** Its folder, `libs/wire`; empty for the workspace's own manifest. */
  readonly folder: string;
  /** First part of the folder: `libs`, `services`, `bin`, `test`, `bench`. */
  readonly area: string;
  readonly manifest: SourceFile;
  /** Entry point (`.` or `./core`) → file, relative to the package. */
  readonly exports: ReadonlyMap<string, string>;
  readonly dependencies: ReadonlySet<string>;
  readonly devDependencies: ReadonlySet<string>;
}

export interface Module extends SourceFile {
  readonly tokens: readonly Token[];
  /** The tokens without comments. */
  readonly code: readonly Token[];
  readonly imports: readonly ModuleImport[];
  /** Undefined outside of every package. */
  readonly package: Package | undefined;
  /** In `test/`, in `bench/`, or in the `test/` folder of a package. */
  readonly isTest: boolean;
}

export interface Workspace {
  readonly modules: readonly Module[];
  readonly packages: readonly Package[];
}

/** What a specifier means to the workspace. */
export type ImportTarget =
  | { readonly kind: 'file'; readonly path: string }
  | { readonly kind: 'workspace'; readonly name: string; readonly entry: string }
  | { readonly kind: 'npm'; readonly name: string }
  | { readonly kind: 'builtin'; readonly name: string }
  | { readonly kind: 'other' };

const SCOPE = '@tickpath/';

/** Reads `.ts` files and `package.json` files into the form the rules work on; other files are left out. */
export function parseWorkspace(files: readonly SourceFile[]): Workspace {
  const packages = files.filter((file) => posix.basename(file.path) === 'package.json').map(parsePackage);
  const modules = files
    .filter((file) => file.path.endsWith('.ts'))
    .map((file) => parseModule(file, packageAt(packages, file.path)));
  return { packages, modules };
}

/** The package a path lies in: the one with the innermost folder. */
export function packageAt(packages: readonly Package[], path: string): Package | undefined {
  return packages
    .filter(({ folder }) => folder === '' || path === folder || path.startsWith(`${folder}/`))
    .reduce<Package | undefined>(
      (inner, next) => (inner && inner.folder.length >= next.folder.length ? inner : next),
      undefined,
    );
}

/** Says what an import of a file means; `./x.ts` becomes a path from the root. */
export function targetOf(importer: SourceFile, specifier: string): ImportTarget {
  if (/^\.{0,2}\//.test(specifier) || specifier === '.' || specifier === '..') {
    return { kind: 'file', path: posix.join(posix.dirname(importer.path), specifier) };
  }
  if (isBuiltin(specifier)) return { kind: 'builtin', name: specifier.replace(/^node:/, '') };
  if (/^#|^\w+:/.test(specifier)) return { kind: 'other' };
  const parts = specifier.split('/');
  const name = parts.slice(0, specifier.startsWith('@') ? 2 : 1).join('/');
  if (!name.startsWith(SCOPE)) return { kind: 'npm', name };
  return { kind: 'workspace', name, entry: `.${specifier.slice(name.length)}` };
}

/** A rule's breaches, one line each, as an editor can follow them: `path:line rule message`. */
export function findings(rule: Rule, workspace: Workspace): string[] {
  return rule
    .check(workspace)
    .toSorted((a, b) => a.path.localeCompare(b.path) || a.line - b.line)
    .map(({ path, line, message }) => `${path}:${line} ${rule.name} ${message}`);
}

interface ManifestJson {
  name?: string;
  exports?: string | Record<string, unknown>;
  dependencies?: Record<string, string>;
  optionalDependencies?: Record<string, string>;
  devDependencies?: Record<string, string>;
}

function parsePackage(manifest: SourceFile): Package {
  const json = parseManifest(manifest);
  const directory = posix.dirname(manifest.path);
  const folder = directory === '.' ? '' : directory;
  return {
    name: json.name ?? '',
    folder,
    area: folder.split('/')[0] ?? '',
    manifest,
    exports: exportsOf(json),
    dependencies: new Set(Object.keys({ ...json.dependencies, ...json.optionalDependencies })),
    devDependencies: new Set(Object.keys(json.devDependencies ?? {})),
  };
}

function parseManifest({ path, text }: SourceFile): ManifestJson {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new Error(`${path} is not JSON`, { cause });
  }
}

function exportsOf({ exports = {} }: ManifestJson): Map<string, string> {
  if (typeof exports === 'string') return new Map([['.', exports]]);
  return new Map(Object.entries(exports).map(([entry, file]) => [entry, typeof file === 'string' ? file : '']));
}

function parseModule(file: SourceFile, home: Package | undefined): Module {
  const tokens = scan(file.text);
  const code = withoutComments(tokens);
  const folder = home?.folder ?? '';
  const isTest = home?.area === 'test' || home?.area === 'bench' || file.path.startsWith(posix.join(folder, 'test/'));
  return { ...file, tokens, code, imports: importsOf(code), package: home, isTest };
}

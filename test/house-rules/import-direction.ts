import { type Fault, type Module, type Package, packageAt, type Rule, targetOf, type Workspace } from './workspace.ts';

/** What a library may import of the others. A library that is not listed may import none until it is. */
const IMPORTS_OF_LIBS: ReadonlyMap<string, readonly string[]> = new Map([
  ['libs/trading', []],
  ['libs/journal', []],
  ['libs/runtime', []],
  ['libs/wire', ['libs/trading']],
  ['libs/strategy', ['libs/trading']],
  ['libs/testkit', ['libs/trading', 'libs/wire', 'libs/runtime', 'libs/journal']],
]);

/** `bench` measures against bare zeromq, `test` proves that a plain zeromq client can follow. */
const ZEROMQ_OWNERS = new Set(['libs/wire', 'libs/testkit', 'bench', 'test']);

export const importDirection: Rule = {
  name: 'import-direction',
  statement: 'packages import only what lies below them',
  check: (workspace) =>
    eachImport(workspace, (module, specifier) => {
      const target = targetOf(module, specifier);
      if (target.kind !== 'workspace') return undefined;
      const imported = workspace.packages.find(({ name }) => name === target.name);
      if (!imported) return `${specifier} names no package of this workspace`;
      if (mayImport(module, imported, target.entry)) return undefined;
      return `${module.package?.folder || 'the root'} may not import ${specifier}`;
    }),
};

export const zeromqOwners: Rule = {
  name: 'zeromq-owners',
  statement: 'only wire, testkit, test and bench import zeromq',
  check: (workspace) =>
    eachImport(workspace, (module, specifier) => {
      const target = targetOf(module, specifier);
      if (target.kind !== 'npm' || target.name !== 'zeromq') return undefined;
      return ZEROMQ_OWNERS.has(module.package?.folder ?? '') ? undefined : 'zeromq is reached through @tickpath/wire';
    }),
};

export const packageFace: Rule = {
  name: 'package-face',
  statement: 'a package is entered only through its exports',
  check: (workspace) =>
    eachImport(workspace, (module, specifier) => {
      const target = targetOf(module, specifier);
      if (target.kind === 'file') {
        const staysInside = !specifier.startsWith('/') && packageAt(workspace.packages, target.path) === module.package;
        return staysInside ? undefined : `${specifier} leaves the package`;
      }
      if (target.kind !== 'workspace') return undefined;
      const imported = workspace.packages.find(({ name }) => name === target.name);
      if (!imported || imported.exports.has(target.entry)) return undefined;
      return `${specifier} is not in the exports of ${target.name}`;
    }),
};

function mayImport(module: Module, imported: Package, entry: string): boolean {
  const importer = module.package;
  if (!importer) return false;
  if (importer === imported) return true;
  if (imported.area === 'services') return entry === './core' && mayImportCores(importer);
  if (imported.area !== 'libs') return false;
  if (imported.folder === 'libs/testkit') return module.isTest;
  if (importer.area === 'libs') return IMPORTS_OF_LIBS.get(importer.folder)?.includes(imported.folder) ?? false;
  return importer.area !== '';
}

function mayImportCores(importer: Package): boolean {
  return importer.folder === 'services/backtest' || importer.area === 'test' || importer.area === 'bench';
}

function eachImport(
  { modules }: Workspace,
  messageFor: (module: Module, specifier: string) => string | undefined,
): Fault[] {
  return modules.flatMap((module) =>
    module.imports.flatMap(({ specifier, line }) => {
      const message = messageFor(module, specifier);
      return message === undefined ? [] : [{ path: module.path, line, message }];
    }),
  );
}

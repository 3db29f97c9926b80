import { type Fault, type Module, type Package, type Rule, targetOf, type Workspace } from './workspace.ts';

/** Where a package imports another by name. */
interface Use {
  readonly name: string;
  readonly path: string;
  readonly line: number;
  /** Runs when the package is used; imports of types and by tests do not. */
  readonly isRuntime: boolean;
  /** Belongs to what the package is for; all of `test` and `bench` does, other packages' tests do not. */
  readonly isShipped: boolean;
}

export const declaredDependencies: Rule = {
  name: 'declared-dependencies',
  statement: 'the dependencies of a package are what it imports',
  check: (workspace) => {
    const shared = workspace.packages.find(({ folder }) => folder === '')?.devDependencies ?? new Set<string>();
    return workspace.packages
      .filter(({ folder }) => folder !== '')
      .flatMap((owner) => {
        const uses = usesOf(workspace, owner);
        return [...missing(owner, uses, shared), ...unused(owner, uses)];
      });
  },
};

function usesOf({ modules }: Workspace, owner: Package): Use[] {
  return modules.filter((module) => module.package === owner).flatMap((module) => usesIn(module, owner));
}

function usesIn(module: Module, owner: Package): Use[] {
  return module.imports.flatMap(({ specifier, line, typeOnly }) => {
    const target = targetOf(module, specifier);
    if ((target.kind !== 'npm' && target.kind !== 'workspace') || target.name === owner.name) return [];
    return {
      name: target.name,
      path: module.path,
      line,
      isRuntime: !module.isTest && !typeOnly,
      isShipped: !module.isTest || owner.area === 'test' || owner.area === 'bench',
    };
  });
}

/** One fault a name: the first import that no list covers. */
function missing(owner: Package, uses: readonly Use[], shared: ReadonlySet<string>): Fault[] {
  const declared = new Set([...owner.dependencies, ...owner.devDependencies, ...shared]);
  const uncovered = uses.filter(({ name, isRuntime }) => {
    if (isRuntime) return !owner.dependencies.has(name);
    return !declared.has(name) && !declared.has(typesOf(name));
  });
  return [...Map.groupBy(uncovered, ({ name }) => name).values()].flatMap(([first]) =>
    first ? [{ path: first.path, line: first.line, message: `${first.name} is not in ${owner.manifest.path}` }] : [],
  );
}

function unused(owner: Package, uses: readonly Use[]): Fault[] {
  const shipped = new Set(uses.filter(({ isShipped }) => isShipped).map(({ name }) => name));
  const all = new Set(uses.map(({ name }) => name));
  const types = new Set([...all].map(typesOf)).add('@types/node');
  const fault = (name: string, message: string): Fault => ({
    path: owner.manifest.path,
    line: lineOf(owner, name),
    message: `${name} ${message}`,
  });
  return [
    ...[...owner.dependencies]
      .filter((name) => !shipped.has(name))
      .map((name) => fault(name, all.has(name) ? 'is imported by tests only: a devDependency' : 'is never imported')),
    ...[...owner.devDependencies]
      .filter((name) => !all.has(name) && !types.has(name))
      .map((name) => fault(name, 'is never imported')),
  ];
}

/** The package that holds the types of another: `@types/ws`, `@types/scope__name`. */
function typesOf(name: string): string {
  return `@types/${name.replace(/^@/, '').replace('/', '__')}`;
}

function lineOf({ manifest }: Package, dependency: string): number {
  const lines = manifest.text.split('\n');
  return lines.findIndex((line) => line.trimStart().startsWith(`"${dependency}":`)) + 1 || 1;
}

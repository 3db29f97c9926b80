import { posix } from 'node:path';
import { type Fault, type Module, type Rule, targetOf, type Workspace } from './workspace.ts';

/** The import that makes one node depend on another. */
interface Edge {
  readonly to: string;
  readonly path: string;
  readonly line: number;
}

type Graph = ReadonlyMap<string, readonly Edge[]>;

export const noCycles: Rule = {
  name: 'no-cycles',
  statement: 'neither files nor packages import each other in a circle',
  check: (workspace) => [
    ...faultsOf(fileGraph(workspace), 'import cycle'),
    ...faultsOf(packageGraph(workspace), 'package cycle'),
  ],
};

/** Files of one package; type imports count, because a circle of types is as hard to read as one of values. */
function fileGraph(workspace: Workspace): Graph {
  return new Map(
    workspace.modules.map((module) => [
      module.path,
      module.imports.flatMap(({ specifier, line }) => {
        const to = fileOf(module, specifier);
        return to === undefined ? [] : [{ to, path: module.path, line }];
      }),
    ]),
  );
}

/** The file of its own package that a module imports, by a relative path or by the package's own name. */
function fileOf(module: Module, specifier: string): string | undefined {
  const target = targetOf(module, specifier);
  if (target.kind === 'file') return target.path;
  if (target.kind !== 'workspace' || target.name !== module.package?.name) return undefined;
  const file = module.package.exports.get(target.entry);
  return file === undefined ? undefined : posix.join(module.package.folder, file);
}

/** Tests do not count: those of `trading` import `testkit`, which imports `trading`. */
function packageGraph({ modules, packages }: Workspace): Graph {
  const graph = new Map<string, Edge[]>(packages.map(({ name }) => [name, []]));
  for (const module of modules) {
    const from = module.package?.name;
    if (from === undefined || module.isTest) continue;
    for (const { specifier, line } of module.imports) {
      const target = targetOf(module, specifier);
      if (target.kind !== 'workspace' || target.name === from) continue;
      graph.get(from)?.push({ to: target.name, path: module.path, line });
    }
  }
  return graph;
}

function faultsOf(graph: Graph, title: string): Fault[] {
  return cyclesOf(graph).map(({ nodes, closing }) => ({
    path: closing.path,
    line: closing.line,
    message: `${title}: ${nodes.join(' → ')}`,
  }));
}

interface Cycle {
  /** First and last are the same. */
  readonly nodes: readonly string[];
  readonly closing: Edge;
}

/** Depth-first; every cycle holds at least one edge back to a node on the current path, and each is reported once. */
function cyclesOf(graph: Graph): Cycle[] {
  const cycles: Cycle[] = [];
  const done = new Set<string>();
  const path: string[] = [];
  const visit = (node: string): void => {
    path.push(node);
    const followed = new Set<string>();
    for (const edge of graph.get(node) ?? []) {
      if (followed.has(edge.to)) continue;
      followed.add(edge.to);
      const start = path.indexOf(edge.to);
      if (start >= 0) cycles.push({ nodes: [...path.slice(start), edge.to], closing: edge });
      else if (!done.has(edge.to)) visit(edge.to);
    }
    path.pop();
    done.add(node);
  };
  for (const node of graph.keys()) if (!done.has(node)) visit(node);
  return cycles;
}
